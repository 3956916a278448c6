/** What a sandbox and the process within it say to each other, as JSON over its channel. */
import { z } from 'zod';
import { objectiveName, unit } from '../../wire/fields.js';

const reason = z.string().max(2000);
const callId = z.number().int().min(0);

/** What a module exports by default, without its function. */
const description = z.object({
  name: objectiveName,
  unit,
  direction: z.enum(['max', 'min']),
  needs: z.enum(['genome', 'history', 'weights']),
});
export type ObjectiveDescription = z.infer<typeof description>;

/** From the process: its module is code of a user, so nothing of it is believed. */
export const sandboxReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('described'), description }),
  z.object({ kind: z.literal('unfit'), reason }),
  z.object({ kind: z.literal('value'), call: callId, value: z.number(), defined: z.boolean() }),
  z.object({ kind: z.literal('failure'), call: callId, reason }),
]);
export type SandboxReply = z.infer<typeof sandboxReply>;

/** To the process: what its `measure` is called with. */
export interface SandboxCall {
  readonly call: number;
  readonly subject: object;
}

/** Longest reason that crosses. */
export const REASON_LENGTH = 2000;
