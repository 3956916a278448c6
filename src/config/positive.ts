/**
 * The positive class of the reports (sensitivity is its recall). The configuration may name it; the
 * class names are known only once the data is read.
 */
import { ConfigError, nearestPath } from './problem.js';
import type { Options } from './options.js';

/** Names that mean disease where the configuration is silent, the first that occurs wins. */
const USUAL = ['ncp', 'covid', 'covid-19', 'malignant', 'positive', 'abnormal'];

/**
 * Index of the positive class in `classes`; null where none is named and no usual name occurs.
 * Errors: ConfigError if `data.positive` names no class of the data.
 */
export function positiveClass(options: Options, classes: readonly string[]): number | null {
  const { positive } = options.data;
  if (positive !== null) {
    const index = classes.indexOf(positive);
    if (index >= 0) return index;
    const problem = {
      where: 'configuration',
      path: 'data.positive',
      expected: `a class of the data (${classes.join(', ')})`,
      got: positive,
      remedy: `did you mean ${nearestPath(positive, classes)}?`,
    };
    throw new ConfigError([problem]);
  }
  const lower = classes.map((name) => name.toLowerCase());
  const found = USUAL.map((name) => lower.indexOf(name)).find((index) => index >= 0);
  return found ?? null;
}
