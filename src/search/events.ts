/**
 * What happens to a search, as data. Each event is a journal record: the search state is a fold over
 * them (`apply`), so a run that was cut off anywhere is the fold over what its journal holds.
 */
import { z } from 'zod';

const count = z.number().int().min(0).max(0xffffffff);
const individualId = z.string().regex(/^[0-9a-f]{16}$/);
/** Text of an objective from outside; `src/wire` lets no longer one in. */
const shortText = z.string().max(64);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** (fence, owner, number): names one computation of a slot, never used twice. */
const attempt = z.object({ fence: count, owner: z.string(), number: count });

/** A digest; null, an empty text in the journal, where there is no vector. */
const digestOrNull = z.codec(z.string().regex(/^([0-9a-f]{64})?$/), sha256.nullable(), {
  decode: (text) => (text === '' ? null : text),
  encode: (digest) => digest ?? '',
});

/** A slot as committed: which attempt, the digest of its vector; `diverged`: weight 0, no digest. */
const committedSlot = attempt.extend({ slot: count, digest: digestOrNull, diverged: z.boolean() });

export const searchEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run-started'),
    format: z.literal(1),
    run: z.string(),
    options: sha256,
    /** Digest of the run's data; runs of an older version have none. */
    data: sha256.optional(),
  }),
  z.object({ type: z.literal('fence-raised'), fence: count }),
  z.object({ type: z.literal('numerics-fixed'), fingerprint: z.string(), canary: z.string() }),
  z.object({ type: z.literal('epoch-planned'), epoch: count, individuals: z.array(individualId) }),
  z.object({
    type: z.literal('step-committed'),
    epoch: count,
    step: count,
    slots: z.array(committedSlot),
    /** Leases that had to be given again before the step was whole. */
    repeated: count,
    /** Slots that two trainers computed, and came to the same; left out where there are none. */
    checked: count.optional(),
  }),
  /** Told to stop in mid-epoch: the learned state after so many steps of the run is in this snapshot. */
  z.object({ type: z.literal('step-saved'), epoch: count, sha256, step: count }),
  z.object({ type: z.literal('epoch-trained'), epoch: count, sha256, step: count }),
  z.object({
    type: z.literal('evaluated'),
    epoch: count,
    individual: individualId,
    objective: z.string(),
    value: z.number(),
    confusion: z.array(count).optional(),
    /** Who measured it. */
    worker: z.string(),
    /** False where the value stands for one that does not exist yet: a slope of one point. */
    defined: z.boolean().optional(),
  }),
  z.object({
    type: z.literal('evaluation-failed'),
    epoch: count,
    individual: individualId,
    objective: z.string(),
    reason: z.string(),
  }),
  /** An objective takes part from epoch `since` on, measured by a process of its own. */
  z.object({
    type: z.literal('objective-joined'),
    name: shortText,
    unit: shortText,
    direction: z.enum(['max', 'min']),
    needs: z.enum(['genome', 'history', 'weights']),
    since: count,
  }),
  /** It takes part no more: epoch `epoch`, at work, is selected without it already. */
  z.object({ type: z.literal('objective-left'), epoch: count, name: shortText, reason: z.string() }),
  z.object({ type: z.literal('selected'), epoch: count, survivors: z.array(individualId) }),
  /** A trainer computed a slot otherwise than most did: what it computes counts no more. */
  z.object({
    type: z.literal('worker-quarantined'),
    epoch: count,
    step: count,
    worker: z.string(),
    reason: z.string(),
  }),
  z.object({ type: z.literal('rolled-back'), epoch: count, reason: z.string() }),
  z.object({ type: z.literal('finished'), epoch: count }),
]);

export type SearchEvent = z.infer<typeof searchEvent>;
export type Attempt = z.infer<typeof attempt>;
export type CommittedSlot = z.infer<typeof committedSlot>;

/** Journal payload of an event. Errors: ZodError when it is no event of this format. */
export function encodeEvent(event: SearchEvent): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(z.encode(searchEvent, event)));
}

/** Reads a journal payload. Errors: SyntaxError or a ZodError when it is no event of this format. */
export function decodeEvent(payload: Uint8Array): SearchEvent {
  return z.decode(searchEvent, JSON.parse(new TextDecoder().decode(payload)) as never);
}
