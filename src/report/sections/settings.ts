/**
 * What a report has to know of the configuration: its differences from the defaults, the objectives,
 * the positive class, and what a reader must be warned of.
 *
 * The tree is read as plain values, not through the room of the configuration: a run folder of an
 * older or newer version, whose keys are not all known here, still gives a report.
 */
import { DEFAULTS } from '../../config/defaults.js';
import { builtIn } from '../../config/objectives.js';
import { positiveClass as usualPositiveClass } from '../../config/positive.js';
import type { Settings } from '../../run/config.js';
import type { Front, Measure } from '../../run/front.js';
import type { HistoryLine } from '../../run/history.js';

/** The value at a dotted path; undefined where there is none. */
export function settingAt(settings: Settings, path: string): unknown {
  let value: unknown = settings;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/**
 * One setting that differs: `before` is undefined where the defaults do not know the key, `now` where
 * the run lacks it.
 */
export interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly now: unknown;
}

const isTree = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Settings that differ from the defaults, in the order of the defaults, then of the file. Lists are compared whole. */
export function differences(settings: Settings, defaults: unknown, prefix = ''): Difference[] {
  const base = isTree(defaults) ? defaults : {};
  const keys = [...new Set([...Object.keys(base), ...Object.keys(settings)])];
  return keys.flatMap((key) => {
    const path = prefix + key;
    const before = base[key];
    const now = settings[key];
    if (isTree(now) && (isTree(before) || before === undefined)) return differences(now, before, `${path}.`);
    return JSON.stringify(before) === JSON.stringify(now) ? [] : [{ path, before, now }];
  });
}

/** A setting as one line of text, as it would be written in the file. */
export function settingText(value: unknown): string {
  if (value === undefined) return 'not set';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(settingText).join(', ')}]`;
  if (isTree(value)) {
    const parts = Object.entries(value).filter(([, part]) => part !== null && part !== '');
    return `{${parts.map(([key, part]) => `${key}: ${settingText(part)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}

/** What a search optimises where its folder does not say. */
const USUAL = ['accuracy', 'size', 'potential'];

/** Unit and usual direction of a measure by its name; those of users have no unit that is known here. */
function usualMeasure(name: string): Measure {
  const ours = builtIn(name);
  return { name, direction: ours?.directions[0] ?? 'max', unit: ours?.unit ?? '' };
}

/**
 * What was searched for: as the front says; without one as the configuration says; else accuracy, size
 * and potential as far as measured.
 */
export function objectivesOf(
  settings: Settings,
  front: Front | null,
  history: readonly HistoryLine[],
): Measure[] {
  if (front !== null) return front.objectives;
  const configured = settingAt(settings, 'objectives');
  if (Array.isArray(configured)) {
    const named = configured.flatMap((entry: unknown): Measure[] => {
      const name = typeof entry === 'string' ? entry : isTree(entry) ? entry['name'] : undefined;
      if (typeof name !== 'string') return [];
      const usual = usualMeasure(name);
      const direction = isTree(entry) ? entry['direction'] : undefined;
      return [
        { ...usual, direction: direction === 'min' || direction === 'max' ? direction : usual.direction },
      ];
    });
    if (named.length > 0) return named;
  }
  const measured = new Set(history.flatMap((line) => Object.keys(line.values)));
  return USUAL.filter((name) => measured.has(name)).map(usualMeasure);
}

/** Unit and direction for a value that was measured without being an objective (size in experiment A). */
export function measureNamed(name: string, objectives: readonly Measure[]): Measure {
  return objectives.find((objective) => objective.name === name) ?? usualMeasure(name);
}

/**
 * The class whose sensitivity is reported: `data.positive`, else NCP or the like; null if none is among
 * the classes.
 */
export function positiveClass(settings: Settings, classes: readonly string[]): string | null {
  const configured = settingAt(settings, 'data.positive');
  if (typeof configured === 'string') return classes.includes(configured) ? configured : null;
  const index = usualPositiveClass(DEFAULTS, classes);
  return index === null ? null : (classes[index] ?? null);
}

/** True for the negative control: labels were permuted, and nothing could be learnt. */
export function labelsShuffled(settings: Settings): boolean {
  return settingAt(settings, 'data.shuffleLabels') === true;
}

/** Searchable blocks of each cell, if the configuration and the genomes agree; else one cell. */
export function cellSizes(settings: Settings, blocks: number): number[] {
  const configured = settingAt(settings, 'supernet.blocks');
  if (
    Array.isArray(configured) &&
    configured.every((size): size is number => Number.isInteger(size) && (size as number) > 0)
  ) {
    if (configured.reduce((sum, size) => sum + size, 0) === blocks) return configured;
  }
  return [blocks];
}
