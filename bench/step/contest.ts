/** What both sides of the step benchmark run: the paper's SuperNet, four random paths, two input sizes. */
import { generator } from '#emars/random/generator.js';
import type { Genome } from '#emars/space/genome.js';
import type { SearchSpace } from '#emars/space/space.js';
import { sampleGenome } from '#emars/space/variation.js';

/** Paper section III. */
export const space: SearchSpace = {
  stem: 32,
  widths: [24, 40, 80, 96, 192, 320],
  strides: [2, 2, 2, 1, 2, 1],
  blocks: [4, 4, 4, 4, 4, 1],
  operations: ['mb_k3_e3', 'mb_k3_e4', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e4', 'mb_k7_e3', 'mb_k7_e4', 'skip'],
  head: 1280,
  classes: 3,
};

/** [batch, depth, height, width]. */
export type Shape = readonly [number, number, number, number];
export const shapes: readonly Shape[] = [
  [4, 16, 64, 64],
  [4, 32, 64, 64],
];

export const genomes: readonly Genome[] = [0, 1, 2, 3].map((i) =>
  sampleGenome(space, generator(20210126, 'bench-step', i)),
);

/** One request to a contestant, one line of JSON; the answer is one line as well. */
export interface StepRequest {
  readonly shape: Shape;
  readonly genome: Genome;
}

export interface StepAnswer {
  /** Wall clock of forward, backward and SGD. */
  readonly milliseconds: number;
  readonly loss: number;
  readonly parameters: number;
  readonly peakMegabytes: number;
}
