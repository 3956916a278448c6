/**
 * Phantom data: a folder of chest-like scans as real files, for trying everything without patient data.
 *
 * Layout: `<class>/<patient>/<scan>/1.png …` (or `.tif`), `<class>/<patient>/<scan>.nii`; masks of the
 * lesions beside, in `masks/<class>/<patient>/<scan>.nii.gz`, which the catalogue passes over; and
 * `phantoms.json`, which says how they were made. Deterministic: the same options give the same bytes.
 */
import { EmarsError } from '../../errors/error.js';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lungWindow } from '../store/window.js';
import { encodeGzip, encodeNifti, encodePng, encodeTiff, toGrey, toOffset } from './phantom-files.js';
import type { PhantomClass } from './phantom-lesions.js';
import { drawPhantom, type PhantomVolume } from './phantom-volume.js';

export type PhantomFormat = 'png' | 'tif' | 'nii' | 'nii.gz';

export interface PhantomOptions {
  readonly seed: number;
  /** Patients in all; classes take turns. */
  readonly patients: number;
  readonly scansPerPatient: number;
  readonly classes: readonly PhantomClass[];
  /** Slices (each scan has up to a fifth more or fewer), height, width. */
  readonly shape: readonly [depth: number, height: number, width: number];
  /** Multiplies the density of lesions: 1 = as in real scans, 0 = no difference between classes. */
  readonly contrast: number;
  readonly format: PhantomFormat;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** 180 scans of 90 patients. */
export const defaultPhantoms = Object.freeze({
  seed: 1,
  patients: 90,
  scansPerPatient: 2,
  classes: Object.freeze(['Normal', 'NCP', 'CP'] as const),
  shape: Object.freeze([20, 48, 48] as const),
  contrast: 1,
  format: 'png',
} satisfies PhantomOptions);

export interface PhantomScan {
  readonly path: string;
  readonly patient: string;
  readonly class: PhantomClass;
  readonly slices: number;
  readonly lesions: number;
  /** Voxels of the mask that are not healthy. */
  readonly lesionVoxels: number;
}

/** A phantom folder that cannot be made. */
export class PhantomError extends EmarsError {
  override readonly name = 'PhantomError';
  readonly kind = 'usage';
}

/**
 * Writes a phantom data set into `dir`, which must be new or empty.
 * @returns what was written, in the order of writing.
 * Errors: PhantomError for options out of range or a folder in use.
 */
export async function writePhantoms(
  dir: string,
  options: Partial<PhantomOptions> = {},
): Promise<PhantomScan[]> {
  const filled: PhantomOptions = { ...defaultPhantoms, ...options };
  check(filled);
  await mkdir(dir, { recursive: true });
  if ((await readdir(dir)).length > 0)
    throw new PhantomError(
      `expected a new or empty folder for phantoms, but ${dir} holds files: name another one`,
    );
  const { seed, patients, scansPerPatient, classes, shape, contrast, format } = filled;
  const digits = Math.max(4, String(patients).length);
  const scans: PhantomScan[] = [];
  for (let patient = 0; patient < patients; patient++) {
    const phantomClass = classes[patient % classes.length]!;
    const name = `P${String(patient + 1).padStart(digits, '0')}`;
    for (let scan = 0; scan < scansPerPatient; scan++) {
      filled.signal?.throwIfAborted();
      const volume = drawPhantom({ seed, patient, scan, class: phantomClass, shape, contrast });
      const path = await writeVolume(dir, `${phantomClass}/${name}/${scan + 1}`, volume, format);
      const lesionVoxels = volume.mask.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
      scans.push({
        path,
        patient: name,
        class: phantomClass,
        slices: volume.shape[0],
        lesions: volume.lesions,
        lesionVoxels,
      });
      filled.onProgress?.(scans.length, patients * scansPerPatient);
    }
  }
  const made = {
    what: 'phantom chest scans, no patient data',
    seed,
    patients,
    scansPerPatient,
    classes,
    shape,
    contrast,
    format,
    scans,
  };
  await writeFile(join(dir, 'phantoms.json'), `${JSON.stringify(made, null, 1)}\n`);
  return scans;
}

/** Writes a scan and its mask; returns the scan's path as the catalogue will name it. */
async function writeVolume(
  dir: string,
  path: string,
  volume: PhantomVolume,
  format: PhantomFormat,
): Promise<string> {
  const [depth, height, width] = volume.shape;
  const spacing = [300 / depth, 350 / height, 350 / width] as const;
  const above = path.slice(0, path.lastIndexOf('/'));
  await mkdir(join(dir, 'masks', above), { recursive: true });
  await writeFile(
    join(dir, 'masks', `${path}.nii.gz`),
    encodeGzip(encodeNifti(volume.mask, volume.shape, spacing)),
  );
  if (format === 'nii' || format === 'nii.gz') {
    const bytes = encodeNifti(volume.hu, volume.shape, spacing);
    await mkdir(join(dir, above), { recursive: true });
    await writeFile(join(dir, `${path}.${format}`), format === 'nii' ? bytes : encodeGzip(bytes));
    return `${path}.${format}`;
  }
  await mkdir(join(dir, path), { recursive: true });
  const values = format === 'png' ? toGrey(volume.hu, lungWindow) : toOffset(volume.hu, lungWindow);
  const area = height * width;
  await Promise.all(
    Array.from({ length: depth }, (_, z) => {
      const slice = values.subarray(z * area, (z + 1) * area);
      return writeFile(
        join(dir, path, `${z + 1}.${format}`),
        format === 'png' ? encodePng(slice, width, height) : encodeTiff(slice, width, height),
      );
    }),
  );
  return path;
}

function check({ seed, patients, scansPerPatient, classes, shape, contrast }: PhantomOptions): void {
  const expect = (good: boolean, what: string): void => {
    if (!good) throw new PhantomError(`phantoms: expected ${what}`);
  };
  const whole = (value: number, low: number, high: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;
  expect(Number.isSafeInteger(seed) && seed >= 0, `a seed that is a whole number from 0, got ${seed}`);
  expect(whole(patients, 1, 100_000), `1 to 100000 patients, got ${patients}`);
  expect(whole(scansPerPatient, 1, 100), `1 to 100 scans a patient, got ${scansPerPatient}`);
  expect(
    classes.length >= 1 &&
      new Set(classes).size === classes.length &&
      classes.every((each) => ['Normal', 'NCP', 'CP'].includes(each)),
    `classes out of Normal, NCP, CP, each once; got ${classes.join(', ')}`,
  );
  expect(
    shape.every((size) => whole(size, 4, 1024)),
    `a shape of three sizes from 4 to 1024, got ${shape.join(' x ')}`,
  );
  expect(contrast >= 0 && contrast <= 10, `a contrast from 0 to 10, got ${contrast}`);
}
