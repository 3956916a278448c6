/**
 * What each key may be on its own: type and range. Relations between keys stand in `relations.ts`.
 * A message of a check is what was expected, in words; the place and what came are added in `load.ts`.
 */
import { z } from 'zod';
import { BASELINE_NAMES } from '../space/baseline-names.js';
import { objectives } from './objectives.js';
import type { Options } from './options.js';

const checked = (expected: string, valid: (value: number) => boolean) =>
  z.number({ error: expected }).refine(valid, { error: expected });

const integer = (low: number, high: number) =>
  checked(
    `an integer from ${low} to ${high}`,
    (value) => Number.isInteger(value) && value >= low && value <= high,
  );
/** low ≤ value ≤ high */
const number = (low: number, high: number) =>
  checked(`a number from ${low} to ${high}`, (value) => value >= low && value <= high);
/** low < value ≤ high */
const positive = (high: number) =>
  checked(`a number above 0, at most ${high}`, (value) => value > 0 && value <= high);
/** 0 ≤ value < 1 */
const share = () => checked('a number from 0 to 1, 1 excluded', (value) => value >= 0 && value < 1);
const flag = () => z.boolean({ error: 'true or false' });
const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });
const text = (expected: string) =>
  z
    .string({ error: expected })
    .refine((value) => value.length > 0 && value.length <= 4096 && !value.includes('\0'), {
      error: expected,
    });

/** A list of 1 to `most` things; `all` says in words what the list is. */
const list = <T extends z.ZodType>(element: T, most: number, all: string) =>
  z.array(element, { error: all }).min(1, { error: all }).max(most, { error: all });

const MOST_CELLS = 64;
const MOST_BLOCKS = 4096;
const MOST_MEMBERS = 100;
const OPERATION = /^(?:skip|mb_k(?:[1-9]|[1-3]\d)_e(?:[1-9]|1\d|2\d|3[0-2]))$/;
const operation = z
  .string({ error: 'an operation like skip or mb_k3_e6' })
  .refine((name) => OPERATION.test(name) && !/_k\d*[02468]_/.test(name), {
    error: 'an operation: skip, or mb_k{odd kernel, 1 to 39}_e{expansion, 1 to 32}',
  });

export const schema = z.strictObject({
  seed: integer(0, 2 ** 32 - 1),
  engine: z.strictObject({
    threads: integer(1, 256),
    numerics: choice('exact', 'tolerant'),
    native: choice('auto', 'off'),
  }),
  supernet: z.strictObject({
    stem: integer(1, 4096),
    widths: list(integer(1, 4096), MOST_CELLS, 'a list of channels, one a cell'),
    strides: list(integer(1, 2), MOST_CELLS, 'a list of strides (1 or 2), one a cell'),
    blocks: list(integer(1, 64), MOST_CELLS, 'a list of numbers of blocks, one a cell'),
    operations: list(operation, 64, 'a list of candidate operations'),
    head: integer(1, 16384),
  }),
  cohort: list(
    list(
      z.union([operation, z.enum(BASELINE_NAMES)], { error: 'an operation, or a baseline by name' }),
      MOST_BLOCKS,
      'a genome, a list of operations, one a block; or the name of one baseline in a list',
    ),
    MOST_MEMBERS,
    'null, or a list of genomes or baselines to train',
  ).nullable(),
  cohortWeights: list(
    text('the path of a file'),
    MOST_MEMBERS,
    'null, or a list of files of first weights, one a member of the cohort',
  ).nullable(),
  input: z.strictObject({
    slices: integer(1, 1024),
    size: integer(4, 1024),
    crop: number(0.05, 1),
  }),
  training: z.strictObject({
    batch: integer(1, 4096),
    individualsPerStep: integer(1, 1024),
    microBatches: integer(1, 1024),
    optimizer: choice('sgd', 'adam'),
    learningRate: positive(10),
    finalLearningRate: positive(10).nullable(),
    schedule: choice('linear', 'cosine'),
    momentum: share(),
    weightDecay: number(0, 1),
    beta1: share(),
    beta2: share(),
    epsilon: positive(1),
    dropout: share(),
    flips: z.strictObject({ horizontal: flag(), vertical: flag() }),
    randomDepth: flag(),
    augment: z.strictObject({
      shift: number(0, 0.5),
      rotation: number(0, 45),
      zoom: number(0, 0.5),
      scale: number(0, 0.9),
      offset: number(0, 1),
    }),
    classWeights: flag(),
    labelSmoothing: share(),
    weightAverage: share(),
  }),
  warmup: z.strictObject({
    epochs: integer(0, 100_000),
    candidates: integer(1, 1_000_000).nullable(),
  }),
  evolution: z.strictObject({
    population: integer(2, 10_000),
    keep: integer(1, 10_000),
    epochs: integer(1, 100_000),
    crossoverProbability: number(0, 1),
    mutationProbability: number(0, 1),
    selector: choice('nsga3', 'merged-fronts', 'nsga2', 'random', 'top-accuracy'),
    partitions: integer(1, 1000).nullable(),
  }),
  objectives,
  evaluation: z.strictObject({
    batchNorm: choice('recalibrate', 'running', 'batch'),
    batch: integer(1, 4096),
    recalibrationBatches: integer(1, 1024),
  }),
  data: z.strictObject({
    path: text('the path of a folder, or null for phantoms').nullable(),
    phantom: z.strictObject({
      seed: integer(0, 2 ** 32 - 1),
      patients: integer(1, 100_000),
      scansPerPatient: integer(1, 100),
      classes: list(choice('Normal', 'NCP', 'CP'), 3, 'a list of two or three of Normal, NCP, CP'),
      slices: integer(4, 512),
      size: integer(16, 1024),
      contrast: number(0, 10),
      format: choice('png', 'tif', 'nii'),
    }),
    window: z.strictObject({ low: number(-32768, 32767), high: number(-32768, 32767) }),
    dicom: z.strictObject({
      series: choice('most-slices', 'thinnest', 'all'),
      patients: choice('header', 'folder'),
    }),
    onBadScan: choice('fail', 'skip'),
    shuffleLabels: flag(),
    split: z.strictObject({
      validation: share(),
      test: share(),
      seed: integer(0, 2 ** 32 - 1),
      file: text('the path of a split file, or null').nullable(),
    }),
    positive: text('the name of a class, or null').nullable(),
  }),
  joining: z.strictObject({
    onLost: choice('wait', 'drop'),
    silenceSeconds: number(1, 3600),
  }),
  runtime: z.strictObject({
    leaseSeconds: number(0.1, 86_400),
    heartbeatSeconds: number(0.05, 60),
    silenceSeconds: number(0.1, 3600),
    askSeconds: number(0.1, 3600),
    checkDigestEvery: integer(1, 1_000_000),
    doubleCheck: number(0, 1),
    restarts: integer(0, 1000),
    hangSeconds: number(1, 86_400),
    waitForTrainersSeconds: number(1, 604_800),
  }),
});

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object | null ? Mutable<T[K]> : T[K] };
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
/**
 * Schema and `Options` say the same: if not, this line does not compile.
 *
 * @public as nothing imports it
 */
export const schemaIsOptions: Same<z.output<typeof schema>, Mutable<Options>> = true;
