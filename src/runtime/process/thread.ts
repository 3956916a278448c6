/**
 * Threads that call each other's functions: worker_threads with Comlink, and what Comlink lacks.
 *
 * Comlink alone waits for ever when the other thread dies, keeps processes alive by its ports, and
 * reduces errors to name and message. Here each call has a deadline, the end of the thread rejects all
 * calls under way, ports are let go of, and the plain fields of an error cross with it.
 * Each direction has its own port: main → thread (exposeInThread), thread → main (`serve`, callMain).
 * The peer may call any function it can name on the object exposed: never expose more than is meant.
 */
import { EmarsError } from '../../errors/error.js';
import * as Comlink from 'comlink';
import {
  isMainThread,
  MessageChannel,
  Worker,
  workerData as rawWorkerData,
  type MessagePort,
  type ResourceLimits,
  type Transferable,
} from 'node:worker_threads';
import { threadEnvironment } from '../trace/trace.js';
import { after } from './monotonic.js';

/** Marks a value to be moved instead of copied: `transfer(array, [array.buffer])`. */
export const transfer = Comlink.transfer;

/**
 * The other thread did not answer in time. It may still do what it was asked to; its late answer is
 * dropped.
 */
export class ThreadDeadline extends EmarsError {
  override readonly name = 'ThreadDeadline';
  readonly kind = 'unavailable';
  constructor(
    readonly thread: string,
    readonly deadlineMs: number,
  ) {
    super(`thread ${thread} did not answer within ${deadlineMs} ms`);
  }
}

/** The thread is gone: it threw (see `cause`), left with a code, or was stopped. */
export class ThreadExited extends EmarsError {
  override readonly name = 'ThreadExited';
  readonly kind = 'unavailable';
  constructor(
    readonly thread: string,
    readonly code: number,
    cause?: unknown,
  ) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    super(`thread ${thread} has ended with code ${code}${why}`, cause === undefined ? undefined : { cause });
  }
}

export interface Caller<Api> {
  /**
   * Calls functions of the other side: `call(1000, (api) => api.method(…))`.
   *
   * Errors: ThreadDeadline, ThreadExited, or what the function threw.
   */
  call<T>(deadlineMs: number, use: (api: Comlink.Remote<Api>) => T | PromiseLike<T>): Promise<T>;
}

export interface ThreadOptions {
  /** For error messages and debuggers. Default: the file's name. */
  readonly name?: string;
  /** Handed to the thread, see threadData; structured clone. */
  readonly workerData?: unknown;
  readonly transferList?: readonly Transferable[];
  /** Functions that the thread may call (see callMain). */
  readonly serve?: object;
  readonly resourceLimits?: ResourceLimits;
  readonly execArgv?: readonly string[];
}

export interface Thread<Api> extends Caller<Api> {
  readonly name: string;
  /** Resolves when the thread has ended, to the error that its calls got. */
  readonly exited: Promise<ThreadExited>;
  readonly alive: boolean;
  /** Closes the ports, then ends the thread; calls under way are rejected. */
  stop(): Promise<void>;
}

interface Ports {
  /** The thread answers here. */
  readonly serve: MessagePort;
  /** The thread asks here. */
  readonly call: MessagePort;
}

const PORTS = 'emarsThreadPorts';
const DATA = 'emarsThreadData';

/**
 * Comlink's own adapter for Node lies behind a deep import without types; this is all of it that is needed.
 */
function endpoint(port: MessagePort): Comlink.Endpoint {
  const wrappers = new WeakMap<object, (data: unknown) => void>();
  type Listener = ((event: { data: unknown }) => void) | { handleEvent(event: { data: unknown }): void };
  const adapter = {
    postMessage: (message: unknown, transferred?: readonly Transferable[]) =>
      port.postMessage(message, transferred),
    addEventListener: (_: string, listener: Listener) => {
      const wrapper = (data: unknown): void =>
        typeof listener === 'function' ? listener({ data }) : listener.handleEvent({ data });
      wrappers.set(listener, wrapper);
      port.on('message', wrapper);
    },
    removeEventListener: (_: string, listener: Listener) => {
      const wrapper = wrappers.get(listener);
      if (wrapper !== undefined) port.off('message', wrapper);
    },
    start: () => port.start(),
  };
  return adapter;
}

/** The plain fields of an error (subject, code, bytes…) cross with it, so that it can still be told apart. */
function keepErrorFields(): void {
  const handler = Comlink.transferHandlers.get('throw');
  if (handler === undefined) return;
  Comlink.transferHandlers.set('throw', {
    ...handler,
    serialize: (thrown: unknown) => {
      const { value } = thrown as { value: unknown };
      if (!(value instanceof Error)) return [{ isError: false, value }, []];
      const fields = Object.entries(value).filter(
        ([, field]) => field === null || ['string', 'number', 'boolean', 'bigint'].includes(typeof field),
      );
      return [
        {
          isError: true,
          value: {
            ...Object.fromEntries(fields),
            message: value.message,
            name: value.name,
            stack: value.stack,
          },
        },
        [],
      ];
    },
  });
}
keepErrorFields();

/** Calls with a deadline over one port, and their common end. */
class PortCaller<Api> implements Caller<Api> {
  private readonly remote: Comlink.Remote<Api>;
  private readonly underWay = new Set<(error: Error) => void>();
  private over: Error | null = null;

  constructor(
    private readonly name: string,
    port: MessagePort,
  ) {
    this.remote = Comlink.wrap<Api>(endpoint(port));
    // A thread that only waits for calls of others must not be kept alive by the port it asks on.
    port.unref();
  }

  call<T>(deadlineMs: number, use: (api: Comlink.Remote<Api>) => T | PromiseLike<T>): Promise<T> {
    if (this.over !== null) return Promise.reject(this.over);
    return new Promise<T>((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        this.underWay.delete(fail);
      };
      const fail = (error: unknown): void => {
        settle();
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      const timer = after(deadlineMs, () => fail(new ThreadDeadline(this.name, deadlineMs)));
      this.underWay.add(fail);
      Promise.resolve()
        .then(() => use(this.remote))
        .then((value) => {
          settle();
          resolve(value);
        }, fail);
    });
  }

  end(error: Error): void {
    this.over = error;
    for (const fail of [...this.underWay]) fail(error);
  }
}

/** Starts the built JavaScript at `url` in a thread that calls exposeInThread. */
export function startThread<Api>(url: URL, options: ThreadOptions = {}): Thread<Api> {
  const name = options.name ?? url.pathname.split('/').at(-1) ?? 'thread';
  const toThread = new MessageChannel();
  const toMain = new MessageChannel();
  const ports: Ports = { serve: toThread.port2, call: toMain.port2 };
  const worker = new Worker(url, {
    name,
    workerData: { [PORTS]: ports, [DATA]: options.workerData },
    transferList: [ports.serve, ports.call, ...(options.transferList ?? [])],
    execArgv: [...(options.execArgv ?? [])],
    ...threadEnvironment(name.replace(/\.js$/, '')),
    ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
  });
  if (options.serve !== undefined) Comlink.expose(options.serve, endpoint(toMain.port1));
  // The worker itself keeps the process alive as long as it runs; its ports need not.
  toMain.port1.unref();
  const caller = new PortCaller<Api>(name, toThread.port1);
  let failure: unknown;
  worker.on('error', (error) => (failure = error));
  const closePorts = (): void => {
    toThread.port1.close();
    toMain.port1.close();
  };
  let alive = true;
  const exited = new Promise<ThreadExited>((resolve) => {
    worker.once('exit', (code) => {
      alive = false;
      const error = new ThreadExited(name, code, failure);
      closePorts();
      caller.end(error);
      resolve(error);
    });
  });
  return {
    name,
    exited,
    get alive() {
      return alive;
    },
    call: (deadlineMs, use) => caller.call(deadlineMs, use),
    async stop() {
      closePorts();
      await worker.terminate();
      await exited;
    },
  };
}

function insideThread(): { ports: Ports; data: unknown } {
  const data = rawWorkerData as Record<string, unknown> | null;
  if (isMainThread || data?.[PORTS] === undefined)
    throw new Error('this runs only in a thread that was started by startThread');
  return { ports: data[PORTS] as Ports, data: data[DATA] };
}

/** In the thread: what the main thread passed as `workerData`. */
export function threadData(): unknown {
  return insideThread().data;
}

/**
 * In the thread: lets the main thread call the functions of `api`. Once; the thread lives until it is
 * stopped.
 */
export function exposeInThread(api: object): void {
  Comlink.expose(api, endpoint(insideThread().ports.serve));
}

/** In the thread: calls the functions that the main thread serves. Once: keep what it returns. */
export function callMain<MainApi>(): Caller<MainApi> {
  return new PortCaller<MainApi>('main', insideThread().ports.call);
}
