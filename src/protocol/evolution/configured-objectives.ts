/** Objectives of the configuration as an epoch is evaluated: those that fail again and again are done without. */
import type { ObjectiveRule } from '../../search/state.js';
import type { Turn } from './turn.js';

/** Objectives of the configuration that the epoch at work measures. */
export function configured({ rules, search }: Turn): readonly ObjectiveRule[] {
  return rules.objectives.filter(({ name }) => !search.dismissed.has(name));
}

/** Says once that an objective of the configuration is done without. */
export function sayDismissed(turn: Turn, name: string, before: ReadonlyMap<string, unknown>): void {
  const dismissed = turn.search.dismissed.get(name);
  if (dismissed === undefined || before.has(name)) return;
  turn.say(`goes on without the objective ${name} from epoch ${dismissed.epoch} on: ${dismissed.reason}`);
}
