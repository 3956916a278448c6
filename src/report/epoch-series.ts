/**
 * The course of a search, one row an epoch: Fig. 5 of the paper as numbers.
 */
import { quantile } from './quantile.js';
import type { HistoryLine } from '../run/history.js';
import { byEpoch } from '../run/history.js';

export interface EpochSummary {
  readonly epoch: number;
  /** Individuals of the epoch, failed ones too. */
  readonly individuals: number;
  /** Quantiles and best of the accuracies, 0…1; null where no individual has one. */
  readonly accuracy: {
    readonly p30: number;
    readonly median: number;
    readonly p70: number;
    readonly best: number;
  } | null;
}

/** Rows in order of the epochs. The band of the paper is the 30th to the 70th percentile. */
export function epochSeries(history: readonly HistoryLine[]): EpochSummary[] {
  return byEpoch(history).map(({ epoch, lines }) => {
    const accuracies = lines.flatMap((line) => line.values['accuracy'] ?? []);
    return {
      epoch,
      individuals: lines.length,
      accuracy:
        accuracies.length === 0
          ? null
          : {
              p30: quantile(accuracies, 0.3),
              median: quantile(accuracies, 0.5),
              p70: quantile(accuracies, 0.7),
              best: quantile(accuracies, 1),
            },
    };
  });
}
