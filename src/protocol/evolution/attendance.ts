/**
 * Who takes part in the next step of an epoch. Members stay; a trainer that came meanwhile joins, takes the
 * learned state over from a member while the step is at work, and counts from then on; one that wants to
 * leave is out once the step is committed. The step before is over by then, so none waits for either.
 */
import type { Training } from './training-state.js';

/** A trainer is here that is no member: it joins with the next step. */
export function arrived(training: Training, id: string): Training {
  if (training.members.includes(id) || training.waiting.has(id)) return training;
  const leaving = without(training.leaving, [id]);
  return { ...training, leaving, waiting: new Set(training.waiting).add(id) };
}

/** Trainers that are not here any more do not join. */
export function departed(training: Training, ids: readonly string[]): Training {
  return { ...training, waiting: without(training.waiting, ids), leaving: without(training.leaving, ids) };
}

/** A trainer that is no member does not become one; a member is out with the next step. */
export function leaves(training: Training, id: string): Training {
  return {
    ...training,
    waiting: without(training.waiting, [id]),
    leaving: new Set(training.leaving).add(id),
  };
}

/** A trainer that was joining has the state: it said what it holds of this step. */
export function stands(training: Training, id: string): Training {
  return training.joining.has(id) ? { ...training, joining: without(training.joining, [id]) } : training;
}

/** Without the trainers that are gone. */
export function withoutMembers(training: Training, ids: readonly string[]): Training {
  return {
    ...training,
    members: training.members.filter((id) => !ids.includes(id)),
    joining: without(training.joining, ids),
    leaving: without(training.leaving, ids),
  };
}

/** True while a member holds the learned state. */
export function hasState({ members, joining }: Training): boolean {
  return members.some((id) => !joining.has(id));
}

/** The members of the step that begins now. Who holds the state last stays, whether it wants to leave or not. */
export function regrouped(training: Training, now: number): Training {
  const { members, waiting, leaving } = training;
  const left = withoutMembers(training, [...leaving]);
  const kept = hasState(left) ? left : training;
  if (waiting.size === 0) return kept.members.length === members.length ? training : kept;
  let { reportedAt } = kept;
  for (const id of waiting) reportedAt = reportedAt.with(id, now);
  return {
    ...kept,
    members: [...kept.members, ...waiting].sort(),
    joining: new Set([...kept.joining, ...waiting]),
    waiting: new Set(),
    reportedAt,
  };
}

/** At the end of an epoch: the same, and none joins any more. */
export function closing(training: Training): Training {
  const standing = withoutMembers(training, [...training.joining]);
  const left = withoutMembers(standing, [...training.leaving]);
  return left.members.length > 0 ? left : standing;
}

/** Who came and who left, in words; null: none. */
export function changes(before: readonly string[], after: readonly string[]): string | null {
  const came = after.filter((id) => !before.includes(id));
  const left = before.filter((id) => !after.includes(id));
  const words = [
    ...(came.length > 0 ? [`${came.join(', ')} joins`] : []),
    ...(left.length > 0 ? [`${left.join(', ')} leaves`] : []),
  ];
  return words.length > 0 ? words.join(', ') : null;
}

function without(ids: ReadonlySet<string>, gone: readonly string[]): ReadonlySet<string> {
  return new Set([...ids].filter((id) => !gone.includes(id)));
}
