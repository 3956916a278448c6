/** TensorFlow reads its environment when a process starts: commands that use it run in a process made for it. */
import { spawn } from 'node:child_process';
import { tensorEnvironment } from '../tensor/environment.js';

const MARK = 'EMARS_TENSOR_PROCESS';

/**
 * True in a process that was started with TensorFlow's environment. Elsewhere it starts this same
 * command in one, waits for it, takes over its exit code, and returns false: the caller is done.
 */
export async function inTensorProcess(threads: number): Promise<boolean> {
  if (process.env[MARK] === '1') return true;
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, ...tensorEnvironment({ threads }), [MARK]: '1' },
  });
  const relay = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once('SIGINT', relay);
  process.once('SIGTERM', relay);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  return false;
}
