/**
 * Hypervolume of each epoch's population: how much of the objective space its front dominates.
 *
 * All epochs share one box. Its worst corner is the reference point: the worst value of each
 * objective seen in the whole run, moved outwards by a tenth of the range, so that extreme points
 * count too. Its best corner is the best value seen. The hypervolume is given as a share of the box,
 * which makes it free of units: 1 would be one individual that is best in everything. Two runs may be
 * compared only over the same box.
 */
import { hypervolume } from '../evolution/hypervolume.js';
import type { Measure } from '../run/front.js';
import type { HistoryLine } from '../run/history.js';
import { byEpoch } from '../run/history.js';
import { objectiveValues } from './summary.js';

export interface HypervolumeSeries {
  /** One value an objective, in its unit. */
  readonly reference: readonly number[];
  readonly ideal: readonly number[];
  /** Share of the box, 0…1; epochs in which no individual has all values are left out. */
  readonly points: readonly { readonly epoch: number; readonly share: number }[];
}

/** How far the reference point lies beyond the worst value, as a share of the range. */
const MARGIN = 0.1;

/** Null if no individual has all values. */
export function hypervolumeSeries(
  history: readonly HistoryLine[],
  objectives: readonly Measure[],
): HypervolumeSeries | null {
  const epochs = byEpoch(history).flatMap(({ epoch, lines }) => {
    const rows = lines.flatMap((line) => {
      const values = objectiveValues(line, objectives);
      return values === null ? [] : [values];
    });
    return rows.length === 0 ? [] : [{ epoch, rows }];
  });
  if (epochs.length === 0 || objectives.length === 0) return null;
  const corners = objectives.map(({ direction }, column) => {
    let low = Infinity;
    let high = -Infinity;
    for (const { rows } of epochs) {
      for (const row of rows) {
        low = Math.min(low, row[column]!);
        high = Math.max(high, row[column]!);
      }
    }
    // An objective that never differs still needs a box with an extent.
    const margin = high > low ? (high - low) * MARGIN : Math.max(Math.abs(high), 1) * MARGIN;
    return direction === 'max' ? { worst: low - margin, best: high } : { worst: high + margin, best: low };
  });
  // Units are divided out first: the volume of the box is then 1.
  const scaled = (row: readonly number[]): number[] =>
    row.map(
      (value, column) => (value - corners[column]!.worst) / (corners[column]!.best - corners[column]!.worst),
    );
  const origin = objectives.map(() => 0);
  const upwards = objectives.map(() => 'max' as const);
  return {
    reference: corners.map(({ worst }) => worst),
    ideal: corners.map(({ best }) => best),
    points: epochs.map(({ epoch, rows }) => ({
      epoch,
      share: hypervolume(rows.map(scaled), upwards, origin),
    })),
  };
}
