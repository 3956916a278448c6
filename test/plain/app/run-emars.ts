/** Runs the built command line as a child process, as a person would. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { exitCodeOf, linesOf } from '#emars/app/errors.js';
import { buildProgram } from '#emars/app/program.js';

export const ROOT = join(import.meta.dirname, '../../..');
export const config = (name: string): string => join(ROOT, 'configs', name);

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `emars` with arguments; `input` goes to its standard input. */
export function emars(
  args: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, 'dist/app/main.js'), ...args], {
      cwd: ROOT,
      env: { ...process.env, EMARS_DEBUG: '', ...env },
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...said }));
    // A child that ends before it has read everything is no failure of the test.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Exit code and lines of a call that must fail, within this process: for tables of mistakes, where a process each would be slow. */
export async function mistake(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly lines: string[] }> {
  try {
    await (await buildProgram()).parseAsync(args, { from: 'user' });
  } catch (error) {
    return { code: exitCodeOf(error), lines: linesOf(error) };
  }
  throw new Error(`expected emars ${args.join(' ')} to fail`);
}
