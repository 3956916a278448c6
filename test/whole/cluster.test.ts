/** The cluster script on real processes: without GPUs four trainers, with the front of one. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningSearch } from './support/search-process.js';
import { emarsExits, kill9, readRun, untilRun } from './support/search-process.js';

const SCRIPT = fileURLToPath(new URL('../../scripts/cluster.sh', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'emars-cluster-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string): string => join(root, name);
const frontOf = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');
/** Four times the scans: an epoch is then long enough to lose a trainer in. */
const SMOKE = ['--config', 'configs/smoke.yaml', '--set', 'data.phantom.patients=96', '--seed', '21'];

function clusterScript(...flags: string[]): RunningSearch {
  const child = spawn(SCRIPT, flags, {
    env: { ...process.env, CUDA_VISIBLE_DEVICES: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<Awaited<RunningSearch['ended']>>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended, output: () => stdout + stderr };
}

beforeAll(async () => {
  await emarsExits(0, ['search', ...SMOKE, '--trainers', '1', '--out', folder('one')]);
});

it('starts four trainers where there is no GPU, says so, and gives the front of one trainer', async () => {
  const { code, stderr } = await clusterScript(...SMOKE, '--out', folder('four')).ended;
  expect(stderr).toContain('no GPU here: 4 trainers on the CPU');
  expect(code).toBe(0);
  const trainers = readRun(folder('four'))!.processes.filter(({ role }) => role === 'trainer');
  expect(trainers.map(({ id }) => id)).toEqual(['trainer-0', 'trainer-1', 'trainer-2', 'trainer-3']);
  // Each says what it sees: no GPU.
  for (const { seen } of trainers) expect(seen).toMatchObject({ visible: '', uuid: '' });
  expect(frontOf('four')).toBe(frontOf('one'));
});

it('gives it too when one of them is killed, and starts that one again', async () => {
  const running = clusterScript(...SMOKE, '--out', folder('killed'));
  const run = await untilRun(
    running,
    folder('killed'),
    'the second epoch trains',
    ({ epoch, phase }) => epoch === 2 && phase !== 'evaluating',
  );
  kill9(run.processes.find(({ id }) => id === 'trainer-2')!.pid);
  expect((await running.ended).code).toBe(0);
  expect(frontOf('killed')).toBe(frontOf('one'));
  expect(readRun(folder('killed'))!.processes.find(({ id }) => id === 'trainer-2')!.starts).toBe(2);
});
