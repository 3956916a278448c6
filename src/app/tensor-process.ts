/** TensorFlow reads its environment when a process starts: commands that use it run in a process made for it. */
import { spawn } from 'node:child_process';
import { tensorEnvironment } from '../tensor/environment.js';

const MARK = 'EMARS_TENSOR_PROCESS';

/**
 * True in a process that was started with TensorFlow's environment. Elsewhere it starts the command `args` in
 * one, waits for it, takes over its exit code, and returns false: the caller is done. Of its standard error
 * only our own lines are shown, unless EMARS_DEBUG=1.
 */
export async function inTensorProcess(threads: number, args: readonly string[]): Promise<boolean> {
  if (process.env[MARK] !== undefined) return true;
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    stdio: ['inherit', 'inherit', process.env.EMARS_DEBUG === '1' ? 'inherit' : 'pipe'],
    env: { ...process.env, ...tensorEnvironment({ threads }), [MARK]: '1' },
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-65_536)));
  const relay = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once('SIGINT', relay);
  process.once('SIGTERM', relay);
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
  for (const line of said.split('\n')) if (line.startsWith('emars: ')) process.stderr.write(`${line}\n`);
  return false;
}
