/** What messages of and to objectives that join may hold, and the individual that they are about. */
import { z } from 'zod';
import {
  count,
  fileDigestOrNull,
  genomeId,
  list,
  messageOrNull,
  name,
  objectiveName,
  reasonOrNull,
  token,
  unit,
} from './fields.js';

/** Individuals of one request to an objective that joined, and points of a history: together below the size limit. */
export const SUBJECTS = 16;
export const HISTORY_POINTS = 2048;

const BLOCKS = 1000;
const CELLS = 100;

export const individual = z.object({ id: genomeId, genome: list(name, BLOCKS) });
const direction = z.enum(['max', 'min']);
const needs = z.enum(['genome', 'history', 'weights']);
const context = z.object({
  stem: count,
  widths: list(count, CELLS),
  strides: list(count, CELLS),
  blocks: list(count, CELLS),
  operations: list(name, BLOCKS),
  head: count,
  classes: count,
  slices: count,
  size: count,
});
const measureSubject = z.object({
  individual,
  history: list(z.object({ epoch: count, accuracy: z.number() }), HISTORY_POINTS),
});

export const objectiveSchemas = {
  ObjectiveHello: z.object({
    protocol: count,
    name: objectiveName,
    unit,
    direction,
    needs,
    incarnation: token,
    since: count,
    joined: z.boolean(),
  }),
  ObjectiveReply: z.object({
    accepted: z.boolean(),
    reason: reasonOrNull,
    busy: z.boolean(),
    fence: count,
    epoch: count,
    since: count,
    context: messageOrNull(context),
  }),
  ObjectiveLeave: z.object({ name: objectiveName }),
  MeasureRequest: z.object({
    name: objectiveName,
    incarnation: token,
    fence: count,
    epoch: count,
    subjects: list(measureSubject, SUBJECTS),
    snapshot: fileDigestOrNull,
  }),
  MeasureResult: z.object({
    name: objectiveName,
    incarnation: token,
    fence: count,
    epoch: count,
    individual: genomeId,
    value: z.number(),
    isUndefined: z.boolean(),
    error: reasonOrNull,
    snapshot: fileDigestOrNull,
  }),
} as const;
