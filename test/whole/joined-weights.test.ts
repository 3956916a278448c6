/** An objective that joins and needs weights, beside the built-in one of the same function: the same values. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { emars, emarsExits, untilSays } from './support/search-process.js';
import type { RunningSearch } from './support/search-process.js';
import { inEpoch, whileStopped } from './support/stopped.js';

const root = mkdtempSync(join(tmpdir(), 'emars-weights-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, 'run');
const twin = join(root, 'twin.mjs');

interface Row {
  readonly epoch: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Without its only trainer the search stands still in epoch 1 or before epoch 2: no machine is too quick. */
async function joinedWhileStopped(search: RunningSearch): Promise<RunningSearch> {
  let objective: RunningSearch | null = null;
  await whileStopped({ search, folder, id: 'trainer-0' }, inEpoch(1, 1), async () => {
    objective = emars(['objective', twin, '--run', folder, '--from', '3', '--json']);
    await untilSays(objective, '"event":"joined","since":3');
  });
  return objective!;
}

it('measures what an evaluator measures, with the scans and the weights of the run', async () => {
  const loss = pathToFileURL('dist/objectives/loss.js').href;
  writeFileSync(twin, `import { loss } from '${loss}';\nexport default { ...loss, name: 'twin' };\n`);
  const search = emars([
    ...['search', '--config', 'configs/smoke.yaml', '--seed', '4', '--trainers', '1', '--out', folder],
    ...['--set', 'objectives=[accuracy,size,loss]', '--set', 'runtime.silenceSeconds=600'],
  ]);
  const objective = await joinedWhileStopped(search);
  expect((await search.ended).code).toBe(0);
  const told = await objective.ended;
  expect([told.code, told.stderr]).toEqual([0, '']);

  const rows = readFileSync(join(folder, 'history.jsonl'), 'utf8').trim().split('\n');
  const measured = rows.map((line) => JSON.parse(line) as Row).filter(({ epoch }) => epoch >= 3);
  expect(measured.length).toBeGreaterThan(0);
  for (const { values } of measured) {
    expect(values['twin']).toBeTypeOf('number');
    expect(values['twin']).toBe(values['loss']);
  }
});

it('is refused where the run is on another host, with what to do', async () => {
  const { stderr } = await emarsExits(2, ['objective', twin, '--nats', 'nats://127.0.0.1:1', '--run', 'x']);
  expect(stderr).toMatch(/expected --run DIR, the folder of a run of this machine, for twin/);
});
