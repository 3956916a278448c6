/** Who did what, folded from the journal, so that it survives every restart. */
import type { SearchEvent } from '../../search/events.js';

export interface Tally {
  /** Committed slots by trainer. */
  readonly slots: ReadonlyMap<string, number>;
  /** The first step (of the run) that a trainer computed a slot of. */
  readonly joinedAt: ReadonlyMap<string, number>;
  /** Counted evaluations by worker. */
  readonly evaluations: ReadonlyMap<string, number>;
  readonly repeatedSlots: number;
  /** Slots that two trainers computed. */
  readonly checkedSlots: number;
}

export const emptyTally: Tally = {
  slots: new Map(),
  joinedAt: new Map(),
  evaluations: new Map(),
  repeatedSlots: 0,
  checkedSlots: 0,
};

export function tallied(tally: Tally, event: SearchEvent): Tally {
  switch (event.type) {
    case 'step-committed': {
      const slots = new Map(tally.slots);
      const joinedAt = new Map(tally.joinedAt);
      for (const { owner } of event.slots) {
        slots.set(owner, (slots.get(owner) ?? 0) + 1);
        if (!joinedAt.has(owner)) joinedAt.set(owner, event.step);
      }
      const repeatedSlots = tally.repeatedSlots + event.repeated;
      const checkedSlots = tally.checkedSlots + (event.checked ?? 0);
      return { ...tally, slots, joinedAt, repeatedSlots, checkedSlots };
    }
    case 'evaluated': {
      const counted = (tally.evaluations.get(event.worker) ?? 0) + 1;
      return { ...tally, evaluations: new Map(tally.evaluations).set(event.worker, counted) };
    }
    default:
      return tally;
  }
}
