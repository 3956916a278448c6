import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { tensorEnvironment } from '#emars/tensor/environment.js';

const script = fileURLToPath(new URL('support/digest.mjs', import.meta.url));

async function digest(extra: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    env: { ...process.env, ...tensorEnvironment({ threads: 1 }), ...extra },
  });
  return stdout.trim();
}

it('two processes compute equal bits: gradient, statistics, loss and predictions; the allocator’s settings change none', async () => {
  const first = await digest();
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await digest()).toBe(first);
  expect(await digest({ GLIBC_TUNABLES: '' })).toBe(first);
});
