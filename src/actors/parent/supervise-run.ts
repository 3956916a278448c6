/**
 * The parent of a run: starts broker, evolution, trainers and evaluator, starts again what dies,
 * keeps `run.json`, and ends them all. It holds no search state: killed, it loses nothing, and its
 * children end with it (orphan-guard.ts).
 */
import { rm } from 'node:fs/promises';
import type { Broker } from '../../runtime/broker/broker.js';
import type { Bus, Handle } from '../../runtime/bus/connection.js';
import { after, monotonicMs } from '../../runtime/process/monotonic.js';
import type { ChildExit, Supervised } from '../../runtime/process/processes.js';
import { superviseChild } from '../../runtime/process/processes.js';
import { tensorEnvironment } from '../../tensor/environment.js';
import type { Message } from '../../wire/messages.js';
import { MESSAGE_LIMIT } from '../../wire/messages.js';
import { joinBus } from '../setup/bus-access.js';
import { lastLine } from '../setup/last-line.js';
import { Listening } from '../setup/listening.js';
import { processEnd } from '../../errors/exit-codes.js';
import { DRAIN } from '../evolution/drain.js';
import { silentStartMs } from '../worker/worker-news.js';
import { announceRun } from './announce-run.js';
import { openDeadLetterDesk } from './dead-letter-desk.js';
import { openBroker } from './run-broker.js';
import { RunFailed } from './run-failed.js';
import { ProcessTrace } from './process-trace.js';
import { ProcessUsage } from './process-usage.js';
import type { ProcessRow, RunRecorder } from './run-recorder.js';
import type { RunSetup } from './run-setup.js';
import { watchForStops } from './stopped-watch.js';
import { Supply } from './supply.js';
import { textOf } from '../../errors/text.js';

const RECORD_MS = 250;
const STOP_MS = 3000;
/** A process that lives so long did not crash at its start: its count of deaths in a row begins anew. */
const HEALTHY_MS = 20_000;
/**
 * A worker ends with exit code 0 when the search is over, and evolution ends then, too. A search that is not
 * over by this time has lost the worker: to an objective that ended its process, or to a forged farewell.
 */
const WORKER_ENDED_MS = 5000;

interface Child {
  readonly role: 'evolution' | 'trainer' | 'evaluator';
  readonly id: string;
  readonly device: string | null;
  readonly process: Supervised;
  starts: number;
  /** Why it is given up; null while it works or is started again. */
  lost: string | null;
}

interface ChildProgram extends Pick<Child, 'role' | 'id' | 'device'> {
  readonly file: string;
  readonly args: readonly string[];
}

export class RunSupervision {
  private readonly children: Child[] = [];
  private broker: Broker | null = null;
  private bus: Bus | null = null;
  private supply: Supply | null = null;
  private settle!: { resolve: (end: 'finished' | 'interrupted') => void; reject: (error: unknown) => void };
  private readonly end: Promise<'finished' | 'interrupted'>;
  private ending = false;
  private draining = false;
  /** Ends what was begun with broker and bus. */
  private readonly handles: Handle[] = [];
  private readonly startedAt = monotonicMs();
  private readonly usage = new ProcessUsage();
  private readonly traced: ProcessTrace;

  constructor(
    private readonly setup: RunSetup,
    private readonly onStatus: (status: Message<'Status'>) => void,
    private readonly onNote: (line: string) => void,
  ) {
    this.traced = new ProcessTrace(setup.profile);
    this.end = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
  }

  /** Rows of run.json. */
  rows(): ProcessRow[] {
    const broker: ProcessRow = {
      role: 'broker',
      id: this.setup.foreign === null ? 'broker' : 'foreign',
      pid: this.broker?.pid() ?? null,
      device: null,
      peakMemory: null,
      starts: 1,
      ...this.usage.of('broker', this.broker?.pid() ?? null),
    };
    return [
      broker,
      ...this.children.map(({ role, id, device, process, starts }) => ({
        role,
        id,
        device,
        pid: process.pid,
        peakMemory: process.peakMemory(),
        starts,
        ...this.usage.of(id, process.pid),
      })),
    ];
  }

  /** Runs the search to its end. Errors: RunFailed, BrokerStartError, BrokerUnreachable. */
  async run(record: RunRecorder): Promise<'finished' | 'interrupted'> {
    try {
      await this.openBus(record);
      this.startEvolution(record);
      this.keepRecord(record);
      const early = await Promise.race([this.setup.beforeWorkers().then(() => null), this.end]);
      if (early === null) this.startWorkers(record);
      const end = await this.end;
      record.status = end;
      return end;
    } catch (error) {
      record.status = 'failed';
      record.error = textOf(error);
      throw error;
    } finally {
      await this.stopAll().finally(() => record.write(this.seconds()));
    }
  }

  /** Ends the run after the step at work: its weights are written, and a resume goes on from there. */
  drain(): void {
    this.draining = true;
    this.sayDrain();
  }

  /** Ends the run at once; everything in the journal is kept. */
  interrupt(): void {
    this.settle.resolve('interrupted');
  }

  private seconds(): number {
    return (monotonicMs() - this.startedAt) / 1000;
  }

  private async openBus(record: RunRecorder): Promise<void> {
    const { folder } = this.setup;
    const { broker, run } = await this.traced.broker(() => openBroker(this.setup));
    this.broker = broker;
    if (broker !== null)
      this.handles.push(
        broker.onRestart(({ pid, wiped }) =>
          this.onNote(`broker started again (pid ${pid}${wiped ? ', empty' : ''})`),
        ),
      );
    const { bus, subjects } = await joinBus(folder.bus, { role: 'parent', id: 'parent' });
    this.bus = bus;
    if (bus.maxPayload < MESSAGE_LIMIT)
      throw new RunFailed(
        `expected a nats-server that takes messages of ${MESSAGE_LIMIT} bytes, got a limit of ` +
          `${bus.maxPayload}; raise its max_payload`,
        'environment',
      );
    const deadLetters = (): number => record.deadLetters;
    const announced = await announceRun(bus, { run, folder, deadLetters, ...this.setup.about });
    this.supply = new Supply(bus, subjects, this.setup, this.onNote);
    const statuses = new Listening(bus);
    statuses.on('Status', subjects.status, ({ message: status }) => {
      announced.take(status);
      // A new phase is written at once, the rest now and then.
      if (record.take(status))
        record.write(this.seconds()).catch((error: unknown) => this.settle.reject(error));
      this.onStatus(status);
    });
    const desk = openDeadLetterDesk(bus, subjects, { folder, record }, this.onNote);
    this.handles.push(statuses, announced, desk);
  }

  private startEvolution(record: RunRecorder): void {
    this.startChild(record, {
      role: 'evolution',
      id: 'evolution',
      device: null,
      file: '../evolution/evolution-process.js',
      args: [this.setup.trainers, this.setup.minTrainers].map(String),
    });
    const { process } = this.children.at(-1)!;
    const kill = (): void => {
      this.onNote('evolution is stopped, and is killed, so that another takes over');
      process.kill('SIGKILL');
    };
    this.handles.push(watchForStops(() => process.pid, kill));
  }

  private startWorkers(record: RunRecorder): void {
    const { trainers, devices, evaluatorDevice, kernels } = this.setup;
    const startWorker = (role: 'trainer' | 'evaluator', index: number, on: string): void => {
      const id = `${role}-${index}`;
      const args = kernels === null ? [id, on] : [id, on, kernels];
      this.startChild(record, { role, id, device: on, file: `../${role}/${role}.js`, args });
    };
    for (let i = 0; i < trainers; i++) startWorker('trainer', i, devices[i % devices.length]!);
    startWorker('evaluator', 0, evaluatorDevice);
  }

  private startChild(record: RunRecorder, { role, id, device, file, args }: ChildProgram): void {
    const { folder, options } = this.setup;
    const cudaDevices = device?.startsWith('cuda:') === true ? device.slice('cuda:'.length) : '';
    const isWorker = role !== 'evolution';
    const tensors = isWorker ? tensorEnvironment({ threads: options.engine.threads, cudaDevices }) : {};
    const process = superviseChild(
      {
        role,
        id,
        entry: new URL(file, import.meta.url),
        args: [folder.root, ...args],
        env: { ...tensors, ...this.traced.environmentOf(id) },
        logFile: folder.log(id),
        restart: {
          limit: options.runtime.restarts + 1,
          healthyMs: HEALTHY_MS,
          ...(isWorker && { againAfterEndMs: WORKER_ENDED_MS, silentStartMs: silentStartMs(options) }),
        },
      },
      {
        onStart: () => {
          child.starts++;
          this.traced.started(id);
          if (child.starts > 1) this.onNote(`${id} started again`);
          if (child.starts > 1 && role === 'evolution') record.evolutionRestarted();
        },
        onMessage: (message) => this.usage.hear(id, message),
        onExit: (exit) => this.onExit(child, exit),
        onEnd: () => {
          if (role === 'evolution') this.settle.resolve('finished');
        },
        onGiveUp: ({ crashes }) =>
          this.giveUp(
            child,
            `it died ${crashes} times in a row, last with "${lastLine(folder.log(id))}"; see ${folder.log(id)}`,
          ),
      },
    );
    const child: Child = { role, id, device, process, starts: 0, lost: null };
    this.children.push(child);
  }

  private onExit(child: Child, { code, signal }: ChildExit): void {
    this.traced.ended(child.id);
    const end = processEnd(code);
    if (this.ending || end === 'finished') return;
    if (end === 'drained') {
      // It would count as a death, and be started again.
      this.ending = true;
      void child.process.stop(0);
      this.settle.resolve('interrupted');
    } else if (end === 'refused') {
      void child.process.stop(0);
      this.giveUp(child, lastLine(this.setup.folder.log(child.id)));
    } else if (child.role === 'evolution' && end !== 'died') {
      const kind = end === 'damaged' ? 'damaged' : 'environment';
      this.settle.reject(new RunFailed(lastLine(this.setup.folder.log(child.id)), kind));
    } else this.onNote(`${child.id} died (${signal ?? `exit code ${code ?? '?'}`})`);
  }

  /** A child will not come back. Without evolution or any trainer there is no search. */
  private giveUp(child: Child, reason: string): void {
    if (this.ending) return;
    child.lost = reason;
    this.onNote(`${child.id} is given up: ${reason}`);
    const trainers = this.children.filter(({ role }) => role === 'trainer');
    const isLost = trainers.length > 0 && trainers.every(({ lost }) => lost !== null);
    if (child.role === 'evolution' || isLost)
      this.settle.reject(new RunFailed(`${child.id} cannot run: ${reason}`, 'environment'));
  }

  /** Again and again: evolution may be starting, or be started again. */
  private sayDrain(): void {
    if (!this.draining) return;
    for (const { role, process } of this.children) if (role === 'evolution') process.send(DRAIN);
  }

  private keepRecord(record: RunRecorder): void {
    const keep = (): void => {
      if (this.ending) return;
      this.sayDrain();
      record.write(this.seconds()).then(
        () => after(RECORD_MS, keep),
        (error: unknown) => this.settle.reject(error),
      );
    };
    keep();
  }

  private async stopAll(): Promise<void> {
    this.ending = true;
    await Promise.allSettled(this.children.map(({ process }) => process.stop(STOP_MS)));
    for (const handle of this.handles.splice(0)) handle.close();
    await this.supply?.close();
    await this.bus?.close().catch(() => undefined);
    await this.broker?.stop();
    await rm(this.setup.folder.broker, { recursive: true, force: true });
  }
}
