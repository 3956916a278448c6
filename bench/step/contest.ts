/** What both sides of the step benchmark run: the paper's SuperNet, four random paths, two input sizes, training and evaluation. */
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

export interface Discipline {
  readonly name: string;
  readonly work: 'step' | 'evaluate';
  readonly shape: Shape;
  /** Peer's time / our time that is aimed at, by threads. */
  readonly goals: Readonly<Record<number, number>>;
}

export const disciplines: readonly Discipline[] = [
  { name: 'step, 4 x 16x64x64', work: 'step', shape: [4, 16, 64, 64], goals: { 1: 6, 2: 4.5 } },
  { name: 'step, 4 x 32x64x64', work: 'step', shape: [4, 32, 64, 64], goals: { 1: 6, 2: 4.5 } },
  { name: 'evaluation, 16 x 16x64x64', work: 'evaluate', shape: [16, 16, 64, 64], goals: { 1: 1.8 } },
  { name: 'evaluation, 16 x 32x64x64', work: 'evaluate', shape: [16, 32, 64, 64], goals: { 1: 1.8 } },
];

export const genomes: readonly Genome[] = [0, 1, 2, 3].map((i) =>
  sampleGenome(space, generator(20210126, 'bench-step', i)),
);

/** One request to a contestant, one line of JSON; the answer is one line as well. */
export interface StepRequest {
  readonly work: 'step' | 'evaluate';
  readonly shape: Shape;
  readonly genome: Genome;
}

export interface StepAnswer {
  /** Wall clock of forward, backward and SGD; of an evaluation: of the logits of all scans. */
  readonly milliseconds: number;
  /** Of an evaluation: the first logit. Finite, or nothing was computed. */
  readonly loss: number;
  readonly parameters: number;
  readonly peakMegabytes: number;
}
