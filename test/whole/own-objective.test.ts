/** An objective that is a function of the calling program: stopped, resumed, and against the same one as a module. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { GenomeObjective, Run, SearchRequest } from '#emars/index.js';
import { readRun, resume, search } from '#emars/index.js';

const root = mkdtempSync(join(tmpdir(), 'emars-own-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const POPULATION = 6;
const BODY = `({ genome }) => ({ value: genome.filter((operation) => operation !== 'skip').length })`;
const depth: GenomeObjective = {
  name: 'depth',
  unit: 'blocks',
  direction: 'min',
  needs: 'genome',
  measure: ({ genome }) => ({ value: genome.filter((operation) => operation !== 'skip').length }),
};

const request = (
  name: string,
  objective: NonNullable<NonNullable<SearchRequest['options']>['objectives']>[0],
) => ({
  options: {
    supernet: { stem: 8, widths: [8], strides: [2], blocks: [3], head: 16 },
    input: { slices: 8, size: 16 },
    training: { batch: 4, individualsPerStep: 2 },
    warmup: { epochs: 0 },
    evolution: { population: POPULATION, keep: 3, epochs: 3 },
    objectives: ['accuracy', objective],
    data: { phantom: { patients: 12, scansPerPatient: 1, slices: 8, size: 16 } },
  },
  trainers: 1,
  out: join(root, name),
});

/** Every value that a run has found, by epoch and individual. */
async function valuesOf(run: Run): Promise<unknown> {
  await run.result;
  const { history, front } = await readRun(run.folder);
  return {
    history: history.map(({ epoch, id, values, selected }) => ({ epoch, id, values, selected })),
    front: front!.front.map(({ id }) => id),
    objectives: front!.objectives,
  };
}

it('gives the search that a module with the same function gives, also after a stop and a resume', async () => {
  const module = join(root, 'depth.mjs');
  writeFileSync(
    module,
    `export default { name: 'depth', unit: 'blocks', direction: 'min', needs: 'genome', measure: ${BODY} };`,
  );
  const ofModule = await valuesOf(search(request('module', { name: 'depth', direction: 'min', module })));
  const whole = search(request('whole', depth));
  expect(await valuesOf(whole)).toEqual(ofModule);

  const stop = new AbortController();
  let calls = 0;
  // Stopped from within, as soon as a newborn of the second epoch is measured: no quick machine is over by then.
  const stopping: GenomeObjective = {
    ...depth,
    measure: (subject) => {
      if (++calls > POPULATION) stop.abort(new Error('enough'));
      return depth.measure(subject);
    },
  };
  const stopped = search({ ...request('stopped', stopping), signal: stop.signal });
  await expect(stopped.result).rejects.toThrow('enough');
  const resumed = resume(stopped.folder, { objectives: [depth], trainers: 2 });
  expect(await valuesOf(resumed)).toEqual(ofModule);
  const bytes = (run: Run): string => readFileSync(join(run.folder, 'front.json'), 'utf8');
  expect(bytes(resumed)).toBe(bytes(whole));
});

it('that throws is a failed measurement, with its reason, and never a value', async () => {
  const moody: GenomeObjective = {
    ...depth,
    measure: ({ genome }) => {
      if (genome[0]!.includes('k3')) throw new Error('nothing to measure');
      return { value: genome.length };
    },
  };
  const run = search(request('moody', moody));
  await run.result;
  const { history } = await readRun(run.folder);
  const failed = history.filter(({ genome }) => genome[0]!.includes('k3'));
  expect(failed.length).toBeGreaterThan(0);
  for (const { values, failed: reasons } of failed)
    expect([values['depth'], reasons]).toEqual([undefined, { depth: 'nothing to measure' }]);
  const sound = history.filter(({ genome }) => !genome[0]!.includes('k3'));
  expect(sound.length).toBeGreaterThan(0);
  for (const { values } of sound) expect(values['depth']).toBe(3);
});
