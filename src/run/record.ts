/** `run.json`: what happens in a run, or happened. Never an input to the search; it differs from run to run. */
import { z } from 'zod';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { RUN_PHASES } from '../wire/schemas.js';
import { count, longText, shortText } from './fields.js';
import type { RunFolder } from './folder.js';
import { parseJson, readOptional, readRequired } from './read-file.js';

const seconds = z.number().min(0).max(1e10);

const deviceSeen = z.object({
  /** CUDA_VISIBLE_DEVICES of the process. */
  visible: shortText,
  /** Of the GPU, by its driver; empty for a CPU. */
  uuid: shortText,
  name: shortText,
  /** MB of 2^20 bytes. */
  memoryMB: count,
  /** Devices that TensorFlow lists; none where the native kernels compute. */
  tensorflow: z.array(shortText).max(64),
});

const processSchema = z.object({
  role: shortText,
  id: shortText,
  /** Null for a broker that is not ours, and between death and restart. */
  pid: count.nullable().default(null),
  device: shortText.nullable().default(null),
  /** Bytes, resident, at most. */
  peakMemory: count.nullable().default(null),
  /** Times it was started: 2 after one death. */
  starts: count.nullable().default(null),
  /** Gradient slots computed and committed. */
  slots: count.nullable().default(null),
  /** The first step of the run that it computed a slot of; null: none, or no trainer. */
  joinedAtStep: count.nullable().default(null),
  /** Seconds of a step, smoothed: from its plan to the last of this trainer's own slots. */
  stepSeconds: seconds.nullable().default(null),
  evaluations: count.nullable().default(null),
  /** Bytes, resident, now. */
  memory: count.nullable().default(null),
  /** Processor time of the last seconds, in processors: 1 is one that never rests. */
  busy: z.number().min(0).max(4096).nullable().default(null),
  /** Of the time of a trainer's slots, what went into bringing scans together; null: none told. */
  dataShare: z.number().min(0).max(1).nullable().default(null),
  /** What a worker sees of its device. */
  seen: deviceSeen.nullable().default(null),
  /** Why what it computes counts no more: it computed a slot otherwise than most. */
  quarantined: longText.nullable().default(null),
});
/**
 * One process of a run.
 * @useDeclaredType
 */
export type ProcessRecord = z.infer<typeof processSchema>;

/** Phase → seconds: `trainSeconds` and its like, and `totalSeconds`. A newer writer may know more phases. */
const timingsSchema = z.record(
  z.string().regex(/^[a-zA-Z]{1,32}Seconds$/, 'expected a name such as trainSeconds'),
  seconds.nullable(),
);
/**
 * Phase → seconds, as `trainSeconds`, and `totalSeconds`.
 * @useDeclaredType
 */
export type Timings = z.infer<typeof timingsSchema>;

/** Dead letters in the record; the others are in `dead-letters.jsonl`. */
export const LAST_DEAD_LETTERS = 20;
const deadLetter = z.object({ by: shortText, expected: shortText, subject: longText, reason: longText });

const badScan = z.object({ path: longText, reason: longText });

export const recordSchema = z.object({
  format: z.literal(1),
  status: z.enum(['running', 'finished', 'interrupted', 'failed']),
  /** Why a run has failed; left out of the file where it has not. */
  error: longText.nullable().default(null),
  /** What the search is at, and how far. */
  phase: z.enum(RUN_PHASES).default('preparing'),
  epoch: count.default(0),
  epochs: count.default(0),
  /** Steps of the whole run. */
  step: count.default(0),
  processes: z.array(processSchema).max(1e5).default([]),
  repeatedSlots: count.default(0),
  /** Gradient slots that two trainers computed, with the same result. */
  checkedSlots: count.default(0),
  duplicateResults: count.default(0),
  /** Epochs that were begun again from their snapshot. */
  rolledBackEpochs: count.default(0),
  resumedFromEpoch: z.number().int().min(0).max(1e6).nullable().default(null),
  /** Scans that were left out. */
  badScans: z.array(badScan).max(1e6).default([]),
  /** Messages that nobody could use. */
  deadLetters: count.default(0),
  /** The last of them: who refused what, and why. */
  lastDeadLetters: z.array(deadLetter).max(LAST_DEAD_LETTERS).default([]),
  timings: timingsSchema.default({}),
  /** What decides the bits of a result: TensorFlow, CPU, threads, Node. */
  fingerprint: z.record(shortText, z.unknown()).default({}),
});
/**
 * `run.json`.
 * @useDeclaredType
 */
export type RunRecord = z.infer<typeof recordSchema>;

/** Replaces `run.json`. */
export async function writeRecord(folder: RunFolder, record: RunRecord): Promise<void> {
  const { format, status, error, ...others } = record;
  const document = { format, status, ...(error === null ? {} : { error }), ...others };
  await writeFileAtomic(folder.run, JSON.stringify(document, null, 2) + '\n');
}

/** Errors: RunFolderError for a missing or damaged file. */
export async function readRecord(folder: RunFolder): Promise<RunRecord> {
  return parseJson(folder.run, recordSchema, await readRequired(folder.run, 'is this a run folder?'));
}

/** The record where it can be read, else null: for those who can do without. */
export async function readRecordIfSound(folder: RunFolder): Promise<RunRecord | null> {
  const bytes = await readOptional(folder.run).catch(() => null);
  if (bytes === null) return null;
  try {
    return parseJson(folder.run, recordSchema, bytes);
  } catch {
    return null;
  }
}
