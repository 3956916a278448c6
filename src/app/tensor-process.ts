/** TensorFlow reads its environment when a process starts: commands that use it run in a process made for it. */
import { spawn } from 'node:child_process';
import { tensorEnvironment } from '../tensor/environment.js';
import type { ProgressTarget } from './progress.js';
import { TensorLogFilter } from './tensor-log.js';

const MARK = 'EMARS_TENSOR_PROCESS';
const AT_TERMINAL = 'terminal';
const ELSEWHERE = 'pipe';

/** Where progress is drawn: in a process of this kind standard error is a pipe to the one at the terminal. */
export const progressTarget: ProgressTarget = {
  isTTY: process.stderr.isTTY || process.env[MARK] === AT_TERMINAL,
  write: (text) => process.stderr.write(text),
};

/**
 * True in a process that was started with TensorFlow's environment. Elsewhere it starts this same
 * command in one, waits for it, takes over its exit code, and returns false: the caller is done. Of its
 * standard error TensorFlow's own log is left out, unless EMARS_DEBUG=1.
 */
export async function inTensorProcess(threads: number): Promise<boolean> {
  if (process.env[MARK] !== undefined) return true;
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: ['inherit', 'inherit', 'pipe'],
    env: {
      ...process.env,
      ...tensorEnvironment({ threads }),
      [MARK]: process.stderr.isTTY ? AT_TERMINAL : ELSEWHERE,
    },
  });
  const said = new TensorLogFilter();
  const shown = (text: string): string => (process.env.EMARS_DEBUG === '1' ? text : said.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => process.stderr.write(shown(text)));
  const relay = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once('SIGINT', relay);
  process.once('SIGTERM', relay);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  process.stderr.write(said.end());
  return false;
}
