/**
 * Bytes by name that lie on the broker (JetStream object store) until somebody takes them: the sole user of
 * the client's object store. Disposable, as all that lies on a broker: its owner puts again what is asked for.
 */
import { JetStreamApiError, jetstream, StorageType } from '@nats-io/jetstream';
import { Objm, type ObjectStore as NatsObjectStore } from '@nats-io/obj';
import { EmarsError } from '../../errors/error.js';
import { after, settledWithin } from '../process/monotonic.js';
import type { Bus } from './bus.js';
import { natsOf } from './nats-bus.js';
import { onReplicas } from './replicas.js';

/** The store does not do what was asked now; asking again may help. */
export class ObjectStoreError extends EmarsError {
  override readonly name = 'ObjectStoreError';
  readonly kind = 'unavailable';
  constructor(
    readonly bucket: string,
    operation: string,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`object store ${bucket}: ${operation} failed: ${reason}`, { cause });
  }
}

const API_MS = 5000;
/** Bytes of a message that carries a part of an object. */
const CHUNK_BYTES = 512 * 1024;
/** An object of which nothing comes for so long is asked for anew. */
const STALLED_MS = 8000;

/** The owner's side. */
export class ObjectKeeper {
  private store: NatsObjectStore | null = null;

  /** `bucket`: letters, digits, `_`, `-`. Made on the broker with the first object. */
  constructor(
    private readonly bus: Bus,
    readonly bucket: string,
  ) {}

  /** Puts an object, in place of one of that name. Errors: ObjectStoreError. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.attempt(`put ${name}`, async (store) => {
      const options = { max_chunk_size: CHUNK_BYTES };
      await store.putBlob({ name, options }, bytes, { timeout: API_MS });
    });
  }

  /** True for an object that lies there whole. Errors: ObjectStoreError. */
  async has(name: string): Promise<boolean> {
    return this.attempt(`look for ${name}`, async (store) => {
      const found = await store.info(name);
      return found !== null && !found.deleted;
    });
  }

  /** Errors: ObjectStoreError. */
  async remove(name: string): Promise<void> {
    await this.attempt(`remove ${name}`, (store) => store.delete(name));
  }

  /** Deletes the store from the broker. Errors: ObjectStoreError. */
  async destroy(): Promise<void> {
    if (this.store === null) return;
    await this.attempt('delete', (store) => store.destroy());
    this.store = null;
  }

  /** A store that is gone is made again by the next call. */
  private async attempt<T>(operation: string, work: (store: NatsObjectStore) => Promise<T>): Promise<T> {
    try {
      this.store ??= await this.declared();
      return await work(this.store);
    } catch (error) {
      this.store = null;
      throw new ObjectStoreError(this.bucket, operation, error);
    }
  }

  private async declared(): Promise<NatsObjectStore> {
    return onReplicas(natsOf(this.bus), (replicas) =>
      managerOf(this.bus).create(this.bucket, { storage: StorageType.File, replicas }),
    );
  }
}

/** The bytes of an object; null where there is none. Errors: ObjectStoreError, also when nothing comes any more. */
export async function readObject(bus: Bus, bucket: string, name: string): Promise<Buffer | null> {
  try {
    const store = await managerOf(bus).open(bucket, false);
    // The client tries for ever to read from a store that is deleted meanwhile.
    const found = await moving(store.get(name));
    if (found === null) return null;
    // What goes wrong comes out of the stream of data as well.
    found.error.catch(() => undefined);
    return await drained(found.data);
  } catch (error) {
    if (isAbsence(error)) return null;
    throw new ObjectStoreError(bucket, `get ${name}`, error);
  }
}

async function drained(data: ReadableStream<Uint8Array>): Promise<Buffer> {
  const reader = data.getReader();
  const parts: Uint8Array[] = [];
  try {
    for (;;) {
      const next = await moving(reader.read());
      if (next.done) return Buffer.concat(parts);
      parts.push(next.value);
    }
  } catch (error) {
    await settledWithin(reader.cancel(), API_MS);
    throw error;
  }
}

function moving<T>(work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = after(STALLED_MS, () => reject(new Error(`nothing came for ${STALLED_MS / 1000} s`)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

function managerOf(bus: Bus): Objm {
  // Asking for the account is the owner's right, not a worker's; what JetStream lacks, the next question says.
  return new Objm(jetstream(natsOf(bus), { timeout: API_MS, checkAPI: false }));
}

/** No such stream, or no such message in it. */
function isAbsence(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === 404;
}
