/**
 * Runs other programs of the machine: with a deadline, without a shell, and with the end of what they said.
 */

import { EmarsError } from '../errors/error.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Milliseconds until the program is killed. */
  readonly deadline: number;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program did not start, failed, or ran past its deadline. */
export class CommandError extends EmarsError {
  readonly kind = 'environment';
  constructor(
    readonly program: string,
    readonly reason: string,
    /** The last lines it wrote to stderr (or stdout, where stderr is empty). */
    readonly said: string,
  ) {
    super(`${program} ${reason}${said === '' ? '' : `: ${said}`}`);
    this.name = 'CommandError';
  }
}

/** Enough for any answer that is parsed, and a bound on what a runaway program costs. */
const MOST_OUTPUT = 4 << 20;

/** Runs a program to its end. Rejects with {@link CommandError} on any exit code but 0. */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    // In a process group of its own: `python3` may be a shell script that starts the real one, and both
    // must end.
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const kill = (): void => killGroup(child);
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] = (said[stream] + text).slice(-MOST_OUTPUT);
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, options.deadline);
    // A set-up that is interrupted must not leave a download or a compiler behind.
    if (running.size === 0) process.once('exit', killAll);
    running.add(child);
    const settle = (error: CommandError | null): void => {
      clearTimeout(timer);
      running.delete(child);
      if (running.size === 0) process.removeListener('exit', killAll);
      if (error === null) resolve(said);
      else reject(error);
    };
    child.once('error', (error) => settle(new CommandError(program, `did not start (${error.message})`, '')));
    child.once('close', (code, signal) => {
      const last = lastLines(said.stderr.trim() === '' ? said.stdout : said.stderr);
      if (late)
        settle(new CommandError(program, `was stopped after ${Math.round(options.deadline / 1000)} s`, last));
      else if (code !== 0)
        settle(
          new CommandError(
            program,
            code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`,
            last,
          ),
        );
      else settle(null);
    });
  });
}

/** Programs at work: one listener for all of them, however many compile at once. */
const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) killGroup(child);
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Full path of a program on PATH, or null. A name with a slash is taken as it is. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | null {
  const candidates = name.includes('/')
    ? [name]
    : (env['PATH'] ?? '')
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, name));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The last three lines that say something; pip's and compilers' closing line is seldom the reason alone. */
function lastLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-3)
    .join('\n');
}
