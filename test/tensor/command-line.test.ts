/** What the command line says of the TensorFlow of this machine. */
import { describe, expect, it } from 'vitest';
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
});
