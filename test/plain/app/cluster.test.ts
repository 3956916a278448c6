/** What is looked at before a cluster starts, on the real command line; the driver's tool is a script. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeCluster } from '#emars/app/cluster.js';
import { config, emars, mistake } from './run-emars.js';

const root = mkdtempSync(join(tmpdir(), 'emars-cluster-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const UUID = 'GPU-5f1c0d2e-1111-2222-3333-444444444444';
const SMOKE = ['--config', config('smoke.yaml'), '--out', join(root, 'out')];
let withDriver: Record<string, string>;

beforeAll(() => {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh
[ "$*" = "--query-gpu=index,uuid,name,memory.total --format=csv,noheader" ] || exit 9
echo "0, ${UUID}, NVIDIA H200, 143771 MiB"
`;
  writeFileSync(join(bin, 'nvidia-smi'), script);
  chmodSync(join(bin, 'nvidia-smi'), 0o755);
  withDriver = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, EMARS_RUNTIME_DIR: join(root, 'runtime') };
});

describe('emars cluster', { timeout: 120_000 }, () => {
  it('says all faults at once and starts nothing', async () => {
    mkdirSync(join(root, 'no-scans'));
    const huge = ['input.size=1024', 'input.slices=512', 'training.batch=16', 'training.microBatches=1'];
    const { code, stderr } = await emars(
      ['cluster', '--gpus', 'none', ...SMOKE, ...huge.flatMap((setting) => ['--set', setting])].concat(
        '--data',
        join(root, 'no-scans'),
      ),
    );
    expect(code).toBe(4);
    const said = stderr.split('\n').filter((line) => line.startsWith('emars: '));
    expect(said[0]).toMatch(/^emars: memory: expected about .* GB for 4 trainers and an evaluator, got /);
    expect(said[1]).toMatch(/no-scans: no scans found/);
    expect(said).toHaveLength(2);
  });

  it('ends with 3 where only the scans are at fault', async () => {
    const { code, stderr } = await emars(['cluster', '--gpus', 'none', ...SMOKE, '--data', '/nowhere']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('/nowhere')]);
    mkdirSync(join(root, 'empty'));
    const empty = await emars(['cluster', '--gpus', 'none', ...SMOKE, '--data', join(root, 'empty')]);
    expect(empty.code).toBe(3);
  });

  it('takes the GPUs of the driver by itself, and refuses those that TensorFlow does not use', async () => {
    const { code, stderr } = await emars(['cluster', ...SMOKE], { env: withDriver });
    expect(stderr).toContain(`trainer-0 on cuda:0, NVIDIA H200, ${UUID}\n`);
    expect(stderr).toContain(`evaluator-0 on cuda:0, NVIDIA H200, ${UUID}\n`);
    expect(stderr).toMatch(
      /emars: cuda:0 is not available.*the NVIDIA driver: it lists cuda:0; TensorFlow: it sees only cpu/,
    );
    expect(code).toBe(4);
  });

  it('leaves alone what a scheduler has given to others', async () => {
    const { stderr } = await emars(['cluster', ...SMOKE, '--data', '/nowhere'], {
      env: { ...withDriver, CUDA_VISIBLE_DEVICES: '3' },
    });
    expect(stderr).toContain('no GPU here: 4 trainers on the CPU');
  });

  it.each([
    [['--gpus', '0,x'], /--gpus: expected all, none, or a list of numbers/],
    [['--gpus', '1,1'], /cuda:1 twice/],
    [['--resume', root, '--seed', '3'], /--resume: expected no --seed/],
  ])('refuses %j', async (flags, message) => {
    const { code, lines } = await mistake('cluster', ...flags);
    expect(code).toBe(2);
    expect(lines.join()).toMatch(message);
  });

  it('says who computes where', () => {
    const gpus = [0, 1].map((index) => ({ index, uuid: `GPU-${index}`, name: 'X', memoryMB: 1 }));
    const devices = ['cuda:0', 'cuda:1'];
    expect(
      describeCluster({ trainers: 2, minTrainers: 0, devices, evaluatorDevice: 'cuda:0' }, gpus),
    ).toEqual([
      'trainer-0 on cuda:0, X, GPU-0',
      'trainer-1 on cuda:1, X, GPU-1',
      'evaluator-0 on cuda:0, X, GPU-0',
    ]);
    expect(
      describeCluster({ trainers: 4, minTrainers: 0, devices: ['cpu'], evaluatorDevice: 'cpu' }, []),
    ).toEqual(['no GPU here: 4 trainers on the CPU']);
  });
});
