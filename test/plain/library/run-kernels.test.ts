import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadOptions } from '#emars/config/load.js';
import { linkedKernels } from '#emars/native/kernels.js';
import { kernelsNote, kernelsOfRun, KernelsMissing } from '#emars/library/run-kernels.js';
import { runFolder } from '#emars/run/folder.js';

const root = mkdtempSync(join(tmpdir(), 'emars-run-kernels-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = runFolder(root);
const options = (native: 'auto' | 'off', numerics: 'exact' | 'tolerant' = 'exact') =>
  loadOptions({ overrides: { engine: { native, numerics } } });
const began = (fingerprint: object): void =>
  writeFileSync(folder.run, JSON.stringify({ format: 1, status: 'interrupted', fingerprint }));
const linked = await linkedKernels();

describe('what computes a run', () => {
  it('is the kernels that are there on CPUs, and TensorFlow where it is told so or a GPU is asked for', async () => {
    const fresh = { folder, resumed: false };
    expect(await kernelsOfRun({ ...fresh, options: options('auto'), devices: ['cpu'] })).toEqual(linked);
    expect(await kernelsOfRun({ ...fresh, options: options('off'), devices: ['cpu'] })).toBeNull();
    expect(await kernelsOfRun({ ...fresh, options: options('auto'), devices: ['cuda:0', 'cpu'] })).toBeNull();
  });

  it('stays what the run began with: TensorFlow where no kernels are recorded', async () => {
    began({ hash: 'a', node: 20 });
    const resumed = { folder, resumed: true, options: options('auto'), devices: ['cpu'] };
    expect(await kernelsOfRun(resumed)).toBeNull();
  });

  it.skipIf(linked === null)('stays the same kernels after a resume', async () => {
    began({ hash: 'a', kernels: linked?.id });
    const resumed = { folder, resumed: true, options: options('auto'), devices: ['cpu'] };
    expect(await kernelsOfRun(resumed)).toEqual(linked);
  });

  it('is refused where the run began with other kernels, unless other arithmetic is let in', async () => {
    began({ hash: 'a', kernels: '0123456789abcdef' });
    const resumed = { folder, resumed: true, devices: ['cpu'] };
    await expect(kernelsOfRun({ ...resumed, options: options('auto') })).rejects.toThrow(KernelsMissing);
    await expect(kernelsOfRun({ ...resumed, options: options('auto') })).rejects.toThrow(
      /expected the native kernels 0123456789abcdef that the run began with, got .*npm run setup/,
    );
    expect(await kernelsOfRun({ ...resumed, options: options('auto', 'tolerant') })).toEqual(linked);
  });

  it('is said aloud where a new run could have had kernels and has none', () => {
    const fresh = { options: options('auto'), resumed: false, devices: ['cpu'] };
    expect(kernelsNote(fresh, null)).toMatch(/several times slower.*npm run setup/);
    expect(kernelsNote(fresh, { path: '/kernels.node', id: 'a' })).toBeNull();
    expect(kernelsNote({ ...fresh, resumed: true }, null)).toBeNull();
    expect(kernelsNote({ ...fresh, options: options('off') }, null)).toBeNull();
    expect(kernelsNote({ ...fresh, devices: ['cuda:0'] }, null)).toBeNull();
  });
});
