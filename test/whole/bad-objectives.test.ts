/** Objectives of the configuration that are modules of users: honest ones count, the others end with a reason. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningSearch } from './support/search-process.js';
import { emars, emarsExits, untilSays } from './support/search-process.js';
import { inEpoch, whileStopped } from './support/stopped.js';

const root = mkdtempSync(join(tmpdir(), 'emars-own-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (name: string): string => join(root, name);

/** A module whose `measure` has this body. */
function moduleOf(name: string, needs: string, body: string): void {
  const text = `export default { name: '${name}', unit: '', direction: 'min', needs: '${needs}', measure(subject) { ${body} } };`;
  writeFileSync(at(`${name}.mjs`), text);
}

const BAD = {
  throws: ['genome', `throw new Error('no such layer');`, 'no such layer'],
  hangs: ['genome', 'for (;;);', 'it did not answer within 1 s'],
  'not-a-number': ['history', 'return { value: NaN };', '{ value: NaN }'],
  text: ['genome', `return { value: '7' };`, "{ value: '7' }"],
  huge: ['history', 'return { value: 1e308 };', '{ value: 1e+308 }'],
  leaves: ['genome', 'process.exit(0);', 'its process ended with code 0'],
  hungry: [
    'genome',
    'const all = []; for (;;) all.push(Buffer.alloc(2 ** 28, 1));',
    'more than its 2048 MB of memory',
  ],
  'throws-late': ['weights', `throw new Error('no such tensor');`, 'no such tensor'],
} as const;

interface Front {
  readonly objectives: readonly { readonly name: string }[];
  readonly former?: readonly { readonly name: string; readonly until: number; readonly reason: string }[];
  readonly front: readonly { readonly id: string; readonly values: Record<string, number> }[];
}
const frontOf = (name: string): Front => JSON.parse(readFileSync(at(`${name}/front.json`), 'utf8')) as Front;

/** A small search by accuracy and size, with these objectives beside. */
function search(name: string, own: readonly string[]): string[] {
  const objectives = own.map((objective) => {
    // Long enough for a crowded machine, where the deadline is not what is looked at.
    const deadline = objective === 'hangs' ? 1 : 300;
    return `  - {name: ${objective}, direction: min, module: ${at(`${objective}.mjs`)}, deadline: ${deadline}}`;
  });
  writeFileSync(
    at(`${name}.yaml`),
    ['objectives:', '  - accuracy', '  - size', ...objectives, ''].join('\n'),
  );
  return [
    ...['search', '--config', 'configs/smoke.yaml', '--config', at(`${name}.yaml`), '--out', at(name)],
    ...['--trainers', '1', '--seed', '3'],
  ];
}

beforeAll(() => {
  for (const [name, [needs, body]] of Object.entries(BAD)) moduleOf(name, needs, body);
  moduleOf('blocks', 'genome', `return { value: subject.genome.filter((op) => op !== 'skip').length };`);
  moduleOf('scans', 'weights', 'return { value: subject.dataset.validation.length };');
});

it('bad ones are left out with their reasons, and the front is the one without them', async () => {
  await emarsExits(0, search('without', []));
  const { stderr } = await emarsExits(0, search('with', Object.keys(BAD)));
  const [honest, result] = [frontOf('without'), frontOf('with')];
  expect(result.objectives.map(({ name }) => name)).toEqual(['accuracy', 'size']);
  expect(result.front).toEqual(honest.front);
  const report = readFileSync(at('with/report.html'), 'utf8');
  for (const [name, [, , reason]] of Object.entries(BAD)) {
    const former = result.former!.find((objective) => objective.name === name)!;
    expect(former.reason).toContain(reason);
    expect(former.until).toBe(0);
    expect(stderr).toMatch(
      new RegExp(`the objective ${name} takes part no more, from epoch 1 on: 5 measure`),
    );
    expect(report).toContain(`${name} (min) was left out`);
  }
});

it('bad ones that join are left out with their reasons in their first epoch; the search goes on', async () => {
  const running = emars([...search('joined', []), '--set', 'runtime.silenceSeconds=600']);
  const bad = Object.keys(BAD).filter((name) => name !== 'throws-late');
  const joins = (name: string): RunningSearch =>
    emars([
      ...['objective', at(`${name}.mjs`), '--run', at('joined'), '--from', '2', '--json'],
      ...['--deadline', name === 'hangs' ? '1' : '300', '--memory', '512'],
    ]);
  let joined: RunningSearch[] = [];
  // Without its only trainer the search stands still until all are there.
  await whileStopped({ search: running, folder: at('joined'), id: 'trainer-0' }, inEpoch(1, 1), async () => {
    joined = bad.map(joins);
    await Promise.all(joined.map((one) => untilSays(one, '"event":"joined","since":2')));
  });
  const { code, stderr } = await running.ended;
  expect(code, stderr).toBe(0);
  const { objectives, former } = frontOf('joined');
  expect(objectives.map(({ name }) => name)).toEqual(['accuracy', 'size']);
  const report = readFileSync(at('joined/report.html'), 'utf8');
  for (const [i, name] of bad.entries()) {
    const reason = BAD[name as keyof typeof BAD][2].replace('2048 MB', '512 MB');
    const ended = await joined[i]!.ended;
    expect([name, ended.code]).toEqual([name, 4]);
    for (const text of [ended.stderr, former!.find((one) => one.name === name)!.reason])
      expect(text).toMatch(/5 measurements in a row failed/);
    expect(former!.find((one) => one.name === name)!.reason).toContain(reason);
    expect(stderr).toContain(`the objective ${name} takes part no more, from epoch 2 on: 5 measure`);
    expect(report).toContain(`${name} (min) was left out`);
  }
});

it('honest ones of a genome and of weights stand in the front', async () => {
  await emarsExits(0, search('honest', ['blocks', 'scans']));
  const { front, former } = frontOf('honest');
  expect(former).toBeUndefined();
  expect(new Set(front.map(({ values }) => values['scans']))).toEqual(new Set([10]));
  const history = readFileSync(at('honest/history.jsonl'), 'utf8').trim().split('\n');
  for (const line of history) {
    const { genome, values } = JSON.parse(line) as { genome: string[]; values: Record<string, number> };
    expect(values['blocks']).toBe(genome.filter((operation) => operation !== 'skip').length);
  }
});

it('one that cannot be loaded, or has another name, is refused before anything is made', async () => {
  writeFileSync(at('unlicensed.mjs'), `throw new Error('missing licence');`);
  const { stderr } = await emarsExits(2, search('refused', ['unlicensed']));
  expect(stderr).toMatch(/emars: .*unlicensed\.mjs cannot be loaded: missing licence/);
  writeFileSync(at('named.mjs'), readFileSync(at('blocks.mjs')));
  const other = await emarsExits(2, search('refused', ['named']));
  expect(other.stderr).toContain('export the objective "named", got "blocks"');
  expect(existsSync(at('refused'))).toBe(false);
  // As a search that is waited for: the module is loaded first.
  mkdirSync(at('waited-for'));
  writeFileSync(at('waited-for/config.yaml'), readFileSync('configs/smoke.yaml'));
  const joining = await emarsExits(2, ['objective', at('unlicensed.mjs'), '--run', at('waited-for')]);
  expect(joining.stderr).toMatch(/unlicensed\.mjs cannot be loaded: missing licence/);
});
