/**
 * Our own broker: a real nats-server that lives and dies with us, and is disposable.
 *
 * It binds to 127.0.0.1 only, with a random password that stands in a file of mode 0600 (never in argv,
 * never in the environment), without monitoring. A keeper process (broker-keeper.ts) is its parent: if
 * we die, it ends the server; if the server dies, it starts it again on the same port with the same
 * credentials and store; a store that makes it fail is emptied. If the keeper dies, we end the server
 * and start a new keeper. What a kill of all three left behind is ended at the next start on the store.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve as absolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../storage/atomic-file.js';
import type { KeeperOrder, KeeperReport } from './broker-protocol.js';
import { after, settledWithin, sleep } from '../process/monotonic.js';
import { isSameProcess, processStartTime } from '../process/process-table.js';
import { freePort } from '../bus/server-info.js';

export interface BrokerOptions {
  /** Path of a nats-server executable. */
  readonly binary: string;
  /** Folder for its configuration and its JetStream store; made with mode 0700. One broker a folder. */
  readonly storeDir: string;
  /** Its log is appended here. */
  readonly logFile: string;
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Largest message, bytes; 1 MiB to 8 MiB. Default 1 MiB. */
  readonly maxPayload?: number | undefined;
  /** Most bytes of the store. Default 1 GiB. */
  readonly maxStoreBytes?: number | undefined;
  /** Start with an empty store. Default: what is there is kept. */
  readonly fresh?: boolean | undefined;
}

export interface BrokerRestart {
  readonly pid: number;
  /** The store was emptied: streams must be declared again. */
  readonly wiped: boolean;
}

/** The server could not be started. `reason`: what the system or the server's log says. */
export class BrokerStartError extends Error {
  override readonly name = 'BrokerStartError';
  constructor(
    readonly binary: string,
    readonly reason: string,
  ) {
    super(`nats-server (${binary}) does not start: ${reason}`);
  }
}

export interface Broker {
  /** nats://127.0.0.1:port; the same for the broker's whole life. */
  readonly url: string;
  readonly credentials: { readonly user: string; readonly password: string };
  /** The server's process now, or the last one while it is being started again. */
  pid(): number;
  /** The keeper's process now. */
  keeperPid(): number;
  /** Calls back each time the server answers again after a death. Returns how to stop that. */
  onRestart(callback: (restart: BrokerRestart) => void): () => void;
  /** Kills the server; it comes back, with `wipe` on an empty store. Resolves when it answers; throws BrokerStartError after 30 s. */
  restart(options?: { wipe?: boolean }): Promise<void>;
  /** Ends server and keeper. Calling it again waits for the same end. */
  stop(): Promise<void>;
}

const KEEPER = fileURLToPath(new URL('./broker-keeper.js', import.meta.url));
const PORT_ATTEMPTS = 5;
const STOP_MS = 6000;
const RESTART_MS = 30_000;
const MIB = 1024 * 1024;

interface Files {
  readonly config: string;
  readonly store: string;
  readonly pid: string;
}

/**
 * Starts a broker and resolves when it answers, JetStream included. Throws BrokerStartError.
 * The broker does not keep this process alive.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const maxPayload = options.maxPayload ?? MIB;
  if (!(maxPayload >= MIB && maxPayload <= 8 * MIB))
    throw new RangeError(`maxPayload must lie between 1 MiB and 8 MiB, got ${maxPayload}`);
  const folder = absolute(options.storeDir);
  const files: Files = {
    config: join(folder, 'nats-server.conf'),
    store: join(folder, 'jetstream'),
    pid: join(folder, 'nats-server.pid'),
  };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await endLeftover(files);
  const credentials = { user: 'emars', password: randomBytes(24).toString('base64url') };
  const serverName = `emars-${randomBytes(6).toString('hex')}`;
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    await writeFileAtomic(
      files.config,
      configuration({ ...options, maxPayload }, files, port, serverName, credentials),
      0o600,
    );
    const order = {
      type: 'start',
      binary: options.binary,
      configFile: files.config,
      logFile: absolute(options.logFile),
      store: files.store,
      port,
      serverName,
    } as const;
    const broker = new OwnBroker(`nats://127.0.0.1:${port}`, credentials, order);
    const failure = await broker.start(options.fresh ?? false);
    if (failure === undefined) return broker;
    if (!failure.portTaken || options.port !== undefined || attempt === PORT_ATTEMPTS)
      throw new BrokerStartError(options.binary, failure.reason);
  }
}

/** The server's configuration. JSON's quoting is valid in it. */
function configuration(
  options: BrokerOptions & { maxPayload: number },
  files: Files,
  port: number,
  serverName: string,
  credentials: Broker['credentials'],
): string {
  return `# Written by emars for one run; it holds a password. Changes are lost.
server_name: ${JSON.stringify(serverName)}
host: "127.0.0.1"
port: ${port}
pid_file: ${JSON.stringify(files.pid)}
max_payload: ${options.maxPayload}
max_pending: ${64 * MIB}
write_deadline: "10s"
jetstream {
  store_dir: ${JSON.stringify(join(files.store, '..'))}
  max_memory_store: ${64 * MIB}
  max_file_store: ${options.maxStoreBytes ?? 1024 * MIB}
}
authorization {
  user: ${JSON.stringify(credentials.user)}
  password: ${JSON.stringify(credentials.password)}
}
`;
}

/** A server of an earlier owner that died together with its keeper: known by its pid file and its command line. */
async function endLeftover(files: Files): Promise<void> {
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return;
  const runsOurConfiguration = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(files.config);
    } catch {
      return false;
    }
  };
  while (runsOurConfiguration()) {
    process.kill(pid, 'SIGKILL');
    await sleep(20);
  }
}

class OwnBroker implements Broker {
  private keeper: ChildProcess | undefined;
  private serverPid = 0;
  private serverStart: string | undefined;
  private everReady = false;
  private stopped: Promise<void> | undefined;
  private readonly callbacks = new Set<(restart: BrokerRestart) => void>();

  constructor(
    readonly url: string,
    readonly credentials: { readonly user: string; readonly password: string },
    private readonly order: Extract<KeeperOrder, { type: 'start' }>,
  ) {}

  pid(): number {
    return this.serverPid;
  }

  keeperPid(): number {
    return this.keeper?.pid ?? 0;
  }

  onRestart(callback: (restart: BrokerRestart) => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  /** Resolves when the server answers, or to why it does not. */
  async start(fresh: boolean): Promise<{ reason: string; portTaken: boolean } | undefined> {
    const failure = await new Promise<{ reason: string; portTaken: boolean } | undefined>((resolve) => {
      this.hireKeeper((report) => {
        if (report.type === 'ready') resolve(undefined);
        if (report.type === 'failed') resolve(report);
      }, fresh);
      this.keeper?.once('exit', (code, signal) =>
        resolve({ reason: `its keeper ended (${signal ?? String(code)})`, portTaken: false }),
      );
    });
    if (failure === undefined) {
      // From here on the broker keeps nobody alive.
      this.keeper?.unref();
      this.keeper?.channel?.unref();
    } else {
      this.stopped = Promise.resolve();
    }
    return failure;
  }

  async restart({ wipe = false }: { wipe?: boolean } = {}): Promise<void> {
    if (this.stopped !== undefined) throw new Error('the broker is stopped');
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void): void => {
        forget();
        timer.cancel();
        settle();
      };
      const forget = this.onRestart(() => done(resolve));
      const timer = after(RESTART_MS, () =>
        done(() =>
          reject(
            new BrokerStartError(
              this.order.binary,
              `no answer ${RESTART_MS} ms after a restart; see its log`,
            ),
          ),
        ),
      );
      this.send({ type: 'restart', wipe });
    });
  }

  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const keeper = this.keeper;
    if (keeper !== undefined && keeper.exitCode === null && keeper.signalCode === null) {
      keeper.ref();
      const gone = new Promise<void>((resolve) => keeper.once('exit', () => resolve()));
      this.send({ type: 'stop' });
      await settledWithin(gone, STOP_MS);
      keeper.kill('SIGKILL');
    }
    this.killServer();
  }

  private send(order: KeeperOrder): void {
    // A keeper that is just dying is replaced by its exit handler.
    this.keeper?.send(order, () => undefined);
  }

  private hireKeeper(watch: (report: KeeperReport) => void, fresh: boolean): void {
    const keeper = fork(KEEPER, [], {
      detached: true,
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.keeper = keeper;
    keeper.on('error', () => undefined);
    keeper.on('message', (report: KeeperReport) => {
      this.heed(report);
      watch(report);
    });
    keeper.once('exit', () => this.keeperEnded(keeper));
    if (fresh) keeper.send({ type: 'restart', wipe: true } satisfies KeeperOrder);
    keeper.send(this.order);
  }

  private heed(report: KeeperReport): void {
    if (report.type === 'failed') return;
    this.serverPid = report.pid;
    this.serverStart = processStartTime(report.pid);
    if (report.type !== 'ready') return;
    const again = this.everReady;
    this.everReady = true;
    if (!again) return;
    for (const callback of [...this.callbacks]) callback({ pid: report.pid, wiped: report.wiped });
  }

  private keeperEnded(keeper: ChildProcess): void {
    if (this.stopped !== undefined || !this.everReady || this.keeper !== keeper) return;
    this.killServer();
    this.hireKeeper(() => undefined, false);
    this.keeper.unref();
    this.keeper.channel?.unref();
  }

  /** By id and start time, so that a process that got the id later is safe. */
  private killServer(): void {
    if (
      this.serverPid > 0 &&
      this.serverStart !== undefined &&
      isSameProcess(this.serverPid, this.serverStart)
    )
      process.kill(this.serverPid, 'SIGKILL');
  }
}
