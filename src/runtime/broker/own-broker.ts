/** The owner's side of a broker: one supervisor process after another, and what they report. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Handle } from '../bus/bus.js';
import { after, settledWithin } from '../process/monotonic.js';
import { isSameProcess, processStartTime } from '../process/process-table.js';
import { writeFileAtomic } from '../storage/atomic-file.js';
import { BrokerStartError, type Broker, type BrokerRestart, type BrokerUser } from './broker-contract.js';
import type { SupervisorOrder, SupervisorReport } from './broker-protocol.js';

const SUPERVISOR = fileURLToPath(new URL('./broker-supervisor.js', import.meta.url));
const STOP_MS = 6000;
const RESTART_MS = 30_000;

/** Why a server does not start. */
export interface StartFailure {
  readonly reason: string;
  readonly portTaken: boolean;
}

interface ServerProcess {
  readonly pid: number;
  /** Null where the process is gone already, or there is no /proc. */
  readonly startTime: string | null;
}

export class OwnBroker implements Broker {
  private supervisor: ChildProcess | null = null;
  private server: ServerProcess | null = null;
  private everReady = false;
  private stopped: Promise<void> | null = null;
  private readonly restartCallbacks = new Set<(restart: BrokerRestart) => void>();

  constructor(
    readonly url: string,
    readonly login: Broker['login'],
    private readonly order: Extract<SupervisorOrder, { type: 'start' }>,
    /** The configuration with these users in it. */
    private readonly configurationFor: (users: readonly BrokerUser[]) => string,
  ) {}

  pid(): number {
    if (this.server === null) throw new Error('the broker was not started');
    return this.server.pid;
  }

  supervisorPid(): number {
    if (this.supervisor?.pid === undefined) throw new Error('the broker was not started');
    return this.supervisor.pid;
  }

  onRestart(callback: (restart: BrokerRestart) => void): Handle {
    // An entry of its own for each call, so that one callback may be there twice.
    const entry = (restart: BrokerRestart): void => callback(restart);
    this.restartCallbacks.add(entry);
    return { close: () => void this.restartCallbacks.delete(entry) };
  }

  /** Resolves to null when the server answers, or to why it does not. Once. */
  async start(fresh: boolean): Promise<StartFailure | null> {
    const failure = await new Promise<StartFailure | null>((resolve) => {
      const supervisor = this.startSupervisor((report) => {
        if (report.type === 'ready') resolve(null);
        if (report.type === 'failed') resolve(report);
      }, fresh);
      supervisor.once('exit', (code, signal) =>
        resolve({ reason: `its supervisor ended (${signal ?? String(code)})`, portTaken: false }),
      );
    });
    if (failure === null) this.letGo();
    else this.stopped = Promise.resolve();
    return failure;
  }

  async restart({ wipe = false }: { wipe?: boolean } = {}): Promise<void> {
    if (this.stopped !== null) throw new Error('the broker is stopped');
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void): void => {
        restarts.close();
        timer.cancel();
        settle();
      };
      const restarts = this.onRestart(() => done(resolve));
      const reason = `no answer ${RESTART_MS} ms after a restart; see its log`;
      const timer = after(RESTART_MS, () =>
        done(() => reject(new BrokerStartError(this.order.binary, reason))),
      );
      this.send({ type: 'restart', wipe });
    });
  }

  async reload(users: readonly BrokerUser[]): Promise<void> {
    if (this.stopped !== null) throw new Error('the broker is stopped');
    await writeFileAtomic(this.order.configFile, this.configurationFor(users), 0o600);
    this.send({ type: 'reload' });
  }

  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    const { supervisor } = this;
    if (supervisor !== null && supervisor.exitCode === null && supervisor.signalCode === null) {
      supervisor.ref();
      const gone = once(supervisor, 'exit');
      this.send({ type: 'stop' });
      await settledWithin(gone, STOP_MS);
      supervisor.kill('SIGKILL');
    }
    this.killServer();
  }

  private send(order: SupervisorOrder): void {
    // A supervisor that is just dying is replaced by its exit handler.
    this.supervisor?.send(order, () => undefined);
  }

  private startSupervisor(watch: (report: SupervisorReport) => void, fresh: boolean): ChildProcess {
    const supervisor = fork(SUPERVISOR, [], {
      detached: true,
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.supervisor = supervisor;
    supervisor.on('error', () => undefined);
    supervisor.on('message', (report: SupervisorReport) => {
      this.onReport(report);
      watch(report);
    });
    supervisor.once('exit', () => this.supervisorEnded(supervisor));
    if (fresh) supervisor.send({ type: 'restart', wipe: true } satisfies SupervisorOrder);
    supervisor.send(this.order);
    return supervisor;
  }

  /** From here on the supervisor does not keep this process alive. */
  private letGo(): void {
    this.supervisor?.unref();
    this.supervisor?.channel?.unref();
  }

  private onReport(report: SupervisorReport): void {
    if (report.type === 'failed') return;
    this.server = { pid: report.pid, startTime: processStartTime(report.pid) };
    if (report.type !== 'ready') return;
    const again = this.everReady;
    this.everReady = true;
    if (!again) return;
    for (const callback of [...this.restartCallbacks]) callback({ pid: report.pid, wiped: report.wiped });
  }

  private supervisorEnded(supervisor: ChildProcess): void {
    if (this.stopped !== null || !this.everReady || this.supervisor !== supervisor) return;
    this.killServer();
    this.startSupervisor(() => undefined, false);
    this.letGo();
  }

  /** By id and start time, so that a process that got the id later is safe. */
  private killServer(): void {
    const { server } = this;
    if (server !== null && server.startTime !== null && isSameProcess(server.pid, server.startTime))
      process.kill(server.pid, 'SIGKILL');
  }
}
