/**
 * Potential: where an individual is heading, not where it is.
 *
 * Source: arXiv 2101.10667 section IV-B: the slope of the least-squares line through the
 * individual's history of (epoch index when evaluated, validation accuracy).
 *
 * DEVIATION: the paper does not say what the slope of less than two points is. It does not exist
 * (0 / 0), so the value is 0 and flagged, and a NaN never reaches a sort.
 */

export interface Potential {
  /** Accuracy per epoch; 0 if not defined. */
  readonly value: number;
  /** False with less than two different epochs. */
  readonly defined: boolean;
}

/**
 * The slope of `history`, pairs [epoch, accuracy] in any order. Errors: RangeError for a number that is not
 * finite.
 */
export function potential(history: readonly (readonly [number, number])[]): Potential {
  let epochs = 0;
  let accuracies = 0;
  history.forEach(([epoch, accuracy], i) => {
    if (!Number.isFinite(epoch) || !Number.isFinite(accuracy))
      throw new RangeError(
        `history entry ${i}: expected a finite epoch and accuracy, got [${epoch}, ${accuracy}]`,
      );
    epochs += epoch;
    accuracies += accuracy;
  });
  const middleEpoch = epochs / history.length;
  const middleAccuracy = accuracies / history.length;
  // Sums about the middle: those of raw products cancel for late epochs.
  let together = 0;
  let spread = 0;
  for (const [epoch, accuracy] of history) {
    together += (epoch - middleEpoch) * (accuracy - middleAccuracy);
    spread += (epoch - middleEpoch) * (epoch - middleEpoch);
  }
  const first = history[0]?.[0];
  const oneEpoch = history.every(([epoch]) => epoch === first);
  if (oneEpoch || spread === 0) return { value: 0, defined: false };
  return { value: together / spread, defined: true };
}
