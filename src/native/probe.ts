/**
 * Loads a compiled binding in a child process and asks what it is. In a child, because TensorFlow
 * stays in the process that loads it, and a library that does not fit may end it.
 */

import { run } from './command.js';

export interface Probe {
  /** TensorFlow's own version, from the loaded library. */
  readonly version: string;
  /** Whether TensorFlow sees a GPU; null if it was not asked. */
  readonly gpu: boolean | null;
}

const LOAD = `
const [path, ask] = process.argv.slice(1);
const binding = require(path);
const gpu = ask === 'gpu' ? Boolean(binding.isUsingGpuDevice && binding.isUsingGpuDevice()) : null;
require('fs').writeSync(1, '\\n' + JSON.stringify({ version: binding.TF_Version, gpu }) + '\\n');
process.exit(0);
`;

/** Rejects with the loader's words where the binding or a library of it does not load. */
export async function probe(binding: string, env: NodeJS.ProcessEnv, askGpu = false): Promise<Probe> {
  const { stdout } = await run(process.execPath, ['-e', LOAD, binding, askGpu ? 'gpu' : ''], {
    env: { ...env, TF_CPP_MIN_LOG_LEVEL: '2' },
    deadline: 120_000,
  });
  const answer: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (
    typeof answer === 'object' &&
    answer !== null &&
    'version' in answer &&
    typeof answer.version === 'string'
  ) {
    return {
      version: answer.version,
      gpu: 'gpu' in answer && typeof answer.gpu === 'boolean' ? answer.gpu : null,
    };
  }
  throw new Error(`the binding did not say its version: ${stdout.slice(0, 200)}`);
}
