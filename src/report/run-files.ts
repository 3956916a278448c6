/**
 * The files of a run folder as they must look, each as one schema with limits.
 *
 * The run folder is the only source of a report, and it may come from another machine or another
 * version: nothing in it is trusted. Unknown fields are ignored, so that a newer writer may add some;
 * a known field of the wrong kind is an error. `docs/guides/run-folder.md` explains each field.
 */
import { z } from 'zod';

/** Bytes a file may have; a larger one is refused before it is read. */
export const FILE_LIMITS = {
  'config.yaml': 2 ** 20,
  'split.json': 2 ** 26,
  'history.jsonl': 2 ** 28,
  'front.json': 2 ** 26,
  'run.json': 2 ** 24,
} as const;

export type RunFileName = keyof typeof FILE_LIMITS;

const shortText = z.string().max(256);
const longText = z.string().max(8192);
const count = z.number().int().min(0).max(1e12);
const seconds = z.number().min(0).max(1e10);
const epochNumber = z.number().int().min(1).max(1e6);
const individualId = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits');
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');
const genome = z.array(z.string().min(1).max(64)).min(1).max(1024);
/** Magnitudes above this would overflow when squared; selection refuses them as well. */
const MAX_MAGNITUDE = 1e150;
const values = z.record(z.string().min(1).max(64), z.number().min(-MAX_MAGNITUDE).max(MAX_MAGNITUDE));

/** One individual in one epoch: a line of `history.jsonl`. */
export const historyLineSchema = z.object({
  /** Counted from 1, warm-up epochs included. */
  epoch: epochNumber,
  id: individualId,
  genome,
  /** Objective name → value, in the objective's unit; accuracies from 0 to 1. */
  values,
  /** Mini-batches this genotype was trained on, up to now. */
  trained: count,
  /** `[true class][predicted class]`, scans of D_val. */
  confusion: z.array(z.array(count).max(1000)).max(1000).nullish(),
  /** False where fewer than two accuracies exist, so that the slope does not. */
  potentialDefined: z.boolean().nullish(),
  /** Objective name → why it could not be measured. */
  failed: z.record(z.string().min(1).max(64), longText).nullish(),
  /** True if selection kept it. */
  selected: z.boolean().nullish(),
});
export type HistoryLine = z.infer<typeof historyLineSchema>;

const scanSchema = z.object({ id: longText, patient: shortText, class: shortText });

/** `split.json`: which scan is on which side, and whose it is. */
export const splitSchema = z.object({
  format: z.literal(1),
  classes: z.array(shortText).min(1).max(1000),
  /** Null for a split that was given, not drawn. */
  seed: z.number().int().nullish(),
  /** Shares of the patients by side; the rest trains. */
  fractions: z.record(shortText, z.number().min(0).max(1)).nullish(),
  train: z.array(scanSchema).max(1e6),
  validation: z.array(scanSchema).max(1e6),
  test: z.array(scanSchema).max(1e6),
});
export type Split = z.infer<typeof splitSchema>;

const objectiveSchema = z.object({
  name: z.string().min(1).max(64),
  direction: z.enum(['max', 'min']),
  unit: z.string().max(64),
});
export type Objective = z.infer<typeof objectiveSchema>;

const frontMemberSchema = z.object({
  id: individualId,
  genome,
  values,
  /** Pairs [epoch, accuracy], one for each epoch in which it was evaluated. */
  history: z.array(z.tuple([epochNumber, z.number()])).max(1e6),
});
export type FrontMember = z.infer<typeof frontMemberSchema>;

/** `front.json`: the result, with equal bytes for equal searches. */
export const frontSchema = z.object({
  format: z.literal(1),
  objectives: z.array(objectiveSchema).min(1).max(32),
  epoch: epochNumber,
  front: z.array(frontMemberSchema).max(1e5),
  weights: z.object({ sha256, step: count }),
  history: z.object({ sha256 }),
});
export type Front = z.infer<typeof frontSchema>;

const processSchema = z.object({
  role: shortText,
  id: shortText,
  pid: count.nullish(),
  /** Times it was started: 2 after one death. */
  starts: count.nullish(),
  device: shortText.nullish(),
  slots: count.nullish(),
  evaluations: count.nullish(),
  /** Bytes. */
  peakMemory: count.nullish(),
});
export type ProcessRecord = z.infer<typeof processSchema>;

/** Phase → seconds: `trainSeconds` and its like, and `totalSeconds`. A newer writer may know more phases. */
const timingsSchema = z.record(
  z.string().regex(/^[a-zA-Z]{1,32}Seconds$/, 'expected a name such as trainSeconds'),
  seconds.nullable(),
);
export type Timings = z.infer<typeof timingsSchema>;

/** `run.json`: what happens, or happened. Unlike `front.json` it differs from run to run. */
export const runStateSchema = z.object({
  format: z.literal(1),
  status: z.enum(['running', 'finished', 'interrupted', 'failed']),
  /** Why a run has failed. */
  error: longText.nullish(),
  processes: z.array(processSchema).max(1e5).default([]),
  repeatedSlots: count.default(0),
  duplicateResults: count.default(0),
  /** Epochs that were begun again from their snapshot. */
  rolledBackEpochs: count.default(0),
  resumedFromEpoch: z.number().int().min(0).max(1e6).nullish(),
  /** A number, or each scan that was left out with its reason. */
  badScans: z.union([count, z.array(z.object({ path: longText, reason: longText })).max(1e6)]).default(0),
  timings: timingsSchema.default({}),
  fingerprint: z.record(shortText, z.unknown()).default({}),
});
export type RunState = z.infer<typeof runStateSchema>;

/** `config.yaml` belongs to the room of the configuration; here it is a tree of plain values. */
export const settingsSchema = z.record(z.string().max(256), z.unknown());
export type Settings = z.infer<typeof settingsSchema>;
