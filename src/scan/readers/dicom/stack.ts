/**
 * DICOM slices → a stack in order: by their positions along the normal of the slices (PS3.3, C.7.6.2),
 * from the feet to the head. File names, instance numbers and slice locations play no part.
 */
import { orientationOf } from '../nifti-orientation.js';
import type { DicomHeader, PixelFormat } from './header.js';

type Vector = readonly [number, number, number];

/** A slice whose header gives all that a stack needs. */
export interface PlacedSlice extends DicomHeader {
  readonly position: Vector;
  readonly directions: readonly [Vector, Vector];
  readonly pixelSpacing: readonly [number, number];
  readonly pixels: PixelFormat;
}

/** How stored rows and columns become rows from front to back, columns from right to left. */
export interface InPlane {
  readonly transposed: boolean;
  readonly heightBackwards: boolean;
  readonly widthBackwards: boolean;
}

export interface Stack {
  /** From the feet to the head. */
  readonly slices: readonly PlacedSlice[];
  /** `[depth, height, width]` as it comes out. */
  readonly shape: readonly [number, number, number];
  /** Millimetres [z, y, x]; null for a single slice, whose distance nothing gives. */
  readonly spacing: readonly [number, number, number] | null;
  readonly inPlane: InPlane;
  /** What may be read and is not as it should be: gaps, a tilted gantry. */
  readonly remarks: readonly string[];
}

/** Positions nearer than this are one position, millimetres. */
const SAME_PLACE = 0.01;
/** A step longer than this many usual ones has a slice missing. */
const GAP = 1.5;
/** Degrees between the normal and the way from slice to slice that count as a tilt. */
const TILTED = 0.5;

export function isPlaced(header: DicomHeader): header is PlacedSlice {
  return (
    header.position !== null &&
    header.directions !== null &&
    header.pixelSpacing !== null &&
    header.pixels !== null &&
    length(cross(...header.directions)) > 0.9
  );
}

/** Whether slices lie across the body: the normal nearer to head and feet than to any other direction. */
export function isAxial({ directions }: PlacedSlice): boolean {
  const [x, y, z] = cross(...directions).map(Math.abs) as [number, number, number];
  return z > x && z > y;
}

/** Slices of equal keys can lie in one stack. */
export function stackKey({ series, directions, pixels, pixelSpacing }: PlacedSlice): string {
  const numbers = [...directions.flat(), ...pixelSpacing].map((value) =>
    value.toFixed(3).replace('-0.000', '0.000'),
  );
  return [series, pixels.rows, pixels.columns, ...numbers].join('|');
}

/** The slices in order, or why they are no volume. `slices`: at least one. */
export function stackOf(slices: readonly PlacedSlice[]): Stack | { readonly reason: string } {
  const [first] = slices;
  if (first === undefined) return { reason: 'expected at least one DICOM slice' };
  const odd = slices.find((slice) => stackKey(slice) !== stackKey(first));
  if (odd !== undefined)
    return { reason: 'slices of several series, sizes or directions: expected one series a scan' };
  const orientation = turned(first);
  if (orientation === null) return { reason: 'a coronal or sagittal series: expected axial slices' };
  const normal = cross(...first.directions);
  const sign = orientation.headFirst ? -1 : 1;
  const placed = slices
    .map((slice) => ({ slice, at: sign * dot(slice.position, normal) }))
    .sort((a, b) => a.at - b.at);
  const steps = placed.slice(1).map(({ at }, i) => at - placed[i]!.at);
  const doubled = steps.filter((step) => step < SAME_PLACE).length;
  if (doubled > 0)
    return {
      reason:
        `${doubled} of ${slices.length} slices lie where another one lies: ` +
        'expected one slice at each position (are two acquisitions in one series?)',
    };
  const ordered = placed.map(({ slice }) => slice);
  const usual = median(steps);
  const { rows, columns } = first.pixels;
  const [y, x] = first.pixelSpacing;
  const { inPlane } = orientation;
  return {
    slices: ordered,
    shape: inPlane.transposed ? [ordered.length, columns, rows] : [ordered.length, rows, columns],
    spacing: usual === null ? null : inPlane.transposed ? [usual, x, y] : [usual, y, x],
    inPlane,
    remarks: [...gapRemarks(steps, usual), ...tiltRemarks(ordered, normal)],
  };
}

/** Null where the slices do not lie across the body. */
function turned(slice: PlacedSlice): { inPlane: InPlane; headFirst: boolean } | null {
  const [row, column] = slice.directions;
  const normal = cross(row, column);
  // DICOM's +x and +y are left and back, NIfTI's right and front.
  const affine = [0, 1, 2].map((axis) => {
    const sign = axis === 2 ? 1 : -1;
    return [sign * row[axis]!, sign * column[axis]!, sign * normal[axis]!];
  });
  const orientation = orientationOf(affine);
  if (orientation === null || orientation.axes[0] !== 2) return null;
  const [headFirst, heightBackwards, widthBackwards] = orientation.backwards;
  return { headFirst, inPlane: { transposed: orientation.axes[1] === 0, heightBackwards, widthBackwards } };
}

function gapRemarks(steps: readonly number[], usual: number | null): string[] {
  if (usual === null) return [];
  const gaps = steps.filter((step) => step > GAP * usual);
  if (gaps.length === 0) return [];
  const missing = gaps.reduce((sum, step) => sum + Math.max(1, Math.round(step / usual) - 1), 0);
  return [
    `${gaps.length === 1 ? 'a gap' : `${gaps.length} gaps`} in slices of ${short(usual)} mm: ` +
      `about ${missing} missing`,
  ];
}

function tiltRemarks(slices: readonly PlacedSlice[], normal: Vector): string[] {
  const [first, last] = [slices[0]!, slices.at(-1)!];
  const way = [0, 1, 2].map((axis) => last.position[axis]! - first.position[axis]!) as [
    number,
    number,
    number,
  ];
  const distance = length(way);
  const cosine = distance > 0 ? Math.min(1, Math.abs(dot(way, normal)) / (distance * length(normal))) : 1;
  const measured = (Math.acos(cosine) * 180) / Math.PI;
  const tilt = Math.max(measured, Math.abs(first.tilt));
  if (tilt <= TILTED) return [];
  return [`a gantry tilted by ${short(tilt)} degrees: slices are read as they are, the shear stays`];
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? null;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const length = (a: Vector): number => Math.sqrt(dot(a, a));

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
