/**
 * Silent corruption: some slots of a step are computed by two trainers, on the same weights, and their digests
 * compared. Which slots follows from the seed. Where two differ, a third computes the slot too, and who stands
 * against a majority has computed wrongly. Plain data, replaced by each function; no clock of its own.
 */
import { generator } from '../random/generator.js';

/** One slot that is computed twice. */
export interface SlotCheck {
  readonly slot: number;
  /** Who holds the lease of the slot itself: it computes the slot anyway. */
  readonly owner: string;
  /** Who is asked to compute it once more; null: nobody, or nobody is left. */
  readonly asked: string | null;
  /** Trainer → what its computation came to: a digest, or `BAD`. */
  readonly votes: ReadonlyMap<string, string>;
}

/** Slot → its check; slots that nobody checks are not in it. */
export type SlotChecks = ReadonlyMap<number, SlotCheck>;

/** In place of a digest, of a vector that is no gradient: it may be once, and says nothing of the other's. */
const BAD = 'bad';

/** What a report says of a computation: its digest, or why there is none. */
export interface Computation {
  readonly slot: number;
  readonly digest: string | null;
  readonly bad: string | null;
}

/** Whether a slot is computed twice. `share`: of all slots, 0 to 1. */
function isChecked(seed: number, share: number, step: number, slot: number): boolean {
  return share > 0 && generator(seed, 'double-check', step, slot).uniform() < share;
}

/** Slots of a step that are to be computed twice. */
export function slotsToCheck(
  { seed, share }: { readonly seed: number; readonly share: number },
  step: number,
  slots: number,
): number[] {
  return Array.from({ length: slots }, (_, slot) => slot).filter((slot) =>
    isChecked(seed, share, step, slot),
  );
}

export function openChecks(slots: readonly number[]): SlotChecks {
  return new Map(slots.map((slot) => [slot, { slot, owner: '', asked: null, votes: new Map() }]));
}

/** A trainer has computed a slot that is checked; what is known of it already stays. */
export function voted(checks: SlotChecks, trainer: string, { slot, digest, bad }: Computation): SlotChecks {
  const check = checks.get(slot);
  const vote = bad === null ? digest : BAD;
  if (check === undefined || vote === null || check.votes.has(trainer)) return checks;
  return replaced(checks, { ...check, votes: new Map(check.votes).set(trainer, vote) });
}

export interface Holder {
  readonly slot: number;
  readonly owner: string;
  readonly diverged: boolean;
}

/**
 * The checks under these leases and members: what trainers that are gone have said counts no more, and where a
 * computation is missing another member is asked for it. A slot that is settled without a gradient needs none.
 */
export function assigned(
  checks: SlotChecks,
  leases: readonly Holder[],
  members: readonly string[],
): SlotChecks {
  let next = checks;
  for (const check of checks.values()) {
    const { owner, diverged } = leases[check.slot]!;
    const votes = votesOf(check, members);
    const isOpen = !diverged && stateOf({ ...check, owner, votes }, members) === 'open';
    const asked = isOpen ? askedNext({ ...check, owner, votes }, members) : null;
    if (owner !== check.owner || asked !== check.asked || votes !== check.votes)
      next = replaced(next, { ...check, owner, asked, votes });
  }
  return next;
}

/** Who was asked is late: another member is, where there is one. */
export function askedAgain(checks: SlotChecks, members: readonly string[]): SlotChecks {
  let next = checks;
  for (const check of checks.values()) {
    if (check.asked === null) continue;
    const others = candidates(check, members).filter((id) => id !== check.asked);
    const [first = null] = others.filter((id) => id > check.asked!).concat(others);
    if (first !== null) next = replaced(next, { ...check, asked: first });
  }
  return next;
}

/** True while a step must wait for a computation of a slot that is checked. */
export function isWaiting(checks: SlotChecks): boolean {
  return [...checks.values()].some(({ asked }) => asked !== null);
}

/** What a step plan says of the checks. */
export function asksOf(checks: SlotChecks): { readonly slot: number; readonly owner: string }[] {
  return [...checks.values()].flatMap(({ slot, asked }) => (asked === null ? [] : [{ slot, owner: asked }]));
}

/** True when other members are asked, so that they must be told. */
export function asksDiffer(before: SlotChecks, after: SlotChecks): boolean {
  return [...after.values()].some(({ slot, asked }) => asked !== null && asked !== before.get(slot)?.asked);
}

export interface Verdict {
  readonly slot: number;
  /** Who computed otherwise than most; empty where no majority is left to come. */
  readonly wrong: readonly string[];
  readonly others: readonly string[];
}

/** The first slot whose computations differ and will not be settled by another one; null: there is none. */
export function verdictOf(checks: SlotChecks, members: readonly string[]): Verdict | null {
  for (const check of checks.values()) {
    const state = stateOf(check, members);
    if (state !== 'open' && state !== 'agreed') return { slot: check.slot, ...state };
  }
  return null;
}

type CheckState = 'open' | 'agreed' | Omit<Verdict, 'slot'>;

function stateOf({ votes }: SlotCheck, members: readonly string[]): CheckState {
  const hasMore = members.some((id) => !votes.has(id));
  const counted = [...votes].filter(([, vote]) => vote !== BAD);
  const counts = new Map<string, number>();
  for (const [, vote] of counted) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
  if (first === undefined || second === undefined) return counted.length < 2 && hasMore ? 'open' : 'agreed';
  const those = (isRight: boolean): string[] =>
    counted.filter(([, vote]) => (vote === first[0]) === isRight).map(([id]) => id);
  if (first[1] > second[1]) return { wrong: those(false), others: those(true) };
  return hasMore ? 'open' : { wrong: [], others: counted.map(([id]) => id) };
}

/** Who is asked already, as long as it may compute; else the first member that may. */
function askedNext(check: SlotCheck, members: readonly string[]): string | null {
  const able = candidates(check, members);
  if (check.asked !== null && able.includes(check.asked)) return check.asked;
  // After the owner in the order of members, so that checks are spread as leases are.
  return able.find((id) => id > check.owner) ?? able[0] ?? null;
}

/** Members that have not computed the slot and do not do so by its lease. */
function candidates({ votes, owner }: SlotCheck, members: readonly string[]): string[] {
  return members.filter((id) => id !== owner && !votes.has(id));
}

function votesOf({ votes }: SlotCheck, members: readonly string[]): SlotCheck['votes'] {
  if ([...votes.keys()].every((id) => members.includes(id))) return votes;
  return new Map([...votes].filter(([id]) => members.includes(id)));
}

function replaced(checks: SlotChecks, check: SlotCheck): SlotChecks {
  return new Map(checks).set(check.slot, check);
}
