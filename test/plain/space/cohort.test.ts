/** The net of a cohort: the disjoint union of its members' networks. */
import { describe, expect, it } from 'vitest';
import { baselineOnScans } from '#emars/network/baselines/member.js';
import type { BaselineName } from '#emars/space/baseline-names.js';
import { cohortOf, longestVector, pathIn } from '#emars/space/cohort.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';

const space: SearchSpace = {
  stem: 4,
  widths: [4, 6],
  strides: [2, 1],
  blocks: [1, 1],
  operations: ['mb_k3_e2', 'mb_k5_e1', 'skip'],
  head: 8,
  classes: 2,
};
const genomes = [
  ['mb_k3_e2', 'skip'],
  ['mb_k5_e1', 'mb_k3_e2'],
  ['skip', 'skip'],
];
const baselineOf = (name: BaselineName): ReturnType<typeof baselineOnScans> =>
  baselineOnScans(name, space.classes);
const cohort = cohortOf(space, genomes, baselineOf);

describe('the net of a cohort', () => {
  it('gives every tensor to exactly one member', () => {
    const used = genomes.flatMap((genome) => pathIn(cohort, genome).parameters);
    expect(used).toEqual(cohort.layout.parameters.map((_, index) => index));
    const statistics = genomes.flatMap((genome) => pathIn(cohort, genome).statistics);
    expect(statistics).toEqual(cohort.layout.statistics.map((_, index) => index));
  });

  it('holds each member as its path stands in the SuperNet: names, shapes and order', () => {
    const net = superNetOf(space);
    genomes.forEach((genome, index) => {
      const [there, here] = [resolvePath(net, genome), pathIn(cohort, genome)];
      expect(here.parameters.map((i) => cohort.layout.parameters[i]!.name)).toEqual(
        there.parameters.map((i) => `member0${index}/${net.layout.parameters[i]!.name}`),
      );
      expect(here.vectorLength).toBe(there.vectorLength);
      const unit = here.stages[0]!.units[0]!;
      expect(cohort.layout.parameters[unit.weight]!.shape).toEqual([3, 3, 3, 1, 4]);
      expect(cohort.layout.parameters[here.classifier.bias]!.name).toBe(`member0${index}/classifier/bias`);
    });
  });

  it('lays tensors one behind the other without gaps', () => {
    let end = 0;
    for (const { offset, size } of cohort.layout.parameters) {
      expect(offset).toBe(end);
      end += size;
    }
    expect(cohort.layout.parameterCount).toBe(end);
    expect(longestVector(cohort)).toBe(
      Math.max(...genomes.map((genome) => pathIn(cohort, genome).vectorLength)),
    );
  });

  it('holds a baseline between others, all tensors of its layout in their order', () => {
    const mixed = cohortOf(space, [genomes[0]!, ['mc3-small'], genomes[2]!], baselineOf);
    const layout = baselineOf('mc3-small');
    const member = pathIn(mixed, ['mc3-small']);
    expect(member).toMatchObject({ baseline: 'mc3-small', vectorLength: longestVector(mixed) });
    expect(member.parameters.map((i) => mixed.layout.parameters[i]!.name)).toEqual(
      layout.parameters.map(({ name }) => `member01/${name}`),
    );
    expect(mixed.layout.parameters[member.classifier.weight]!.shape).toEqual([64, 2]);
    const all = [genomes[0]!, ['mc3-small'], genomes[2]!].flatMap((one) => pathIn(mixed, one).statistics);
    expect(all).toEqual(mixed.layout.statistics.map((_, index) => index));
  });

  it('refuses a genome that comes twice, and one that is no member', () => {
    expect(() => cohortOf(space, [genomes[0]!, genomes[0]!], baselineOf)).toThrow(/each member once/);
    expect(() => pathIn(cohort, ['skip', 'mb_k3_e2'])).toThrow(/one of the 3 networks of the run/);
  });
});
