import { describe, expect, it } from 'vitest';
import { parseGpus, visibleGpus, wantedBuild } from '#emars/native/devices.js';
import { NativePartError } from '#emars/native/errors.js';
import { fingerprint } from '#emars/native/fingerprint.js';
import { compareVersions } from '#emars/native/nats.js';
import { natsPin, tensorflowPin } from '#emars/native/pins.js';

const cpuinfo =
  'processor\t: 0\nmodel name\t: Example 9000\nflags\t\t: fpu avx avx2 fma avx512f\n\nprocessor\t: 1\nmodel name\t: Example 9000\nflags\t\t: fpu avx avx2 fma avx512f\n';
const facts = { tensorflow: { version: '2.21.0', id: 'abc' }, threads: 1, device: 'cpu', env: {}, cpuinfo };

describe('the fingerprint', () => {
  it('is the same for the same facts, and survives JSON', () => {
    const one = fingerprint(facts);
    expect(fingerprint(facts)).toEqual(one);
    expect(JSON.parse(JSON.stringify(one))).toEqual(one);
    expect(one.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(one.cpu).toEqual({ model: 'Example 9000', features: ['avx', 'avx2', 'fma', 'avx512f'] });
  });

  it.each([
    ['the library', { tensorflow: { version: '2.21.0', id: 'abd' } }],
    ['the thread count', { threads: 2 }],
    ['the device', { device: 'cuda:0 H100' }],
    ['a switch of oneDNN', { env: { TF_ENABLE_ONEDNN_OPTS: '0' } }],
    ['the vector units', { cpuinfo: cpuinfo.replaceAll(' avx512f', '') }],
    ['the processor', { cpuinfo: cpuinfo.replaceAll('9000', '9001') }],
  ])('differs with %s', (_words, change) => {
    expect(fingerprint({ ...facts, ...change }).hash).not.toBe(fingerprint(facts).hash);
  });

  it.each([
    ['the library', { tensorflow: null }],
    ['the thread count', { threads: 2 }],
    ['a switch of oneDNN', { env: { TF_ENABLE_ONEDNN_OPTS: '0' } }],
    ['the processor', { cpuinfo: cpuinfo.replaceAll('9000', '9001').replaceAll(' avx512f', '') }],
  ])('of the native kernels does not differ with %s, and differs with the kernels', (_words, change) => {
    const native = { ...facts, kernels: 'a' };
    expect(fingerprint({ ...native, ...change }).hash).toBe(fingerprint(native).hash);
    expect(fingerprint({ ...native, ...change, kernels: 'b' }).hash).not.toBe(fingerprint(native).hash);
    expect(fingerprint(native).hash).not.toBe(fingerprint(facts).hash);
  });

  it('does not depend on how many processors there are', () => {
    expect(fingerprint({ ...facts, cpuinfo: cpuinfo.split('\n\n')[0] ?? '' })).toEqual(fingerprint(facts));
  });
});

describe('devices and pins', () => {
  it('reads the list of nvidia-smi', () => {
    const [first, second, third] = ['GPU-5f1c0d2e-aa', 'GPU-6f1c0d2e-bb', 'GPU-7f1c0d2e-cc'];
    expect(
      parseGpus(
        `0, ${first}, NVIDIA H100 80GB HBM3, 81559 MiB\n1, ${second}, NVIDIA A100, SXM4, 40960 MiB\n` +
          `2, ${third}, NVIDIA GB10, [N/A]\n3, No, such, line\n`,
      ),
    ).toEqual([
      { index: 0, uuid: first, name: 'NVIDIA H100 80GB HBM3', memoryMB: 81559 },
      { index: 1, uuid: second, name: 'NVIDIA A100, SXM4', memoryMB: 40960 },
      { index: 2, uuid: third, name: 'NVIDIA GB10', memoryMB: 0 },
    ]);
    expect(parseGpus('NVIDIA-SMI has failed because it could not communicate with the driver.\n')).toEqual(
      [],
    );
  });

  it('uses only the GPUs that CUDA_VISIBLE_DEVICES names, by number or UUID', () => {
    const gpus = parseGpus('0, GPU-aa11, X, 1 MiB\n1, GPU-bb22, X, 1 MiB\n10, GPU-cc33, X, 1 MiB\n');
    const visible = (value?: string) =>
      visibleGpus(gpus, value === undefined ? {} : { CUDA_VISIBLE_DEVICES: value }).map(({ index }) => index);
    expect(visible()).toEqual([0, 1, 10]);
    expect(visible('')).toEqual([]);
    expect(visible('10, 0')).toEqual([0, 10]);
    expect(visible('GPU-bb')).toEqual([1]);
    expect(visible('-1')).toEqual([]);
  });

  it('takes the build that EMARS_ENGINE names, and refuses another word', async () => {
    expect(await wantedBuild({ EMARS_ENGINE: 'cuda' })).toEqual({ build: 'cuda', chosen: true });
    await expect(wantedBuild({ EMARS_ENGINE: 'gpu' })).rejects.toThrow(NativePartError);
  });

  it('pins every download by a whole SHA-256', () => {
    const wheels = (['cpu', 'cuda'] as const).flatMap((build) => {
      const pin = tensorflowPin(build, 'linux-x64');
      return pin === null ? [] : [pin.wheel, ...pin.libraries];
    });
    const broker = ['linux-x64', 'linux-arm64'].map((platform) => natsPin(platform).wheel);
    const hashes = [...wheels, ...broker].map((wheel) => wheel?.sha256 ?? '');
    expect(hashes).toHaveLength(16);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(tensorflowPin('cpu', 'win32-x64')).toBeNull();
  });

  it('orders versions by number', () => {
    expect(compareVersions('2.9.25', '2.10.0')).toBeLessThan(0);
    expect(compareVersions('2.15.1', '2.15.1')).toBe(0);
    expect(compareVersions('2.15.0-RC.1', '2.14.9')).toBeGreaterThan(0);
  });
});
