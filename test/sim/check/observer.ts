/**
 * Watches a simulated run from above and says what must never be seen, whatever the faults:
 *
 * - an attempt (fence, owner, number) names one computation, so it is leased for one slot of one step;
 * - a step has one outcome: what any trainer applies and what the journal says are the same;
 * - what a trainer has applied has happened: it stands in the journal (`finish`);
 * - a journal, cut after any record, is the beginning of a search (`foldPrefixes`).
 */
import { apply } from '#emars/search/apply.js';
import type { CommittedSlot, SearchEvent } from '#emars/search/events.js';
import { decodeEvent } from '#emars/search/events.js';
import type { SearchRules, SearchState } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';

type Outcome = Pick<CommittedSlot, 'fence' | 'owner' | 'number' | 'diverged'>;

/** Something that must not be: the simulation ends with it. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export class Observer {
  /** Attempt → the slot it was leased for. */
  private readonly attempts = new Map<string, string>();
  /** Step of an era (the time between two rollbacks) → outcome. */
  private readonly outcomes = new Map<string, { readonly outcome: string; readonly teller: string }>();
  private readonly journalled = new Set<string>();
  /** Fence → rollbacks before it. */
  private readonly eras = new Map<number, number>();
  /** A synced record was lost: what was told of it is void, which cannot be seen from here. */
  private journalShortened = false;

  constructor(
    /** False where fences are taken away: what a worker is told then has none. */
    private readonly fenced: boolean,
  ) {}

  /** Events that evolution has decided; they may be on their way to the disk. */
  decided(events: readonly SearchEvent[], { rollbacks }: SearchState): void {
    for (const event of events) {
      if (event.type === 'fence-raised') this.eras.set(event.fence, rollbacks);
    }
  }

  /** Events that are on disk for good. */
  synced(events: readonly SearchEvent[], { fence }: SearchState): void {
    for (const event of events) {
      if (event.type === 'step-committed')
        this.journalled.add(this.outcome(event.step, fence, event.slots, 'the journal'));
    }
  }

  /** The search is done. Errors: Violation when something was applied that never happened. */
  finish(): void {
    if (this.isBlind) return;
    for (const [key, { outcome, teller }] of this.outcomes) {
      if (!this.journalled.has(key))
        throw new Violation(`${teller} applied ${outcome} (${key}), which the journal does not have`);
    }
  }

  leased(
    step: number,
    leases: readonly { fence: number; owner: string; number: number; slot: number }[],
  ): void {
    for (const { fence, owner, number, slot } of leases) {
      const attempt = `${this.fenced ? fence : 'no fence'}/${owner}/${number}`;
      const place = `slot ${slot} of step ${step}`;
      const known = this.attempts.get(attempt) ?? place;
      if (known !== place && !this.journalShortened)
        throw new Violation(`attempt ${attempt} was leased for ${known}, and again for ${place}`);
      this.attempts.set(attempt, place);
    }
  }

  applied(trainer: string, step: number, fence: number, slots: readonly Outcome[]): void {
    this.outcome(step, fence, slots, trainer);
  }

  /** A bit turned in a group that was synced: an opening of the journal cuts it off. */
  shortened(): void {
    this.journalShortened = true;
  }

  private get isBlind(): boolean {
    return this.journalShortened || !this.fenced;
  }

  /** Returns the name of the step in its era. */
  private outcome(step: number, fence: number, slots: readonly Outcome[], teller: string): string {
    const key = `step ${step} after ${this.eras.get(fence) ?? 'unknown'} rollbacks`;
    const outcome = slots
      .map(({ fence: of, owner, number, diverged }) => (diverged ? 'diverged' : `${of}/${owner}/${number}`))
      .join(' ');
    const known = this.outcomes.get(key);
    if (known !== undefined && known.outcome !== outcome && !this.isBlind)
      throw new Violation(
        `${key} has two outcomes: ${known.outcome} (${known.teller}) and ${outcome} (${teller})`,
      );
    this.outcomes.set(key, known ?? { outcome, teller });
    return key;
  }
}

/** Folds records from the beginning; each prefix must be a state. Errors: Violation. */
export function foldPrefixes(rules: SearchRules, records: readonly Uint8Array[]): SearchState {
  let state = initialState();
  const counted = new Set<string>();
  records.forEach((record, index) => {
    try {
      const event = decodeEvent(record);
      state = apply(rules, state, event);
      if (event.type !== 'evaluated' && event.type !== 'evaluation-failed') return;
      const key = `${event.epoch}/${event.individual}/${event.objective}`;
      if (counted.has(key)) throw new Violation(`the evaluation ${key} is counted twice`);
      counted.add(key);
    } catch (cause) {
      if (cause instanceof Violation) throw cause;
      throw new Violation(
        `record ${index} of the journal does not continue the search: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  });
  return state;
}
