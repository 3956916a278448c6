/** One scan of the catalogue → a volume. Chooses the reader; everything else is the readers' work. */
import { ScanError } from '../errors.js';
import { formatOf, type ScanFormat } from '../catalogue/formats.js';
import type { CatalogueScan } from '../catalogue/layouts.js';
import { defaultLimits, type ScanLimits } from '../limits.js';
import type { NativeCodec } from '../native-codec.js';
import { applyWindow, type HounsfieldWindow } from '../store/window.js';
import type { Placement } from './nifti-space.js';
import type { OpenScan, ScanReader, SliceValues, ValueType } from './reader.js';
import { ScanSource } from './source.js';

export interface Volume {
  /**
   * `[depth, height, width]`, row-major; the caller's. In [0, 1] where a window was given, else as stored.
   */
  readonly data: Float32Array;
  readonly shape: readonly [depth: number, height: number, width: number];
  readonly dtype: ValueType;
  /** Of the values as stored (NIfTI, DICOM: after their own scaling), before any window. */
  readonly min: number;
  readonly max: number;
  readonly spacing: readonly [z: number, y: number, x: number] | null;
  readonly placement: Placement | null;
}

export interface ReadOptions {
  readonly limits?: ScanLimits;
  /** Given: values are brought to [0, 1] (`store/window.ts`). */
  readonly window?: HounsfieldWindow;
  /** @internal Decodes what is plain, where the kernels are there. */
  readonly codec?: NativeCodec | null;
}

/** Every reader there is, one a format; loaded when it is first needed: its libraries take as long as a scan. */
export const readers: Readonly<Record<ScanFormat, () => Promise<ScanReader>>> = {
  image: async () => (await import('./image-reader.js')).imageReader,
  tiff: async () => (await import('./tiff-reader.js')).tiffReader,
  nifti: async () => (await import('./nifti-reader.js')).niftiReader,
  numpy: async () => (await import('./npy-reader.js')).npyReader,
  dicom: async () => (await import('./dicom/dicom-reader.js')).dicomReader,
};

/** Opens a scan: its declarations are read and checked, its slices not yet decoded. */
export async function openScan(
  source: ScanSource,
  scan: Pick<CatalogueScan, 'path' | 'files'>,
): Promise<OpenScan> {
  const [first] = scan.files;
  if (first === undefined) throw new ScanError(scan.path, 'expected at least one file');
  // Archives give DICOM files no ending at all; whatever else has none is refused by its content.
  const format = formatOf(first) ?? 'dicom';
  const reader = await readers[format]();
  return reader.open(source, scan.files);
}

/**
 * Reads a whole scan into memory, four bytes a voxel.
 * Errors: ScanError with the file and the reason for anything missing, damaged or over the limits.
 */
export async function readScan(
  root: string,
  scan: Pick<CatalogueScan, 'path' | 'files'>,
  options: ReadOptions = {},
): Promise<Volume> {
  const { limits = defaultLimits, codec = null, window } = options;
  const open = await openScan(new ScanSource(root, { limits, codec }), scan);
  const [depth, height, width] = open.shape;
  const data = new Float32Array(depth * height * width);
  const range = new ValueRange();
  let z = 0;
  for await (const slice of open.slices()) {
    range.include(slice);
    const values = data.subarray(z * height * width, ++z * height * width);
    values.set(slice);
    if (window !== undefined) applyWindow(values, open.unit, window);
  }
  return {
    data,
    shape: open.shape,
    dtype: open.dtype,
    min: range.min,
    max: range.max,
    spacing: open.spacing,
    placement: open.placement,
  };
}

/** Smallest and largest value seen; values that are not numbers do not count. */
export class ValueRange {
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;

  include(values: SliceValues): void {
    let { min, max } = this;
    for (const value of values) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
    this.min = min;
    this.max = max;
  }
}
