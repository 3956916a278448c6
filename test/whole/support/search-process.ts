/** A search as a person starts it: the command line in a process of its own, watched through its files. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../../bin/emars.mjs', import.meta.url));

export interface RecordedProcess {
  readonly role: string;
  readonly id: string;
  readonly pid: number | null;
  readonly slots: number;
  readonly joinedAtStep: number | null;
  readonly evaluations: number;
  readonly starts: number;
  readonly quarantined: string | null;
  readonly seen: { readonly visible: string; readonly uuid: string } | null;
}

export interface RunJson {
  readonly status: string;
  readonly phase: string;
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly processes: readonly RecordedProcess[];
  readonly repeatedSlots: number;
  readonly checkedSlots: number;
  readonly duplicateResults: number;
  readonly rolledBackEpochs: number;
  readonly resumedFromEpoch: number | null;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningSearch {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** All output so far. */
  output(): string;
}

/** Starts `emars` with arguments. `prefix`: words of another program that runs it. */
export function emars(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
): RunningSearch {
  const [program, ...words] = [...prefix, process.execPath, CLI, ...args];
  const child = spawn(program!, words, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended, output: () => stdout + stderr };
}

/** Runs `emars` to its end; throws with its output unless it exits with `code`. */
export async function emarsExits(
  code: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const ended = await emars(args, env).ended;
  if (ended.code !== code)
    throw new Error(
      `expected exit code ${code} of emars ${args.join(' ')}, got ${String(ended.code)}\n${ended.stdout}\n${ended.stderr}`,
    );
  return ended;
}

/** run.json now; null while there is none. */
export function readRun(folder: string): RunJson | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as RunJson;
  } catch {
    return null;
  }
}

/** Waits until run.json satisfies `holds`. Throws when the search ends before, or after `seconds`. */
export async function untilRun(
  search: RunningSearch,
  folder: string,
  what: string,
  holds: (run: RunJson) => boolean,
  seconds = 600,
): Promise<RunJson> {
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    const run = readRun(folder);
    if (run !== null && holds(run)) return run;
    if (search.child.exitCode !== null || search.child.signalCode !== null)
      throw new Error(`the search ended before ${what}\n${search.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(
    `waited ${seconds} s in vain until ${what}; run.json: ${JSON.stringify(readRun(folder))}\n${search.output()}`,
  );
}

/** Waits until a process has said a text. Throws when it ends before, or after `seconds`. */
export async function untilSays(process: RunningSearch, text: string, seconds = 600): Promise<void> {
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    if (process.output().includes(text)) return;
    if (process.child.exitCode !== null || process.child.signalCode !== null)
      throw new Error(`the process ended before it said ${text}\n${process.output()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited ${seconds} s in vain for ${text}; it said ${process.output()}`);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie answers to signal 0 as well.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export function kill9(pid: number | null): void {
  if (pid === null) throw new Error('expected a process to kill, got none');
  process.kill(pid, 'SIGKILL');
}
