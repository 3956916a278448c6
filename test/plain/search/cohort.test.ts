/** A retraining as a search with a fixed cohort: none is drawn, bred or dropped, and an epoch is chosen. */
import { describe, expect, it } from 'vitest';
import type { Genome } from '#emars/space/genome.js';
import { genomeId } from '#emars/space/genome.js';
import { RULES, wholeSearch } from './support.js';

const cohort: Genome[] = [
  ['mb_k3_e3', 'skip', 'mb_k5_e3', 'skip'],
  ['mb_k7_e3', 'mb_k7_e3', 'skip', 'mb_k3_e3'],
  ['skip', 'skip', 'skip', 'skip'],
];
const rules = {
  ...RULES,
  cohort,
  warmupEpochs: 0,
  population: 3,
  keep: 3,
  individualsPerStep: 3,
};
const ids = cohort.map(genomeId);

describe('a search with a cohort', () => {
  const { states, events } = wholeSearch(rules);
  const end = states.at(-1)!;

  it('trains the cohort in its order in every epoch, and no other', () => {
    const planned = events.filter((event) => event.type === 'epoch-planned');
    expect(planned).toHaveLength(rules.epochs);
    for (const { individuals } of planned) expect(individuals).toEqual(ids);
    expect([...end.individuals.keys()].sort()).toEqual([...ids].sort());
  });

  it('trains every member on every mini-batch', () => {
    for (const { trained } of end.individuals.values())
      expect(trained).toBe(rules.epochs * rules.stepsPerEpoch);
  });

  it('lets all of them live through every selection', () => {
    const selections = events.filter((event) => event.type === 'selected');
    expect(selections).toHaveLength(rules.epochs);
    for (const { survivors } of selections) expect(survivors).toEqual(ids);
  });

  it('chooses the epoch and the member that are best by the first deciding objective', () => {
    const rows = end.history.map(({ epoch, id, measurements }) => ({
      epoch,
      id,
      value: measurements['accuracy']!.value!,
    }));
    const best = rows.reduce((a, b) => (b.value > a.value ? b : a));
    expect(end.chosen).toMatchObject({ epoch: best.epoch, individual: best.id, value: best.value });
  });
});

it('chooses nothing in a search', () => {
  expect(wholeSearch().states.every(({ chosen }) => chosen === null)).toBe(true);
});
