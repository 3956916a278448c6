/**
 * Stored values to [0, 1].
 *
 * The rule looks at the type of the values and never at the values themselves, so two scans of one data
 * set are never treated differently:
 * - 8-bit slices were windowed where they were made: value / 255;
 * - Hounsfield units (NIfTI; signed or float TIFF): the lung window;
 * - unsigned 16-bit values (COVID-CTset's TIFF, 16-bit PNG) are Hounsfield units plus `offset`: the offset
 *   is taken away, then the lung window. A set that stretches its 16 bits otherwise is read with a window of
 *   its own (for full scale: low 0, high 65535, offset 0).
 */
import type { ValueUnit } from '../readers/reader.js';

export interface HounsfieldWindow {
  /** Hounsfield units that become 0 and 1. */
  readonly low: number;
  readonly high: number;
  /** What unsigned 16-bit files add to Hounsfield units. */
  readonly offset: number;
}

/** Width 1500, level −600: the lung window of Clean-CC-CCII's makers; offset of COVID-CTset. */
export const lungWindow: HounsfieldWindow = Object.freeze({ low: -1350, high: 150, offset: 1024 });

/** Replaces the values of `slice` by numbers in [0, 1]. Not a number (a float file's "no data") becomes 0. */
export function applyWindow(slice: Float32Array, unit: ValueUnit, window: HounsfieldWindow): void {
  const low = unit === 'grey' ? 0 : unit === 'hu' ? window.low : window.low + window.offset;
  const range = unit === 'grey' ? 255 : window.high - window.low;
  for (let i = 0; i < slice.length; i++) {
    const value = (slice[i]! - low) / range;
    slice[i] = value >= 1 ? 1 : value > 0 ? value : 0;
  }
}
