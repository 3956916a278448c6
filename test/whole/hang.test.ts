/** A thread that hangs for good, in a real trainer: its other thread goes on with heartbeats, and ends the process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runFolder } from '#emars/run/folder.js';
import { emarsExits, readRun } from './support/search-process.js';

const root = mkdtempSync(join(tmpdir(), 'emars-hang-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/**
 * Loaded before all else into each process of the search: the first trainer that the run welcomes blocks its main thread,
 * which is to make the initial weights then.
 */
const HANG = `
import { existsSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const [, program = ''] = process.argv;
const flag = process.env.EMARS_TEST_HANG;
if (isMainThread && program.endsWith('trainer.js') && !existsSync(flag)) {
  const send = process.send.bind(process);
  process.send = (message, ...more) => {
    const sent = send(message, ...more);
    if (message.kind === 'welcomed') {
      writeFileSync(flag, '');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    return sent;
  };
}
`;

const args = (name: string, trainers = 2): string[] => [
  ...['search', '--config', 'configs/smoke.yaml', '--seed', '5', '--trainers', String(trainers)],
  ...['--set', 'warmup.epochs=0', '--set', 'evolution.epochs=1', '--out', join(root, name)],
];
const front = (name: string): string => readFileSync(join(root, name, 'front.json'), 'utf8');
beforeAll(() => emarsExits(0, args('undisturbed')));

it('a trainer whose main thread hangs while an epoch is prepared is ended, started again, and changes no byte', async () => {
  const hook = join(root, 'hang.mjs');
  writeFileSync(hook, HANG);
  const flag = join(root, 'has-hung');
  // The only one: with another the search could be over before this one is ended.
  const { stderr } = await emarsExits(0, [...args('hanging', 1), '--set', 'runtime.hangSeconds=15'], {
    NODE_OPTIONS: `--import ${hook}`,
    EMARS_TEST_HANG: flag,
  });
  expect(readFileSync(flag, 'utf8')).toBe('');
  expect(front('hanging')).toBe(front('undisturbed'));
  expect(stderr).toContain('trainer-0 died (SIGKILL)');
  const row = readRun(join(root, 'hanging'))!.processes.find(({ id }) => id === 'trainer-0');
  expect(row!.starts).toBeGreaterThanOrEqual(2);
  const log = readFileSync(runFolder(join(root, 'hanging')).log('trainer-0'), 'utf8');
  expect(log).toContain('expected load-epoch to end within 15 s, but it goes on');
});

it('evolution that stops in mid-epoch is replaced without help, and changes no byte', async () => {
  const { stderr } = await emarsExits(0, args('stopped'), {
    EMARS_FAILPOINT: 'evolution#1/after-journal-sync:5:stop',
  });
  expect(stderr).toContain('evolution is stopped, and is killed');
  expect(front('stopped')).toBe(front('undisturbed'));
  const row = readRun(join(root, 'stopped'))!.processes.find(({ role }) => role === 'evolution');
  expect(row!.starts).toBe(2);
});
