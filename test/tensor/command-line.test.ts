/** What the command line says of the TensorFlow of this machine. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { TensorLogFilter } from '#emars/app/tensor-log.js';
import { tensorEnvironment } from '#emars/tensor/environment.js';
import { emars } from '../plain/app/run-emars.js';

describe('the command line', () => {
  it('refuses a GPU that is not there, before anything is made', async () => {
    const { code, stdout, stderr } = await emars([
      'search',
      '--config',
      'configs/smoke.yaml',
      '--devices',
      'cuda:98,cuda:99',
    ]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(
      /^emars: cuda:98, cuda:99 is not available\. .*TensorFlow: it .*emars doctor.*\n$/,
    );
  });

  it('can silence what this TensorFlow writes of itself', () => {
    const load = `import('#emars/tensor/backend.js').then(({ tensorflow }) => tensorflow().tensor1d([1]).dataSync())`;
    // oneDNN's line comes at every log level where the switch is set by hand.
    const { stderr } = spawnSync(process.execPath, ['-e', load], {
      env: { ...process.env, ...tensorEnvironment({ threads: 1 }), TF_ENABLE_ONEDNN_OPTS: '1' },
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/oneDNN/);
    const filter = new TensorLogFilter();
    expect(filter.push(stderr) + filter.end()).toBe('');
  });
});
