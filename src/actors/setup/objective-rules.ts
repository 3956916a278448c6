/** From what objectives say of themselves, and the configuration, to the rules of a search. */
import type { Options } from '../../config/options.js';
import type { ObjectiveRule } from '../../search/state.js';

type Described = Pick<ObjectiveRule, 'name' | 'unit' | 'direction'> & {
  readonly needs: 'genome' | 'history' | 'weights';
};

/** The rules of a search for the objectives that it measures. The direction of the configuration wins. */
export function objectiveRules(options: Options, objectives: readonly Described[]): ObjectiveRule[] {
  return objectives.map(({ name, unit, direction, needs }) => {
    const chosen = options.objectives.find((option) => option.name === name);
    return {
      name,
      unit,
      needs,
      direction: chosen?.direction ?? direction,
      selects: chosen !== undefined,
      ...(chosen === undefined || chosen.module === null ? {} : { isOwn: true }),
    };
  });
}
