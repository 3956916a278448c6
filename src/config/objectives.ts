/**
 * The list of objectives. People write `size`, `size:max` or `{name, direction, module, deadline}`;
 * code reads the full form. Accuracy is always measured, listed or not: potential is the slope of its
 * history, and a run's best individual is the one with the highest; only what is listed selects.
 */
import { z } from 'zod';
import { DEFAULTS, OBJECTIVE_DEADLINE } from './defaults.js';
import type { ObjectiveDirection, ObjectiveOptions } from './options.js';
import { nearestPath } from './problem.js';

export interface BuiltInObjective {
  /** The directions it may have; the first is its default (only size may go both ways). */
  readonly directions: readonly [ObjectiveDirection, ...ObjectiveDirection[]];
  readonly unit: string;
}

/** The objectives that come with EMARS; `objectives/` measures them. */
export const BUILT_IN = {
  accuracy: { directions: ['max'], unit: 'share' },
  size: { directions: ['min', 'max'], unit: 'MB' },
  flops: { directions: ['min'], unit: 'FLOP' },
  potential: { directions: ['max'], unit: 'share/epoch' },
  latency: { directions: ['min'], unit: 'ms' },
  loss: { directions: ['min'], unit: 'nats' },
} as const satisfies Readonly<Record<string, BuiltInObjective>>;

const NAMES = Object.keys(BUILT_IN);
const KEYS = ['name', 'direction', 'module', 'deadline'];
const MOST_OBJECTIVES = 12;
const LONGEST_DEADLINE = 3600;

/** Reports one problem at a path below the list. */
type Report = (path: (string | number)[], expected: string, remedy?: string) => void;

/** The built-in objective of a name; null if there is none. */
export function builtIn(name: string): BuiltInObjective | null {
  return Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name as keyof typeof BUILT_IN] : null;
}

/** `size:max` → name and direction. */
function fromShorthand(text: string): Record<string, unknown> {
  const colon = text.indexOf(':');
  return colon < 0
    ? { name: text }
    : { name: text.slice(0, colon).trim(), direction: text.slice(colon + 1).trim() };
}

/** One objective in full form, or null after reporting why not. */
function fill(written: unknown, index: number, report: Report): ObjectiveOptions | null {
  const given = typeof written === 'string' ? fromShorthand(written) : written;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    report([index], 'an objective: a name, name:direction, or {name, direction, module, deadline}');
    return null;
  }
  let wrongs = 0;
  const wrong: Report = (path, expected, remedy) => {
    wrongs++;
    report(typeof written === 'string' ? [index] : [index, ...path], expected, remedy);
  };
  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key))
      wrong([key], `one of the keys ${KEYS.join(', ')}`, `did you mean ${nearestPath(key, KEYS)}?`);
  }
  const { name, direction, module = null, deadline = OBJECTIVE_DEADLINE } = given as Record<string, unknown>;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    wrong(['name'], 'a name of lower-case letters, digits and dashes, 32 at most');
    return null;
  }
  const ours = builtIn(name);
  if (module !== null && (typeof module !== 'string' || module === ''))
    wrong(['module'], 'the path of a JavaScript module, or null');
  if (ours !== null && typeof module === 'string')
    wrong(
      ['module'],
      `no module for the built-in objective ${name}`,
      'give your objective a name of its own',
    );
  if (ours === null && module === null) {
    wrong(
      ['name'],
      `a built-in objective (${NAMES.join(', ')}) or one with a module`,
      `did you mean ${nearestPath(name, NAMES)}?`,
    );
    return null;
  }
  const allowed: readonly unknown[] = ours?.directions ?? ['max', 'min'];
  const chosen = direction ?? ours?.directions[0];
  if (!allowed.includes(chosen))
    wrong(['direction'], `${ours === null ? 'direction' : `direction of ${name}`} ${allowed.join(' or ')}`);
  if (typeof deadline !== 'number' || !(deadline > 0 && deadline <= LONGEST_DEADLINE))
    wrong(['deadline'], `seconds above 0, at most ${LONGEST_DEADLINE}`);
  return wrongs === 0
    ? {
        name,
        direction: chosen as ObjectiveDirection,
        module: module as string | null,
        deadline: deadline as number,
      }
    : null;
}

const DEFAULT_NAMES = DEFAULTS.objectives.map(({ name }) => name).join(', ');
const LIST = `a list of 1 to ${MOST_OBJECTIVES} objectives, like [${DEFAULT_NAMES}]`;

/** Schema of the list: written forms in, full forms out. */
export const objectives = z
  .array(z.unknown(), { error: LIST })
  .min(1, { error: LIST })
  .max(MOST_OBJECTIVES, { error: LIST })
  .transform((written, context): ObjectiveOptions[] => {
    const report: Report = (path, expected, remedy = '') => {
      context.issues.push({ code: 'custom', message: expected, path, params: { remedy }, input: written });
    };
    const filled: ObjectiveOptions[] = [];
    const seen = new Set<string>();
    written.forEach((one, index) => {
      const objective = fill(one, index, report);
      if (objective === null) return;
      if (seen.has(objective.name))
        report([index], `each objective once, ${objective.name} is listed twice`, 'remove one');
      seen.add(objective.name);
      filled.push(objective);
    });
    return filled;
  });
