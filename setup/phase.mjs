/** Phases of a set-up: said in words, timed, and run as child processes whose exit codes and signals come through. */

import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 };

/** Root of the project. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A phase failed; `exitCode` is what the script ends with. The message is for the reader, without a trace. */
export class PhaseError extends Error {
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** One line on stderr: stdout belongs to the program that is started. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A line that replaces itself on a terminal; nothing elsewhere. */
export function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text ?? ''}`);
}

/** Runs `work` as a named phase and says how long it took. */
export async function phase(name, work) {
  const started = performance.now();
  say(`${name} …`);
  const result = await work();
  say(`${name}: done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  return result;
}

/**
 * Runs a program in the project's root with this process's terminal and resolves to its exit code.
 * `quiet` keeps its output back and shows it only if it fails.
 */
export function runChild(program, args, { env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    let said = '';
    child.stdout?.on('data', (chunk) => (said += chunk));
    child.stderr?.on('data', (chunk) => (said += chunk));
    const release = passSignals(child);
    child.once('error', (error) => {
      release();
      reject(new PhaseError(`${program} did not start: ${error.message}`, 4));
    });
    child.once('close', (code, signal) => {
      release();
      const exitCode = code ?? SIGNAL_EXIT[signal] ?? 128;
      if (quiet && exitCode !== 0) process.stderr.write(said);
      resolve(exitCode);
    });
  });
}

/** Like {@link runChild}, but anything except exit code 0 is a {@link PhaseError}. */
export async function mustRun(program, args, options) {
  const exitCode = await runChild(program, args, options);
  if (exitCode !== 0)
    throw new PhaseError(`${[program, ...args].join(' ')} ended with exit code ${exitCode}.`, exitCode);
}

let stopped = null;

/** The exit code of a signal that asked this process to stop while a child ran, or null. */
export function stoppedWith() {
  return stopped;
}

/**
 * While a child runs, signals are its affair: this process waits for it. A terminal sends Ctrl-C to both,
 * so it is passed on only where there is none.
 */
function passSignals(child) {
  const atTerminal = process.stdin.isTTY === true || process.stderr.isTTY === true;
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const handler = () => {
      stopped = SIGNAL_EXIT[signal];
      if (signal !== 'SIGINT' || !atTerminal) child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  return () => {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  };
}

/** Runs a script's main function; errors become one line and an exit code. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    progress(null);
    // Ours, and those of native parts, carry an exit code: one line. Anything else is a fault of ours: with its trace.
    say(typeof error?.exitCode === 'number' ? error.message : (error?.stack ?? String(error)));
    process.exitCode = typeof error?.exitCode === 'number' ? error.exitCode : 1;
  }
}
