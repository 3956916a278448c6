/**
 * What the scans that a model was trained on were like, and how another scan differs from all of them.
 *
 * A network answers whatever it is shown. Figures hold for scans like those of its training; a scan of twice
 * the slice distance, or of another body part, gets a class and a probability all the same.
 */
import type { ModelDocument } from './schema.js';

export type SeenScans = NonNullable<ModelDocument['data']['seen']>;
type Range = SeenScans['slices'];

/** One scan before it was brought to the size of the input. */
export interface ScanTraits {
  readonly slices: number;
  readonly height: number;
  readonly width: number;
  /** Millimetres [z, y, x]; null where the files do not say. */
  readonly spacing: readonly [z: number, y: number, x: number] | null;
  /** Mean of what the network sees of it, windowed to [0, 1], before standardisation. */
  readonly intensity: number;
}

/** A length or a count may leave its range by this factor before it is called unlike. */
const FACTOR = 1.25;
/** A mean intensity may leave its range by this share of the window. */
const INTENSITY_MARGIN = 0.1;
/** A range of single-precision numbers needs no more digits. */
const DIGITS = 6;

/** The ranges of some scans. Errors: RangeError without a scan. */
export function seenScans(scans: readonly ScanTraits[]): SeenScans {
  if (scans.length === 0) throw new RangeError('expected at least one scan, got none');
  const spacings = scans.flatMap(({ spacing }) => (spacing === null ? [] : [spacing]));
  return {
    slices: rangeOf(scans.map(({ slices }) => slices)),
    height: rangeOf(scans.map(({ height }) => height)),
    width: rangeOf(scans.map(({ width }) => width)),
    spacing:
      spacings.length === 0
        ? null
        : {
            slices: rangeOf(spacings.map(([z]) => z)),
            pixels: rangeOf(spacings.flatMap(([, y, x]) => [y, x])),
          },
    intensity: rangeOf(scans.map(({ intensity }) => intensity)),
  };
}

/** In which way a scan is unlike every one that was seen, in words; none where it is in the ranges. */
export function unlikeSeen(seen: SeenScans, scan: ScanTraits): string[] {
  const far = (value: number, { low, high }: Range): boolean => value < low / FACTOR || value > high * FACTOR;
  const warnings: string[] = [];
  const warn = (what: string, range: Range, unit = ''): void => {
    warnings.push(`${what}; the training scans had ${between(range)}${unit}`);
  };
  if (far(scan.slices, seen.slices)) warn(`${scan.slices} slices`, seen.slices);
  if (far(scan.height, seen.height)) warn(`slices ${scan.height} pixels high`, seen.height);
  if (far(scan.width, seen.width)) warn(`slices ${scan.width} pixels wide`, seen.width);
  if (scan.spacing !== null && seen.spacing !== null) {
    const [z, y, x] = scan.spacing;
    if (far(z, seen.spacing.slices)) warn(`slices ${short(z)} mm apart`, seen.spacing.slices, ' mm');
    const pixel = [y, x].find((each) => far(each, seen.spacing!.pixels));
    if (pixel !== undefined) warn(`pixels of ${short(pixel)} mm`, seen.spacing.pixels, ' mm');
  }
  const { low, high } = seen.intensity;
  if (scan.intensity < low - INTENSITY_MARGIN || scan.intensity > high + INTENSITY_MARGIN)
    warn(
      `mean intensity ${short(scan.intensity)} of the window, perhaps another unit or body part`,
      seen.intensity,
    );
  return warnings;
}

function rangeOf(values: readonly number[]): Range {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return { low: rounded(low), high: rounded(high) };
}

/** A range as text, one number where all scans agree. */
export function between({ low, high }: Range): string {
  return short(low) === short(high) ? short(low) : `${short(low)} to ${short(high)}`;
}

const rounded = (value: number): number => Number(value.toPrecision(DIGITS));
const short = (value: number): string => String(Number(value.toPrecision(3)));
