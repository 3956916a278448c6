/** Which objectives a run measures, from its configuration: built-in ones and modules of the user. */
import { EmarsError } from '../../errors/error.js';
import { pathToFileURL } from 'node:url';
import type { Options } from '../../config/options.js';
import { builtinObjectives } from '../../objectives/builtin.js';
import type { Objective } from '../../objectives/objective.js';
import type { ObjectiveRule } from '../../search/state.js';

export class ObjectiveModuleError extends EmarsError {
  override readonly name = 'ObjectiveModuleError';
  readonly kind = 'usage';
}

/** The objectives of a run. Accuracy is always measured: potential and reports need it. */
export async function loadObjectives(options: Options): Promise<Objective[]> {
  const names = options.objectives.map(({ name, module }) => ({ name, module }));
  if (!names.some(({ name }) => name === 'accuracy')) names.unshift({ name: 'accuracy', module: null });
  return Promise.all(
    names.map(async ({ name, module }) => (module === null ? builtin(name) : fromModule(name, module))),
  );
}

/** The rules of a search for loaded objectives. */
export function objectiveRules(options: Options, objectives: readonly Objective[]): ObjectiveRule[] {
  return objectives.map(({ name, unit, direction, needs }) => {
    const chosen = options.objectives.find((option) => option.name === name);
    return { name, unit, needs, direction: chosen?.direction ?? direction, selects: chosen !== undefined };
  });
}

function builtin(name: string): Objective {
  const objective = builtinObjectives.get(name);
  if (objective === undefined)
    throw new ObjectiveModuleError(
      `expected one of the objectives ${[...builtinObjectives.keys()].join(', ')}, got "${name}"; ` +
        'give its module for one of your own',
    );
  return objective;
}

async function fromModule(name: string, path: string): Promise<Objective> {
  const loaded = (await import(pathToFileURL(path).href)) as { default?: Partial<Objective> };
  const objective = loaded.default;
  const complete =
    objective?.name === name &&
    typeof objective.unit === 'string' &&
    typeof objective.measure === 'function' &&
    (objective.direction === 'max' || objective.direction === 'min') &&
    (objective.needs === 'genome' || objective.needs === 'history' || objective.needs === 'weights');
  if (!complete)
    throw new ObjectiveModuleError(
      `expected ${path} to export by default { name: "${name}", unit, direction, needs, measure }, ` +
        'as in src/objectives/objective.ts',
    );
  return objective as Objective;
}
