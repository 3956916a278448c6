/**
 * `model.json`: everything about a trained network that is not a weight. Retraining, baselines,
 * evaluation, prediction, heat maps and export read and write this one form.
 *
 * There is no time, no path and no host in it: equal seeds give equal bytes.
 */
import { z } from 'zod';
import { schema as config } from '../config/schema.js';
import type { ScoreName } from '../metrics/scores.js';
import { SCORE_NAMES } from '../metrics/scores.js';
import { BASELINE_NAMES } from '../space/baseline-names.js';
import type { Operation } from '../space/space.js';

/** Raised when an old reader would misunderstand a new file. */
export const MODEL_FORMAT = 1;

const MOST_CLASSES = 10_000;
const LONGEST_NAME = 256;
const MOST_BLOCKS = 4096;

const digest = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected a SHA-256 in hexadecimal digits' });
const count = z.int().min(0);
const classCount = z.int().min(2).max(MOST_CLASSES);
const name = z.string().min(1).max(LONGEST_NAME);
/** Typed by hand: the recursive type of JSON is too deep for the compiler. */
const settings: z.ZodType<Readonly<Record<string, unknown>>> = z.record(
  z.string().max(LONGEST_NAME),
  z.json(),
);
const genome = z.array(z.string().max(16)).max(MOST_BLOCKS) as unknown as z.ZodType<readonly Operation[]>;

export const architectureSchema = z.discriminatedUnion('kind', [
  /** A path of a search space. */
  z.strictObject({
    kind: z.literal('path'),
    space: config.shape.supernet.extend({
      operations: config.shape.supernet.shape.operations as unknown as z.ZodType<readonly Operation[]>,
      classes: classCount,
    }),
    genome,
  }),
  /** A network designed by hand, by name. */
  z.strictObject({
    kind: z.literal('baseline'),
    baseline: z.enum(BASELINE_NAMES),
    classes: classCount,
  }),
]);

const scores = Object.fromEntries(SCORE_NAMES.map((score) => [score, z.number().nullable()])) as Record<
  ScoreName,
  z.ZodNullable<z.ZodNumber>
>;
const interval = z.strictObject({ low: z.number(), high: z.number(), defined: count }).nullable();
const intervals = Object.fromEntries(SCORE_NAMES.map((score) => [score, interval])) as Record<
  ScoreName,
  typeof interval
>;

const range = z.strictObject({ low: z.number(), high: z.number() });
/** Smallest and largest of the scans of the training side, as they were before they were brought to a size. */
const seen = z.strictObject({
  slices: range,
  /** Pixels of a slice. */
  height: range,
  width: range,
  /** Millimetres between slices and between pixels; null where no scan says it. */
  spacing: z.strictObject({ slices: range, pixels: range }).nullable(),
  /** Mean of what the network sees of a scan, windowed to [0, 1], before standardisation. */
  intensity: range,
});

/** A `ScoreReport`: figures on one set of scans, with intervals by patient. */
const report = z.strictObject({
  n: count,
  patients: count,
  ...scores,
  confusion: z.array(z.array(count).max(MOST_CLASSES)).max(MOST_CLASSES),
  intervals: z.strictObject(intervals),
});

export const modelSchema = z.strictObject({
  format: z.literal(MODEL_FORMAT),
  architecture: architectureSchema,
  /** Size to which a scan is brought: slices x size x size, of the middle `crop` of each side of a slice. */
  input: config.shape.input.extend({
    /** Left out by older versions, which saw whole slices. */
    crop: config.shape.input.shape.crop.default(1),
  }),
  /** In the order of the logits. */
  classes: z.array(name).min(2).max(MOST_CLASSES),
  /** Class of precision, sensitivity, specificity and F1; null where none was named. */
  positive: name.nullable(),
  /** From voxels to what the network sees: window (Hounsfield units) to [0, 1], then (x - mean) / std. */
  preprocessing: z.strictObject({
    window: config.shape.data.shape.window,
    mean: z.number(),
    std: z.number().positive(),
  }),
  training: z.strictObject({
    seed: config.shape.seed,
    epochs: count,
    /** Epoch whose weights these are, from 0; null: the last. */
    chosenEpoch: count.nullable(),
    /** How it was trained, as configured: optimiser, rates, augmentation … */
    options: settings,
  }),
  data: z.strictObject({
    /** Of the split file: which patients were on which side. */
    splitSha256: digest.nullable(),
    /** Scans of each side. */
    training: count,
    validation: count,
    test: count,
    /** Left out by older versions. */
    seen: seen.optional(),
  }),
  /** Divides the logits before softmax, fitted on D_val; null: not calibrated. */
  temperature: z.number().positive().nullable(),
  metrics: z.strictObject({
    validation: report.nullable(),
    /** Null until the test set was opened. */
    test: report.nullable(),
  }),
  weights: z.strictObject({
    /** Beside model.json. Parameters, then batch-norm statistics, little-endian float32, in layout order. */
    file: z
      .string()
      .regex(/^weights-[0-9a-f]{16}\.f32$/, { error: 'expected weights-<16 hexadecimal digits>.f32' }),
    sha256: digest,
    /** Floats. */
    parameters: count,
    statistics: count,
    /** Of the names and shapes of all tensors, in order. */
    layout: digest,
  }),
});

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** What stands in `model.json`. */
export type ModelDocument = Immutable<z.output<typeof modelSchema>>;

/** The part that is the writer's to say; the rest follows from the weights. */
export type ModelDescription = Omit<ModelDocument, 'format' | 'weights'>;
