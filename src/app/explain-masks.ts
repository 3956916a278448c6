/** Masks of lesions beside scans: `DIR/<path of the scan without its ending>.nii.gz`, as phantoms have them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stemOf } from '../scan/catalogue/formats.js';
import { ScanError } from '../scan/errors.js';
import { readScan } from '../scan/readers/read-scan.js';

const ENDINGS = ['.nii.gz', '.nii', '.npz', '.npy'];

/** Name of the mask of a scan in `folder`; null where there is none. `path`: of the scan below its data folder. */
export function maskOf(folder: string, path: string): string | null {
  const stem = stemOf(path);
  return ENDINGS.map((ending) => stem + ending).find((name) => existsSync(join(folder, name))) ?? null;
}

/** Voxels `[depth][height][width]`, not 0 where marked. Errors: ScanError, also for a mask of another shape. */
export async function readMask(
  folder: string,
  name: string,
  shape: readonly [number, number, number],
): Promise<Float32Array> {
  const mask = await readScan(folder, { path: name, files: [name] });
  if (mask.shape.join() !== shape.join())
    throw new ScanError(
      join(folder, name),
      `a mask of ${mask.shape.join(' x ')} voxels: expected those of its scan, ${shape.join(' x ')}`,
    );
  return mask.data;
}
