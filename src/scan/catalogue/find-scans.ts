/** Scans without classes: whatever a path holds, for a model that is to say the class. */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { CatalogueError, type ScanProblem } from '../errors.js';
import { defaultLimits } from '../limits.js';
import { readHeaders, takeDicom } from './dicom-files.js';
import { scansOfDicom } from './dicom-series.js';
import { formatOf, isVolume } from './formats.js';
import { slicesOf } from './layouts.js';
import { readTree, type Folder } from './tree.js';

/** A scan as found, not yet opened. */
export interface FoundScan {
  /** Folder that `files` are relative to. */
  readonly root: string;
  /** Relative to it; `.` for the root itself. */
  readonly path: string;
  readonly files: readonly string[];
}

/**
 * A file is a scan; of a folder, every volume in it and every folder of slices. What cannot be used is added
 * to `problems`. Errors: CatalogueError for a path that is not there or holds no scan.
 */
export async function findScans(path: string, problems: ScanProblem[]): Promise<FoundScan[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new CatalogueError(path, 'expected a scan or a folder of scans; it is not there');
  if (found.isFile()) return [{ root: dirname(path), path: basename(path), files: [basename(path)] }];
  const tree = await readTree(path, defaultLimits, problems);
  const { rest, files } = await takeDicom(path, tree);
  const scans: FoundScan[] = [];
  const walk = (folder: Folder): void => {
    const slices = folder.files.filter((file) => formatOf(file) !== null && !isVolume(formatOf(file)));
    if (slices.length > 0) {
      const outcome = slicesOf(folder);
      const at = folder.path || '.';
      if ('reason' in outcome) problems.push({ path: at, reason: outcome.reason });
      else scans.push({ root: path, path: at, files: outcome.files });
    }
    for (const file of folder.files.filter((each) => isVolume(formatOf(each)))) {
      const below = folder.path === '' ? file : `${folder.path}/${file}`;
      scans.push({ root: path, path: below, files: [below] });
    }
    folder.folders.forEach(walk);
  };
  walk(rest);
  if (files.length > 0) {
    const headers = await readHeaders(path, files, defaultLimits, problems);
    const series = scansOfDicom(headers, '', { series: 'all' }, { problems, remarks: [] });
    scans.push(...series.map((scan) => ({ root: path, path: scan.path, files: scan.files })));
  }
  if (scans.length === 0 && problems.length === 0)
    throw new CatalogueError(path, 'no scan found: expected slices, NIfTI, NumPy or DICOM files');
  return scans;
}
