/** TensorFlow reads its environment when a process starts: commands that use it run in a process made for it. */
import { spawn } from 'node:child_process';
import { z } from 'zod';
import { tensorEnvironment } from '../tensor/environment.js';
import { counter } from './counter.js';

const MARK = 'EMARS_TENSOR_PROCESS';

const progress = z.object({ what: z.string(), done: z.number(), total: z.number() });

/** In such a process: shows progress in the terminal of the command that started it, which alone may draw there. */
export function tellCommand(what: string): (done: number, total: number) => void {
  return (done, total) => void process.send?.({ what, done, total });
}

/** True in a process that `inTensorProcess` started. */
export const isTensorProcess = (): boolean => process.env[MARK] !== undefined;

/**
 * True in a process that was started with TensorFlow's environment. Elsewhere it starts the command `args` in
 * one, waits for it, takes over its exit code, and returns false: the caller is done. Of its standard error
 * only our own lines are shown, unless EMARS_DEBUG=1.
 */
export async function inTensorProcess(threads: number, args: readonly string[]): Promise<boolean> {
  if (isTensorProcess()) {
    // It ends when the command that started it is gone.
    process.once('disconnect', () => process.exit(1));
    // To listen alone is no reason to stay.
    process.channel?.unref();
    return true;
  }
  const child = spawn(process.execPath, [process.argv[1]!, ...args], {
    stdio: ['inherit', 'inherit', process.env.EMARS_DEBUG === '1' ? 'inherit' : 'pipe', 'ipc'],
    env: { ...process.env, ...tensorEnvironment({ threads }), [MARK]: '1' },
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-65_536)));
  const counters = new Map<string, ReturnType<typeof counter>>();
  child.on('message', (message) => {
    const { what, done, total } = progress.parse(message);
    const tell = counters.get(what) ?? counter(what);
    counters.set(what, tell);
    tell(done, total);
  });
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
