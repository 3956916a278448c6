/** An objective that joins a running search, on real processes: in by a command, out by a command, kill -9 between. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { emars, emarsExits, isAlive, kill9, untilRun } from './support/search-process.js';

const root = mkdtempSync(join(tmpdir(), 'emars-objective-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string): string => join(root, name);
/** More scans, more networks a step and TensorFlow: an epoch then takes longer than a process to start. */
const SLOW = ['data.phantom.patients=64', 'training.individualsPerStep=6', 'engine.native=off'];
const search = (name: string): string[] => [
  ...['search', '--config', 'configs/smoke.yaml', '--seed', '4', '--trainers', '1', '--out', folder(name)],
  ...SLOW.flatMap((setting) => ['--set', setting]),
];
const joins = (name: string): string[] => [
  ...['objective', 'docs/examples/memory.mjs', '--run', folder(name), '--from', '4', '--json'],
];
const frontOf = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');

interface Front {
  readonly objectives: readonly { readonly name: string; readonly since?: number }[];
  readonly front: readonly { readonly values: Record<string, number> }[];
}

it('an objective that joins after epoch 2 stands in the front, with the same bytes after kill -9 of everything', async () => {
  const undisturbed = emars(search('one'));
  await untilRun(undisturbed, folder('one'), 'epoch 2', ({ epoch }) => epoch >= 2);
  const measuring = emars(joins('one'));
  expect((await undisturbed.ended).code).toBe(0);
  const told = await measuring.ended;
  expect(told.code).toBe(0);
  expect(told.stdout).toContain('{"event":"joined","since":4}');
  expect(told.stdout).toContain('the search is over');

  const front = JSON.parse(frontOf('one')) as Front;
  expect(front.objectives.at(-1)).toEqual({ name: 'memory', direction: 'min', unit: 'MB', since: 4 });
  for (const { values } of front.front) expect(values['memory']).toBeGreaterThan(0);
  const report = readFileSync(join(folder('one'), 'report.html'), 'utf8');
  expect(report).toContain('memory (min) takes part since epoch 4');

  const killed = emars(search('two'));
  await untilRun(killed, folder('two'), 'epoch 2', ({ epoch }) => epoch >= 2);
  const first = emars(joins('two'));
  const run = await untilRun(killed, folder('two'), 'epoch 4', ({ epoch }) => epoch >= 4);
  kill9(first.child.pid ?? null);
  kill9(killed.child.pid ?? null);
  for (const { pid } of run.processes) if (pid !== null && isAlive(pid)) kill9(pid);
  await killed.ended;
  const second = emars(joins('two'));
  await emarsExits(0, ['search', '--resume', folder('two'), '--trainers', '1']);
  expect((await second.ended).code).toBe(0);
  expect(frontOf('two')).toBe(frontOf('one'));
});

it('is taken out by name, and the front says until when it took part', async () => {
  const running = emars(search('three'));
  await untilRun(running, folder('three'), 'epoch 1', ({ epoch }) => epoch >= 1);
  const measuring = emars([...joins('three').map((word) => (word === '4' ? '2' : word))]);
  await untilRun(running, folder('three'), 'epoch 4', ({ epoch }) => epoch >= 4);
  const removed = await emarsExits(0, ['objective', '--remove', 'memory', '--run', folder('three')]);
  expect(removed.stdout).toContain('goes on without memory');
  expect((await measuring.ended).stdout).toContain('"reason":"removed"');
  const unknown = await emars(['objective', '--remove', 'memory', '--run', folder('three')]).ended;
  expect(unknown.code).toBe(4);
  expect((await running.ended).code).toBe(0);
  const front = JSON.parse(frontOf('three')) as Front & { former: { reason: string; since: number }[] };
  expect(front.objectives.map(({ name }) => name)).not.toContain('memory');
  expect(front.former[0]).toMatchObject({ name: 'memory', since: 2, reason: 'it was removed' });
});
