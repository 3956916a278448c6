/** A search as a person starts it: the command line in a process of its own, seen through its run folder. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runFolder } from '../run/folder.js';
import type { ProcessRecord, RunRecord } from '../run/record.js';
import { readRecordIfSound } from '../run/record.js';
import { isSameProcess } from '../runtime/process/process-table.js';
import { sleep } from '../runtime/process/monotonic.js';

const COMMAND = fileURLToPath(new URL('../app/main.js', import.meta.url));
const POLL_MS = 20;
const LAST_BYTES = 4096;

export interface SearchPlan {
  /** Arguments of `emars search` for a new run, without --out and --trainers. */
  readonly search: readonly string[];
  readonly out: string;
  readonly trainers: number;
  /** Of a broker that is not the run's own. */
  readonly broker: { readonly url: string; readonly creds: string } | null;
  /** More for the environment of its processes. */
  readonly environment?: NodeJS.ProcessEnv;
}

export class SearchProcess {
  private child: ChildProcess | null = null;
  private code: number | null = null;
  private words = '';

  constructor(private readonly plan: SearchPlan) {}

  /** Begins the run, or goes on with it. The process before must have ended. */
  start(resume: boolean): void {
    const { search, out, trainers, broker, environment } = this.plan;
    const what = resume ? ['--resume', out] : [...search, '--out', out];
    const bus = broker === null ? [] : ['--nats', broker.url, '--creds', broker.creds];
    const args = [COMMAND, 'search', ...what, '--trainers', String(trainers), ...bus, '--json'];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.code = null;
    this.child = child;
    child.stderr.on('data', (text: Buffer) => {
      this.words = (this.words + text.toString('utf8')).slice(-LAST_BYTES);
    });
    child.once('close', (code) => {
      // A signal has no code; nobody waits for 0 then.
      if (this.child === child) this.code = code ?? 1;
    });
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** Exit code once it has ended, 1 after a signal; null while it runs. */
  exit(): number | null {
    return this.code;
  }

  /** The last line on standard error. */
  get lastWords(): string {
    return this.words.trim().split('\n').at(-1) ?? '';
  }

  record(): Promise<RunRecord | null> {
    return readRecordIfSound(runFolder(this.plan.out));
  }

  /** What run.json says of processes that are alive. */
  async living(): Promise<ProcessRecord[]> {
    const record = await this.record();
    return (record?.processes ?? []).filter(({ pid }) => pid !== null && isOf(this.plan.out, pid));
  }

  /** Kills every process of the run, the parent first, and waits until all are gone. */
  async killAll(): Promise<void> {
    const workers = (await this.living()).filter(({ role }) => role !== 'broker');
    this.kill('SIGKILL');
    for (const { pid } of workers) kill(pid, 'SIGKILL');
    await this.gone(workers);
  }

  /** Kills the parent alone; resolves when its children have ended by themselves. */
  async killParent(): Promise<void> {
    const workers = (await this.living()).filter(({ role }) => role !== 'broker');
    this.kill('SIGKILL');
    await this.gone(workers);
  }

  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  private async gone(workers: readonly ProcessRecord[]): Promise<void> {
    while (
      (this.child !== null && this.code === null) ||
      workers.some(({ pid }) => isOf(this.plan.out, pid!))
    )
      await sleep(POLL_MS);
  }
}

/** Sends a signal to a process that may have ended; false where it has. */
export function kill(pid: number | null, signal: NodeJS.Signals): boolean {
  if (pid === null) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** A living process of the run in `out`: a record may be old, and its ids may be of others by now. */
function isOf(out: string, pid: number): boolean {
  if (!isSameProcess(pid, null)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(out);
  } catch {
    return false;
  }
}

/** What must be equal after every fault: digest of `front.json` and `history.jsonl`. */
export async function resultDigest(out: string): Promise<string> {
  const { front, history } = runFolder(out);
  const hash = createHash('sha256');
  for (const path of [front, history]) hash.update(await readFile(path));
  return hash.digest('hex');
}
