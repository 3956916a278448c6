/**
 * An objective that joins a running search, on real processes: in by a command, out by a command, kill -9 between.
 * Its own process or the only trainer is stopped where the search is to stand still: no machine is too quick then.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { RunningSearch } from './support/search-process.js';
import { emars, emarsExits, isAlive, kill9, readRun, untilSays } from './support/search-process.js';
import { inEpoch, whileStopped } from './support/stopped.js';

const root = mkdtempSync(join(tmpdir(), 'emars-objective-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string): string => join(root, name);
const begins = (name: string, ...settings: readonly string[]): RunningSearch =>
  emars([
    ...['search', '--config', 'configs/smoke.yaml', '--seed', '4', '--trainers', '1', '--out', folder(name)],
    ...['runtime.silenceSeconds=600', ...settings].flatMap((setting) => ['--set', setting]),
  ]);
const joins = (name: string, from: number, module = 'docs/examples/memory.mjs'): RunningSearch =>
  emars(['objective', module, '--run', folder(name), '--from', String(from), '--json']);
const frontOf = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');

interface Front {
  readonly objectives: readonly { readonly name: string; readonly since?: number }[];
  readonly former?: readonly { readonly name: string; readonly since: number; readonly reason: string }[];
  readonly front: readonly { readonly values: Record<string, number> }[];
}

/** The search stands still in epoch `epoch` until the objective has joined. */
async function joinedIn(
  epoch: number,
  search: RunningSearch,
  name: string,
  from: number,
): Promise<RunningSearch> {
  let objective: RunningSearch | null = null;
  await whileStopped({ search, folder: folder(name), id: 'trainer-0' }, inEpoch(epoch, epoch), async () => {
    objective = joins(name, from);
    await untilSays(objective, `"event":"joined","since":${from}`);
  });
  return objective!;
}

/** After an epoch or two that it has measured the objective is stopped: the search cannot go on without it. */
async function stopped(search: RunningSearch, name: string, objective: RunningSearch): Promise<void> {
  await whileStopped({ search, folder: folder(name), id: 'trainer-0' }, inEpoch(3, 4), () =>
    objective.child.kill('SIGSTOP'),
  );
}

/** Ends every process of a run at once, as a machine does that loses its power. */
async function killAll(search: RunningSearch, name: string): Promise<void> {
  const { processes } = readRun(folder(name))!;
  kill9(search.child.pid ?? null);
  for (const { pid } of processes) if (pid !== null && isAlive(pid)) kill9(pid);
  await search.ended;
}

it('joins after epoch 2 and stands in the front, with the same bytes after kill -9 of everything, there or not', async () => {
  const undisturbed = begins('one');
  const measuring = await joinedIn(3, undisturbed, 'one', 4);
  expect((await undisturbed.ended).code).toBe(0);
  const told = await measuring.ended;
  expect(told.code).toBe(0);
  expect(told.stdout).toContain('the search is over');
  const front = JSON.parse(frontOf('one')) as Front;
  expect(front.objectives.at(-1)).toEqual({ name: 'memory', direction: 'min', unit: 'MB', since: 4 });
  for (const { values } of front.front) expect(values['memory']).toBeGreaterThan(0);
  const report = readFileSync(join(folder('one'), 'report.html'), 'utf8');
  expect(report).toContain('memory (min) takes part since epoch 4');

  // Killed when the journal holds a part of its values: it comes back for the second life.
  const killed = begins('two');
  const first = await joinedIn(3, killed, 'two', 4);
  await whileStopped({ search: killed, folder: folder('two'), id: 'trainer-0' }, inEpoch(5, 5), async () => {
    kill9(first.child.pid ?? null);
    await killAll(killed, 'two');
  });
  await first.ended;
  const second = joins('two', 4);
  await emarsExits(0, ['search', '--resume', folder('two'), '--trainers', '1']);
  expect((await second.ended).code).toBe(0);
  expect(frontOf('two')).toBe(frontOf('one'));

  // Only the journal is left, which holds all its values: the search is told anew without a process of it.
  for (const file of ['run.json', 'front.json', 'history.jsonl', 'report.html'])
    rmSync(join(folder('one'), file));
  await emarsExits(0, ['search', '--resume', folder('one'), '--trainers', '1']);
  expect(frontOf('one')).toBe(frontOf('two'));
});

it('is taken out by name while the epoch waits for it, and the front says until when it took part', async () => {
  const running = begins('three');
  const measuring = await joinedIn(1, running, 'three', 2);
  await stopped(running, 'three', measuring);
  const removed = await emarsExits(0, ['objective', '--remove', 'memory', '--run', folder('three')]);
  expect(removed.stdout).toContain('goes on without memory');
  measuring.child.kill('SIGCONT');
  const unknown = await emars(['objective', '--remove', 'memory', '--run', folder('three')]).ended;
  expect(unknown.code).toBe(4);
  expect((await running.ended).code).toBe(0);
  await measuring.ended;
  const front = JSON.parse(frontOf('three')) as Front;
  expect(front.objectives.map(({ name }) => name)).not.toContain('memory');
  expect(front.former![0]).toMatchObject({ name: 'memory', since: 2, reason: 'it was removed' });
});

it('is gone without a word: the search goes on without it where that is configured, and says so', async () => {
  const running = begins('four', 'joining.onLost=drop', 'joining.silenceSeconds=3');
  const measuring = await joinedIn(1, running, 'four', 2);
  await stopped(running, 'four', measuring);
  const { code, stderr } = await running.ended;
  expect([code, stderr]).toEqual([0, expect.stringContaining('memory takes part no more, from epoch')]);
  measuring.child.kill('SIGKILL');
  await measuring.ended;
  const front = JSON.parse(frontOf('four')) as Front;
  expect(front.former![0]).toMatchObject({
    name: 'memory',
    since: 2,
    reason: expect.stringContaining('not heard') as string,
  });
  expect(readFileSync(join(folder('four'), 'report.html'), 'utf8')).toContain('memory (min)');
});
