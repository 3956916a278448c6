/**
 * A queue of work on the broker (JetStream, work-queue retention): what is enqueued is handled by one
 * worker at a time, again and again until one has acknowledged it.
 *
 * - The broker is disposable, and its streams are too. After each reconnect, and before each operation
 *   that found no stream is tried again, the owner declares it again if it is gone. Its items are gone
 *   then: an owner enqueues again what it still needs after a reconnect, and now and then.
 * - Enqueueing is idempotent as long as the item is in the queue: each id has its own subject, and the
 *   stream holds one message a subject and refuses a second. (JetStream's own Nats-Msg-Id forgets after
 *   two minutes, and would refuse work that must be done again after its first try was acknowledged.)
 * - An item is never lost by being delivered too often. The server's max_deliver would leave it in the
 *   stream, delivered to no worker; so the limit is checked where the item arrives: a worker that gets it
 *   once too often is told `exhausted` and reports instead of working.
 * The worker's side is take-work.ts.
 *
 * A broker that is not ours may lose its last items in a power cut without losing the stream: an owner
 * that waits for long enqueues what is open again now and then; what is still there is a 'duplicate'.
 */
import { EmarsError } from '../../errors/error.js';
import {
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  DiscardPolicy,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { createHash } from 'node:crypto';
import { withFailpoints } from '../failpoint/failpoint.js';
import { Deadline, sleep } from '../process/monotonic.js';
import { BusClosed } from './bus-errors.js';
import type { Bus, Handle } from './bus.js';
import { natsOf } from './nats-bus.js';
import { onReplicas } from './replicas.js';
import { declareConsumer } from './work-consumer.js';

export { takeWork, type Taken, type Verdict, type WorkTaker } from './take-work.js';

export interface WorkQueueOptions {
  /** Letters, digits, `_`, `-`. */
  readonly stream: string;
  /** Items travel on `<subject>.<id>`. */
  readonly subject: string;
  /** Name of the consumer that all workers take from. */
  readonly consumer: string;
  /** An item whose worker has been silent for so long goes to another. */
  readonly ackWaitMs: number;
  /** Deliveries after which an item is exhausted. */
  readonly maxDeliver: number;
  /** Default 'file': it survives a death of the broker, though not damage to its files. */
  readonly storage?: 'file' | 'memory' | undefined;
}

/** The queue cannot do what was asked, and trying again did not help. */
export class WorkQueueError extends EmarsError {
  override readonly name = 'WorkQueueError';
  readonly kind = 'unavailable';
  constructor(
    readonly stream: string,
    readonly operation: string,
    cause: unknown,
  ) {
    super(
      `work queue ${stream}: ${operation} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

const STREAM_NOT_FOUND = 10059;
const STREAM_EXISTS_DIFFERENTLY = 10058;
const API_MS = 3000;
const DEFAULT_DEADLINE_MS = 15_000;
const BACK_OFF_MS = [50, 100, 200, 500, 1000];
const TOKEN = /^[A-Za-z0-9_-]{1,100}$/;

function code(error: unknown): number | null {
  return error instanceof JetStreamApiError ? error.code : null;
}

/** What the server refuses for good; all else (no answer, being started, store being read) is tried again. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    error.status >= 400 &&
    error.status < 500 &&
    error.code !== STREAM_NOT_FOUND
  );
}

/**
 * Declares the queue (or finds it as declared) and keeps it declared.
 *
 * Errors: RangeError (an option out of its range), WorkQueueError, BusClosed.
 */
export async function declareWorkQueue(bus: Bus, options: WorkQueueOptions): Promise<WorkQueue> {
  if (!TOKEN.test(options.stream))
    throw new RangeError(
      `a stream's name consists of letters, digits, _ and -, got ${JSON.stringify(options.stream)}`,
    );
  if (!(options.ackWaitMs >= 100))
    throw new RangeError(`ackWaitMs must be at least 100, got ${options.ackWaitMs}`);
  if (!(Number.isInteger(options.maxDeliver) && options.maxDeliver >= 1))
    throw new RangeError(`maxDeliver must be a whole number from 1, got ${options.maxDeliver}`);
  const queue = new WorkQueue(
    bus,
    options,
    await jetstreamManager(natsOf(bus), { checkAPI: false, timeout: API_MS }),
  );
  await queue.declare();
  queue.follow();
  return queue;
}

export class WorkQueue {
  private reconnects: Handle | null = null;
  private declaredOnce = false;
  private declaring: Promise<void> | null = null;

  /** @internal Use declareWorkQueue. */
  constructor(
    private readonly bus: Bus,
    readonly options: WorkQueueOptions,
    private readonly manager: JetStreamManager,
  ) {}

  /**
   * Adds an item; resolves when the broker has it. 'duplicate': an item of this id is waiting or being
   * worked on, and stays as it is.
   *
   * Errors: WorkQueueError after `deadlineMs`, BusClosed.
   */
  async enqueue(
    bytes: Uint8Array,
    id: string,
    deadlineMs = DEFAULT_DEADLINE_MS,
  ): Promise<'queued' | 'duplicate'> {
    const token = TOKEN.test(id) ? id : createHash('sha256').update(id).digest('hex');
    const subject = `${this.options.subject}.${token}`;
    const copy = Uint8Array.from(bytes);
    const attempt = async (left: number): Promise<'queued' | 'duplicate'> => {
      try {
        await jetstream(natsOf(this.bus), { timeout: left }).publish(subject, copy, {
          timeout: left,
          expect: { streamName: this.options.stream },
        });
        return 'queued';
      } catch (error) {
        if (error instanceof JetStreamApiError && error.message.includes('maximum messages per subject'))
          return 'duplicate';
        throw error;
      }
    };
    return await withFailpoints('enqueue', () => this.insistDeclared('enqueue', deadlineMs, attempt));
  }

  /** Declares what is missing of it: all of it where the broker has lost it. Errors: WorkQueueError, BusClosed. */
  async declare(deadlineMs = DEFAULT_DEADLINE_MS): Promise<void> {
    await this.insist('declare', deadlineMs, () => this.declareOnce());
  }

  /** Items in the queue, those being worked on included. */
  async size(deadlineMs = DEFAULT_DEADLINE_MS): Promise<number> {
    return await this.insistDeclared(
      'size',
      deadlineMs,
      async () => (await this.manager.streams.info(this.options.stream)).state.messages,
    );
  }

  /** Drops all items. Work under way goes on, its acknowledgement does nothing. */
  async purge(deadlineMs = DEFAULT_DEADLINE_MS): Promise<void> {
    await this.insistDeclared('purge', deadlineMs, () => this.manager.streams.purge(this.options.stream));
  }

  /** Deletes the queue from the broker, and no longer declares it. */
  async remove(deadlineMs = DEFAULT_DEADLINE_MS): Promise<void> {
    this.close();
    await this.insist('remove', deadlineMs, async () => {
      try {
        await this.manager.streams.delete(this.options.stream);
      } catch (error) {
        if (code(error) !== STREAM_NOT_FOUND) throw error;
      }
    });
  }

  /** Leaves the queue as it is on the broker, and no longer declares it after reconnects. */
  close(): void {
    this.reconnects?.close();
    this.reconnects = null;
  }

  /** @internal */
  follow(): void {
    this.reconnects = this.bus.onReconnect(() => {
      // A failure here is not the last word: the next reconnect or operation declares again.
      void this.declare().catch(() => undefined);
    });
  }

  /** Reconnects and operations may find the queue missing at the same time: one of them declares it. */
  private declareOnce(): Promise<void> {
    this.declaring ??= this.declareNow().finally(() => (this.declaring = null));
    return this.declaring;
  }

  private async declareNow(): Promise<void> {
    const { stream, subject, storage } = this.options;
    const settings = {
      subjects: [`${subject}.*`],
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
    };
    try {
      await this.manager.streams.info(stream);
    } catch (error) {
      if (code(error) !== STREAM_NOT_FOUND) throw error;
      const kept = storage === 'memory' ? StorageType.Memory : StorageType.File;
      const made = { name: stream, retention: RetentionPolicy.Workqueue, storage: kept, ...settings };
      await onReplicas(natsOf(this.bus), (replicas) =>
        this.manager.streams.add({ ...made, num_replicas: replicas }),
      );
      await declareConsumer(this.manager, this.options);
      this.declaredOnce = true;
      return;
    }
    if (!this.declaredOnce) await this.manager.streams.update(stream, settings);
    await declareConsumer(this.manager, this.options);
    this.declaredOnce = true;
  }

  /** As `insist`; where the queue may be missing, it is declared before the next try. */
  private insistDeclared<T>(
    operation: string,
    deadlineMs: number,
    attempt: (left: number) => Promise<T>,
  ): Promise<T> {
    return this.insist(operation, deadlineMs, async (left) => {
      try {
        return await attempt(left);
      } catch (error) {
        if (!isFinal(error)) await this.declareOnce();
        throw error;
      }
    });
  }

  /** Tries until it works, the server refuses for good, or the deadline is over. */
  private async insist<T>(
    operation: string,
    deadlineMs: number,
    attempt: (left: number) => Promise<T>,
  ): Promise<T> {
    const deadline = new Deadline(deadlineMs);
    for (let tries = 0; ; tries++) {
      this.refuseIfClosed(operation);
      try {
        return await attempt(Math.max(1, Math.min(API_MS, deadline.left())));
      } catch (error) {
        this.refuseIfClosed(operation);
        const different = code(error) === STREAM_EXISTS_DIFFERENTLY;
        if (deadline.over || different || isFinal(error))
          throw new WorkQueueError(this.options.stream, operation, error);
        await sleep(Math.min(deadline.left(), BACK_OFF_MS[Math.min(tries, BACK_OFF_MS.length - 1)] ?? 0));
      }
    }
  }

  private refuseIfClosed(operation: string): void {
    if (this.bus.closed) throw new BusClosed(`${operation} in work queue ${this.options.stream}`);
  }
}
