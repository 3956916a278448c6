/**
 * How long each trainer takes for its slots of a step: from the plan of the step until it holds all that it was
 * leased. For people; nothing is decided by it.
 */
import type { StepLedger } from '../../search/step-ledger.js';
import { leasesOf } from '../../search/step-ledger.js';
import type { Message } from '../../wire/messages.js';

export interface Pace {
  /** The last step that counts here: a trainer reports each step again and again. */
  readonly step: number;
  /** Milliseconds, smoothed. */
  readonly ms: number;
}

/** By trainer; those that have left stay known. */
export type Paces = ReadonlyMap<string, Pace>;

/** Weight of what is known against a new step. */
const KEPT = 0.8;

/** Takes a report in: of a trainer that holds all its own slots of the step, for the first time. */
export function paced(
  paces: Paces,
  ledger: StepLedger,
  { id, held }: Pick<Message<'SlotsHeld'>, 'id' | 'held'>,
  elapsedMs: number,
): Paces {
  const known = paces.get(id);
  if (known?.step === ledger.step) return paces;
  const own = leasesOf(ledger).filter(({ owner }) => owner === id);
  const isDone = own.every(({ slot, number }) =>
    held.some((each) => each.slot === slot && each.owner === id && each.number === number),
  );
  if (own.length === 0 || !isDone) return paces;
  const ms = known === undefined ? elapsedMs : KEPT * known.ms + (1 - KEPT) * elapsedMs;
  return new Map(paces).set(id, { step: ledger.step, ms });
}
