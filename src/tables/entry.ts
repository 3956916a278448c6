/** What is given to be tabulated: a network with its figures, and where they come from. */
import type { ObjectiveOptions } from '../config/options.js';
import { oneClassCounts } from '../metrics/one-class.js';
import type { ScoreReport } from '../metrics/scores.js';
import type { ModelDocument } from '../model/schema.js';
import { sizeMB } from '../space/cost.js';
import type { Comparable } from './compare.js';
import type { Cell, ColumnName } from './table.js';

/** Experiments of section VI, by the objectives of their search. */
export type Experiment = 'A' | 'B' | 'C' | 'D' | 'E';

const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  'accuracy:max': 'A',
  'accuracy:max size:max': 'B',
  'accuracy:max size:min': 'C',
  'potential:max': 'D',
  'accuracy:max potential:max size:min': 'E',
};

/** The experiment that a search with these objectives repeats; null for none of the paper's. */
export function experimentOf(
  objectives: readonly Pick<ObjectiveOptions, 'name' | 'direction'>[],
): Experiment | null {
  const key = objectives.map(({ name, direction }) => `${name}:${direction}`).sort();
  return EXPERIMENTS[key.join(' ')] ?? null;
}

export interface Entry {
  /** What it was given as, for people. */
  readonly name: string;
  /** The paper's name where it is one of its networks, else our own. */
  readonly network: string;
  readonly kind: 'searched' | 'baseline';
  /** Trained anew on other scans than those it was searched on. */
  readonly transfer: boolean;
  /** Name of the data set and side of the split. */
  readonly data: string;
  readonly cells: Readonly<Record<ColumnName, Cell | null>>;
  readonly notes: readonly string[];
  /** What it said of those scans; null where that is not stored. */
  readonly predicted: Comparable | null;
}

const PAPERS_NAMES: Readonly<Record<string, string>> = {
  'resnet3d-101': 'ResNet3D-101',
  'densenet3d-121': 'DenseNet3D-121',
  'mc3-18': 'MC3-18',
};

/** Name of the network of a model in a table. */
export function networkName(
  { architecture }: Pick<ModelDocument, 'architecture'>,
  experiment: Experiment | null,
): string {
  if (architecture.kind === 'baseline') return PAPERS_NAMES[architecture.baseline] ?? architecture.baseline;
  return experiment === null ? 'searched' : `EMARS-${experiment}`;
}

/** Size of a network by its parameters. */
export function sizeCell(parameters: number): Cell {
  return { value: sizeMB(parameters), interval: null, n: null, derived: false };
}

/** Cells of a model by its figures on one side; `positive`: index of its class, null where there is none. */
export function modelCells(
  parameters: number,
  report: ScoreReport,
  positive: number | null,
): Record<ColumnName, Cell | null> {
  const counts = positive === null ? null : oneClassCounts(report.confusion, positive);
  // A share's n is what it is a share of: scans called positive for precision, positive scans for sensitivity.
  const cell = (name: Exclude<ColumnName, 'size'>, n: number): Cell | null => {
    const value = report[name];
    return value === null ? null : { value, interval: report.intervals[name], n, derived: false };
  };
  return {
    size: sizeCell(parameters),
    accuracy: cell('accuracy', report.n),
    precision: counts && cell('precision', counts.truePositive + counts.falsePositive),
    sensitivity: counts && cell('sensitivity', counts.truePositive + counts.falseNegative),
    f1: counts && cell('f1', report.n),
    auc: cell('auc', report.n),
  };
}
