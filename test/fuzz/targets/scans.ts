/** Files of scans, one target a format. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ScanError } from '#emars/scan/errors.js';
import { defaultLimits } from '#emars/scan/limits.js';
import { linkedCodec } from '#emars/scan/linked-codec.js';
import { loadCodec } from '#emars/scan/native-codec.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { lungWindow } from '#emars/scan/store/window.js';
import type { FuzzTarget } from '../target.js';
import { demand, demandSame, fileOf, takenOrOneLine } from '../target.js';

const FIXTURES = join(process.cwd(), 'test/fixtures/scan');
/** So that growth of memory is a find: what these limits let in takes at most 64 MB. */
const LIMITS = { ...defaultLimits, fileBytes: 2 ** 22, voxels: 2 ** 22, slices: 256 };

/** What it takes must be what the others make of it; null where it is not compiled. */
const codec = loadCodec(await linkedCodec());

function scanTarget(name: string, ending: string, fixtures: readonly string[]): FuzzTarget {
  return {
    name,
    seeds: () => Promise.resolve(fixtures.map((file) => readFileSync(join(FIXTURES, file)))),
    run: async (bytes) => {
      const path = fileOf(name, `scan.${ending}`, bytes);
      const scan = { path: basename(path), files: [basename(path)] };
      const read = (window?: typeof lungWindow): ReturnType<typeof readScan> =>
        readScan(dirname(path), scan, { limits: LIMITS, ...(window === undefined ? {} : { window }) });
      const volume = await takenOrOneLine(() => read(lungWindow), ScanError);
      const native = await takenOrOneLine(
        () => readScan(dirname(path), scan, { limits: LIMITS, window: lungWindow, codec }),
        ScanError,
      );
      demandSame(native?.data ?? null, volume?.data ?? null, 'a scan by the native codec');
      if (volume === null) return false;
      const { data, shape, spacing } = volume;
      demand(data.length === shape[0] * shape[1] * shape[2] && data.length > 0, 'another number of voxels');
      demand(
        data.every((value) => value >= 0 && value <= 1),
        'a value outside of the window',
      );
      demand(spacing?.every((mm) => mm > 0 && mm < Infinity) ?? true, `the spacing ${String(spacing)}`);
      demandSame(data, (await read(lungWindow)).data, 'a scan');
      const { min, max } = await read();
      demand(Number.isFinite(min) && Number.isFinite(max) && min <= max, `values from ${min} to ${max}`);
      return true;
    },
  };
}

const named = (...endings: string[]): string[] =>
  readdirSync(FIXTURES).filter((file) => endings.some((ending) => file.endsWith(ending)));

export const scans: readonly FuzzTarget[] = [
  scanTarget('png', 'png', named('.png')),
  scanTarget(
    'tiff',
    'tif',
    named('.tif').filter((file) => file !== 'lzw.tif'),
  ),
  scanTarget('nifti', 'nii', named('.nii')),
  scanTarget('nifti-packed', 'nii.gz', named('.nii.gz')),
  scanTarget('jpeg', 'jpg', named('.jpg')),
  scanTarget('numpy', 'npy', ['volume.npy', 'fortran.npy']),
  scanTarget(
    'dicom',
    'dcm',
    readdirSync(join(FIXTURES, 'dicom/one'))
      .filter((file) => file !== 'enhanced.dcm')
      .map((file) => `dicom/one/${file}`),
  ),
];
