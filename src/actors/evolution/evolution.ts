/**
 * The evolution actor: the one writer of the search. It holds the population, the histories, plans,
 * selection and the journal; it computes no gradient and no accuracy.
 *
 * State: the search state (a fold over the journal), who is alive, and the driver of the phase at
 * work. Everything that comes in goes through one mailbox and is handled in order; `advance` then
 * does what the search state asks for next. Truth is the journal: this process may die anywhere.
 */
import type { Measured } from '../../objectives/objective.js';
import type { Bus } from '../../runtime/bus/connection.js';
import { Mailbox } from '../../runtime/process/mailbox.js';
import { after, monotonicMs, sleep } from '../../runtime/process/monotonic.js';
import { keepOnly, readSnapshot } from '../../runtime/storage/snapshots.js';
import type { WorkQueue } from '../../runtime/bus/work-queue.js';
import type { SearchEvent } from '../../search/events.js';
import { planEpoch } from '../../search/plan.js';
import { chooseSurvivors } from '../../search/selection.js';
import type { SearchRules } from '../../search/state.js';
import type { Message } from '../../wire/messages.js';
import { decode, encode } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';
import type { LocalSubject } from './evaluation-driver.js';
import { EvaluationDriver } from './evaluation-driver.js';
import { statusOf, Stopwatch } from './evolution-status.js';
import type { Membership } from './membership.js';
import type { RunFolder } from '../../run/folder.js';
import { writeResults } from '../../run/results.js';
import type { SearchLog } from './search-log.js';
import { DamagedRun } from './search-log.js';
import type { TrainingTiming } from './training-driver.js';
import { TrainingDriver } from './training-driver.js';

export interface EvolutionSetup {
  readonly folder: RunFolder;
  readonly rules: SearchRules;
  readonly timing: TrainingTiming;
  /** Trainers the run was started with: the first epoch waits for all of them, this long at most. */
  readonly expectedTrainers: number;
  readonly gatherMs: number;
  /** How long the run may stand still without any trainer. */
  readonly patienceMs: number;
  readonly measure: (objective: string, subject: LocalSubject) => Promise<Measured>;
}

/** The search cannot go on; the run folder holds all that was done. */
export class SearchStopped extends Error {
  override readonly name = 'SearchStopped';
}

type Incoming =
  | { readonly kind: 'hello'; readonly message: Message<'Hello'>; readonly reply: string }
  | { readonly kind: 'heartbeat'; readonly message: Message<'Heartbeat'> }
  | { readonly kind: 'ready'; readonly message: Message<'EpochReady'> }
  | { readonly kind: 'slots'; readonly message: Message<'SlotsHeld'> }
  | { readonly kind: 'trained'; readonly message: Message<'EpochTrained'> }
  | { readonly kind: 'result'; readonly message: Message<'EvaluationResult'>; readonly reply: string }
  | { readonly kind: 'reconnected' }
  | { readonly kind: 'tick' };

const TICK_MS = 100;
const ROLL_CALL_MS = 1000;
/** How long a search that goes on waits for all its trainers. */
const GATHER_AGAIN_MS = 30_000;
const ECHO_MS = 2000;
const QUEUE_TRIES = 120;
const QUEUE_RETRY_MS = 500;

export class EvolutionActor {
  private training: TrainingDriver | null = null;
  private evaluation: EvaluationDriver | null = null;
  private duplicates = 0;
  private attempts = 0;
  private gatheredOnce = false;
  private lastRollCall = -Infinity;
  private tickedAt = monotonicMs();
  private echoAt = monotonicMs();
  private lastTrainerAt = monotonicMs();
  private readonly startedAt = monotonicMs();
  private readonly stopwatch = new Stopwatch();
  private readonly mailbox: Mailbox<Incoming>;
  private settle!: { resolve: () => void; reject: (reason: unknown) => void };
  /** Resolves when the search is done and its results are written; rejects when it cannot go on. */
  readonly done: Promise<void>;

  constructor(
    private readonly setup: EvolutionSetup,
    private readonly log: SearchLog,
    private readonly membership: Membership,
    private readonly bus: Bus,
    private readonly subjects: Subjects,
    private readonly queue: WorkQueue,
    private readonly say: (line: string) => void,
  ) {
    this.done = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.mailbox = new Mailbox(
      (incoming) => this.handle(incoming),
      (error) => this.fail(error),
    );
  }

  /** Raises the fence, listens, and goes on from what the journal says. */
  async start(): Promise<void> {
    await this.log.record({ type: 'fence-raised', fence: this.log.state.fence + 1 });
    const on = (subject: string, take: (bytes: Uint8Array, reply: string) => Incoming): void => {
      this.bus.subscribe(subject, (bytes, { reply }) => void this.mailbox.post(take(bytes, reply ?? '')));
    };
    on(this.subjects.hello, (bytes, reply) => ({ kind: 'hello', message: decode('Hello', bytes), reply }));
    on(this.subjects.heartbeat, (bytes) => ({ kind: 'heartbeat', message: decode('Heartbeat', bytes) }));
    on(this.subjects.ready, (bytes) => ({ kind: 'ready', message: decode('EpochReady', bytes) }));
    on(this.subjects.slots, (bytes) => ({ kind: 'slots', message: decode('SlotsHeld', bytes) }));
    on(this.subjects.trained, (bytes) => ({ kind: 'trained', message: decode('EpochTrained', bytes) }));
    on(this.subjects.result, (bytes, reply) => ({
      kind: 'result',
      message: decode('EvaluationResult', bytes),
      reply,
    }));
    this.bus.subscribe(this.subjects.rollCall, () => void (this.echoAt = monotonicMs()));
    this.bus.onReconnect(() => this.mailbox.post({ kind: 'reconnected' }));
    if (this.log.state.phase === 'training') this.becomeTraining(true);
    this.tick();
  }

  private tick(): void {
    this.mailbox.post({ kind: 'tick' });
    after(TICK_MS, () => this.tick());
  }

  // --- handlers, in the order of the protocol ---

  private async handle(incoming: Incoming): Promise<void> {
    switch (incoming.kind) {
      case 'hello':
        await this.onHello(incoming.message, incoming.reply);
        break;
      case 'heartbeat':
        this.membership.heard(incoming.message, monotonicMs());
        return;
      case 'ready':
        await this.training?.ready(incoming.message);
        break;
      case 'slots':
        await this.training?.slots(incoming.message);
        break;
      case 'trained':
        await this.training?.trained(incoming.message);
        break;
      case 'result':
        await this.onResult(incoming.message, incoming.reply);
        break;
      case 'reconnected':
        await this.evaluation?.ask();
        break;
      case 'tick':
        await this.onTick();
        break;
      default:
        throw new TypeError(`expected a known message, got ${JSON.stringify(incoming satisfies never)}`);
    }
    await this.advance();
  }

  private async onHello(hello: Message<'Hello'>, reply: string): Promise<void> {
    const { numerics, fence } = this.log.state;
    const reason = this.membership.objection(hello, numerics);
    if (reason === '') {
      if (numerics === null)
        await this.log.record({
          type: 'numerics-fixed',
          fingerprint: hello.fingerprint,
          canary: hello.canary,
        });
      if (this.membership.join(hello, monotonicMs()))
        await this.training?.lose([hello.id], 'its process was started again');
      this.training?.candidate(hello.id, hello.position);
    } else this.say(`refuses ${hello.id}: ${reason}`);
    if (reply !== '') this.bus.respond(reply, encode('Welcome', { accepted: reason === '', reason, fence }));
  }

  private async onResult(result: Message<'EvaluationResult'>, reply: string): Promise<void> {
    const accepted = this.evaluation === null || (await this.evaluation.result(result));
    if (this.evaluation === null) this.duplicates++;
    if (reply !== '') this.bus.respond(reply, encode('Receipt', { accepted }));
  }

  private async onTick(): Promise<void> {
    const now = monotonicMs();
    // Cut off from the bus (our own roll call does not come back), or late ourselves, we cannot tell who is silent.
    if (!this.bus.connected || now - this.echoAt > ECHO_MS || now - this.tickedAt > ROLL_CALL_MS)
      this.membership.excuse(now);
    this.tickedAt = now;
    const lost = this.membership.dropSilent(now);
    if (lost.length > 0) {
      this.say(`hears nothing more from ${lost.join(', ')}`);
      await this.training?.lose(lost, 'it is silent');
    }
    if (this.membership.trainers().length > 0) this.lastTrainerAt = now;
    else if (now - this.lastTrainerAt > this.setup.patienceMs) {
      throw new SearchStopped(
        `no trainer for ${Math.round(this.setup.patienceMs / 1000)} s; the run can be resumed`,
      );
    }
    await this.training?.tick(now);
    await this.evaluation?.tick(now);
    if (now - this.lastRollCall >= ROLL_CALL_MS) {
      this.lastRollCall = now;
      this.bus.publish(
        this.subjects.rollCall,
        encode('RollCall', { fence: this.log.state.fence, present: this.membership.incarnations() }),
      );
    }
    this.publishStatus(null);
  }

  // --- what the search state asks for next ---

  private async advance(): Promise<void> {
    for (;;) {
      const { phase } = this.log.state;
      if (phase !== 'training') this.training = null;
      if (phase !== 'evaluating' && this.evaluation !== null) this.leaveEvaluation();
      if (phase === 'planning') {
        if (!this.gathered()) return;
        await this.planEpoch();
      } else if (phase === 'training') {
        if (this.training !== null) return;
        this.becomeTraining(false);
      } else if (phase === 'evaluating') {
        if (this.evaluation !== null) return;
        await this.becomeEvaluating();
      } else if (phase === 'selecting') {
        await this.select();
      } else if (phase === 'finishing') {
        await this.log.record({ type: 'finished', epoch: this.log.state.epoch });
      } else {
        if (phase === 'done') await this.finish();
        return;
      }
    }
  }

  /** Trainers for an epoch: at the beginning all that were asked for, later whoever is alive. */
  private gathered(): boolean {
    const alive = this.membership.trainers().length;
    if (alive === 0) return false;
    return (
      alive >= this.setup.expectedTrainers ||
      this.gatheredOnce ||
      monotonicMs() - this.startedAt > (this.log.state.step > 0 ? GATHER_AGAIN_MS : this.setup.gatherMs)
    );
  }

  private async planEpoch(): Promise<void> {
    this.gatheredOnce = true;
    const { epoch } = this.log.state;
    const plan = planEpoch(this.setup.rules, this.log.state);
    await this.log.record({
      type: 'epoch-planned',
      epoch,
      individuals: plan.individuals.map(({ id }) => id),
    });
  }

  private becomeTraining(adopting: boolean): void {
    this.stopwatch.enter('train');
    const members = adopting ? [] : this.membership.trainers().map(({ id }) => id);
    const host = {
      state: () => this.log.state,
      record: (event: SearchEvent) => this.recordTraining(event),
      send: (directive: Parameters<typeof encode<'Directive'>>[1]) =>
        this.bus.publish(this.subjects.directive, encode('Directive', directive)),
      nextNumber: () => ++this.attempts,
      log: this.say,
      stop: (reason: string, damaged: boolean): never => {
        throw damaged ? new DamagedRun(reason) : new SearchStopped(`${reason}; the run can be resumed`);
      },
    };
    this.training = new TrainingDriver(this.setup.rules, host, this.setup.timing, members, adopting);
    this.publishStatus(null);
  }

  private async recordTraining(event: SearchEvent): Promise<void> {
    await this.log.record(event);
    if (event.type === 'rolled-back' || event.type === 'epoch-trained') this.training = null;
    // A new fence makes every message about the void steps an old one.
    if (event.type === 'rolled-back')
      await this.log.record({ type: 'fence-raised', fence: this.log.state.fence + 1 });
    if (event.type === 'epoch-trained')
      await keepOnly(
        this.setup.folder.snapshots,
        [this.log.state.snapshot, this.log.state.trainedSnapshot].filter((sha) => sha !== ''),
      );
  }

  private async becomeEvaluating(): Promise<void> {
    this.stopwatch.enter('evaluate');
    // Damaged, it would make every evaluation fail: better to stop before one is recorded.
    await readSnapshot(this.setup.folder.snapshots, this.log.state.trainedSnapshot);
    await this.insist(() => this.queue.purge());
    this.evaluation = new EvaluationDriver(this.setup.rules, {
      state: () => this.log.state,
      recordAll: (events) => this.log.recordAll(events),
      enqueue: async (requests) => {
        for (const { id, request } of requests)
          await this.insist(() => this.queue.enqueue(encode('EvaluationRequest', request), id));
      },
      measure: this.setup.measure,
    });
    this.publishStatus(null);
    await this.evaluation.start();
  }

  /** The queue is gone while the broker is: try until it is back. */
  private async insist<T>(action: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await action();
      } catch (error) {
        if (attempt === QUEUE_TRIES || this.bus.closed) throw error;
        await sleep(QUEUE_RETRY_MS);
      }
    }
  }

  private leaveEvaluation(): void {
    this.duplicates += this.evaluation?.duplicates ?? 0;
    this.evaluation = null;
  }

  private async select(): Promise<void> {
    this.stopwatch.enter('select');
    const { epoch } = this.log.state;
    const survivors = chooseSurvivors(this.setup.rules, this.log.state);
    if (survivors.length === 0)
      throw new SearchStopped(
        `no individual of epoch ${epoch} could be measured; see "evaluation-failed" in history.jsonl and the logs`,
      );
    await this.log.record({ type: 'selected', epoch, survivors });
    await writeResults(this.setup.folder, this.setup.rules, this.log.state);
    this.stopwatch.epochDone();
    this.say(`epoch ${epoch}: ${survivors.length} survive, front of ${this.log.state.front.length}`);
  }

  private async finish(): Promise<void> {
    await writeResults(this.setup.folder, this.setup.rules, this.log.state);
    this.stopwatch.enter('done');
    this.publishStatus(null);
    this.bus.publish(this.subjects.farewell, encode('Farewell', { reason: 'done' }));
    await this.bus.flush();
    this.settle.resolve();
  }

  private fail(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.publishStatus(text);
    void this.bus
      .flush()
      .catch(() => undefined)
      .then(() => this.settle.reject(error));
  }

  private publishStatus(error: string | null): void {
    const { log, setup, membership, stopwatch } = this;
    const duplicates = this.duplicates + (this.evaluation?.duplicates ?? 0);
    const evaluation = this.evaluation?.progress() ?? { done: 0, total: 0 };
    this.bus.publish(
      this.subjects.status,
      encode(
        'Status',
        statusOf({
          rules: setup.rules,
          state: log.state,
          tally: log.tally,
          membership,
          stopwatch,
          duplicates,
          expectedTrainers: setup.expectedTrainers,
          evaluation,
          error,
        }),
      ),
    );
  }
}
