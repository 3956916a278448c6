/**
 * A user's objective in a process of its own, with limits: a module that throws, hangs, ends its process or
 * takes all memory costs a measurement, never the process that asked. The process sees no secret of ours:
 * no credentials, no environment beyond what a program needs to run.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EmarsError } from '../../errors/error.js';
import type { Measured } from '../../objectives/objective.js';
import type { Timer } from '../../runtime/process/monotonic.js';
import { after } from '../../runtime/process/monotonic.js';
import { SUPERVISOR_VARIABLE } from '../../runtime/process/orphan-guard.js';
import { residentMemory } from '../../runtime/process/process-table.js';
import type { ObjectiveDescription, SandboxCall, SandboxReply } from './sandbox-messages.js';
import { sandboxReply } from './sandbox-messages.js';

/** What a module that needs weights has beside its own: the run folder, native kernels, variables of TensorFlow. */
export interface SandboxPlace {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface SandboxLimits {
  /** Seconds that one measurement may take. */
  readonly deadlineSeconds: number;
  /** Memory of the whole process, MB (2^20 bytes). */
  readonly memoryMB: number;
}

/** The module is no objective, or cannot be loaded. */
export class ObjectiveUnfit extends EmarsError {
  override readonly name = 'ObjectiveUnfit';
  readonly kind = 'usage';
}

/** The module could not measure: it threw, or its process ended or was ended over it. */
export class MeasurementFailed extends EmarsError {
  override readonly name = 'MeasurementFailed';
  readonly kind = 'data';
}

const PROCESS = fileURLToPath(new URL('./sandbox-process.js', import.meta.url));
const LOAD_SECONDS = 120;
const WATCH_MS = 50;
/** A measurement over which the process ended is tried once more, in a new one. */
const TRIES = 2;
/** What a module may print in the life of its process; the rest is dropped. */
const OUTPUT_BYTES = 64 * 1024;
/** What a program needs to run, and nothing that may be a secret. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot'];

/** How the life of a process ended, in words. */
class Ended extends EmarsError {
  override readonly name = 'Ended';
  readonly kind = 'unavailable';
}

interface Life {
  readonly child: ChildProcess;
  description: Promise<ObjectiveDescription> | null;
  /** Takes the next reply; null: nothing is asked. */
  take: ((reply: SandboxReply) => void) | null;
  /** Ended, or being ended: nothing more is asked of it. */
  isOver: boolean;
  /** Called when the process is over, for the call that waits. */
  fail: ((error: Error) => void) | null;
}

export class Sandbox {
  private life: Life | null = null;
  private calls = 0;
  private isClosed = false;
  /** One measurement at a time. */
  private last: Promise<unknown> = Promise.resolve();

  /** `module`: absolute path of a JavaScript module. */
  constructor(
    private readonly module: string,
    private readonly limits: SandboxLimits,
    private readonly place: SandboxPlace | null = null,
  ) {}

  /** Loads the module. Errors: ObjectiveUnfit. */
  async describe(): Promise<ObjectiveDescription> {
    try {
      return await this.current().description!;
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      throw new ObjectiveUnfit(`expected ${this.module} to load, but ${error.message}`);
    }
  }

  /** Errors: MeasurementFailed with the reason; ObjectiveUnfit. */
  measure(subject: object): Promise<Measured> {
    const mine = this.last.then(() => this.tries(subject));
    this.last = mine.catch(() => undefined);
    return mine;
  }

  close(): void {
    this.isClosed = true;
    this.life?.child.kill('SIGKILL');
  }

  private async tries(subject: object): Promise<Measured> {
    for (let tried = 1; ; tried++) {
      try {
        const life = this.current();
        await life.description;
        return await this.ask(life, subject);
      } catch (error) {
        if (!(error instanceof Ended)) throw error;
        if (tried === TRIES || this.isClosed) throw new MeasurementFailed(error.message);
      }
    }
  }

  private async ask(life: Life, subject: object): Promise<Measured> {
    const message: SandboxCall = { call: this.calls++, subject };
    const reply = await this.within(life, this.limits.deadlineSeconds, () => life.child.send(message));
    if (reply.kind === 'value' && reply.call === message.call)
      return { value: reply.value, defined: reply.defined };
    if (reply.kind === 'failure' && reply.call === message.call) throw new MeasurementFailed(reply.reason);
    const wrong = new Ended('it answered what it was not asked');
    end(life, wrong);
    throw wrong;
  }

  /** The next reply of the process. Errors: Ended when it does not come in time, or never will. */
  private within(life: Life, seconds: number, begin: () => void): Promise<SandboxReply> {
    return new Promise<SandboxReply>((resolve, reject) => {
      const timer: Timer = after(1000 * seconds, () =>
        end(life, new Ended(`it did not answer within ${seconds} s`)),
      );
      const over = (): void => {
        timer.cancel();
        life.take = null;
        life.fail = null;
      };
      life.take = (reply) => {
        over();
        resolve(reply);
      };
      life.fail = (error) => {
        over();
        reject(error);
      };
      begin();
    });
  }

  private current(): Life {
    return this.life === null || this.life.isOver ? this.begin() : this.life;
  }

  private begin(): Life {
    const { memoryMB } = this.limits;
    const child = fork(PROCESS, [this.module, ...(this.place?.args ?? [])], {
      detached: true,
      execArgv: [`--max-old-space-size=${memoryMB}`],
      env: { ...passedOn(), ...this.place?.env, [SUPERVISOR_VARIABLE]: String(process.pid) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'json',
    });
    for (const stream of [child.stdout, child.stderr]) forwardSome(stream);
    const life: Life = { child, description: null, isOver: false, take: null, fail: null };
    const watch = setInterval(() => this.watch(life), WATCH_MS);
    const over = (error: Error): void => {
      clearInterval(watch);
      life.isOver = true;
      life.fail?.(error);
    };
    child.on('message', (message) => {
      const reply = sandboxReply.safeParse(message);
      if (reply.success) life.take?.(reply.data);
      else end(life, new Ended('it answered in another form than its process does'));
    });
    child.once('exit', (code, signal) => over(new Ended(howEnded(code, signal, memoryMB))));
    child.on('error', (error) => over(new Ended(`its process failed: ${error.message}`)));
    const described = this.within(life, LOAD_SECONDS, () => undefined).then((reply) => {
      if (reply.kind === 'described') return reply.description;
      end(life, new Ended('its module is no objective'));
      throw new ObjectiveUnfit(reply.kind === 'unfit' ? reply.reason : 'it answered before it was asked');
    });
    // Calls await it; before the first one its failure is no unhandled rejection.
    described.catch(() => undefined);
    life.description = described;
    this.life = life;
    return life;
  }

  private watch(life: Life): void {
    const { pid } = life.child;
    const bytes = pid === undefined ? null : residentMemory(pid);
    if (bytes !== null && bytes > this.limits.memoryMB * 2 ** 20)
      end(life, new Ended(`it took more than its ${this.limits.memoryMB} MB of memory`));
  }
}

/** Ends the process, for a reason of ours. */
function end(life: Life, reason: Ended): void {
  const { fail } = life;
  life.isOver = true;
  life.child.kill('SIGKILL');
  fail?.(reason);
}

function passedOn(): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** What the module prints goes to our standard error, up to a limit. */
function forwardSome(stream: NodeJS.ReadableStream | null): void {
  let left = OUTPUT_BYTES;
  stream?.on('data', (data: Buffer) => {
    if (left > 0) process.stderr.write(data.subarray(0, left));
    left -= data.length;
  });
}

function howEnded(code: number | null, signal: NodeJS.Signals | null, memoryMB: number): string {
  if (signal === 'SIGABRT')
    return `its process ended by SIGABRT, as when it wants more than its ${memoryMB} MB of memory`;
  return signal === null ? `its process ended with code ${code ?? '?'}` : `its process ended by ${signal}`;
}
