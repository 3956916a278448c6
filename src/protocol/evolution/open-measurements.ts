/** What an objective that joined has to measure in the epoch at work, and on which weights. */
import { NO_ACCURACY, takesPartIn } from '../../search/joined-objectives.js';
import type { JoinedObjective } from '../../search/state.js';
import type { Turn } from './turn.js';

/** The weights that it is measured on; null where it needs none. */
export function snapshotFor({ search }: Turn, { rule }: JoinedObjective): string | null {
  return rule.needs === 'weights' ? search.trainedSnapshot : null;
}

/**
 * Individuals that the objective has to measure now. One of history waits for the accuracy of this epoch; so does one
 * of weights, for then the snapshot has been read.
 */
export function openFor(turn: Turn, member: JoinedObjective): string[] {
  const { name, needs } = member.rule;
  if (!takesPartIn(member, turn.search.epoch)) return [];
  const open: string[] = [];
  for (const individual of turn.search.evaluees) {
    const measurements = turn.search.measured.get(individual) ?? {};
    if (name in measurements) continue;
    const { accuracy } = measurements;
    if (needs !== 'genome' && accuracy === undefined) continue;
    if (needs === 'history' && accuracy?.failure !== undefined) {
      const { epoch } = turn.search;
      turn.commit({ type: 'evaluation-failed', epoch, individual, objective: name, reason: NO_ACCURACY });
      if (turn.search.phase !== 'evaluating') return [];
    } else open.push(individual);
  }
  return open;
}
