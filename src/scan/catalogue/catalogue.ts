/**
 * Which scans a data folder holds, whose they are and of which class, before any of them is opened.
 *
 * A table with the columns `path, patient, class` (`labels.csv` or `scans.csv` in the folder, or one that
 * is named) decides where there is one; else class folders do (`layouts.ts`). A table without these
 * columns beside class folders is a note for people. Of DICOM files the headers are read, because nothing
 * else tells their series apart (`dicom-series.ts`).
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { scansOfTable, type DicomInFolder } from './catalogue-csv.js';
import { CatalogueError, type ScanProblem } from '../errors.js';
import { scansOfClassFolders, type CatalogueNotes, type CatalogueScan } from './layouts.js';
import { readHeaders, takeDicom } from './dicom-files.js';
import { scansOfDicom, type DicomOptions } from './dicom-series.js';
import { runFolderRefused } from './run-folder.js';
import { defaultLimits, type ScanLimits } from '../limits.js';
import { codeUnitOrder } from './natural-order.js';
import { readTree, type Folder } from './tree.js';

export type { CatalogueScan } from './layouts.js';

export interface Catalogue {
  readonly root: string;
  /** Name of the layout: `clean-cc-ccii`, `mosmeddata`, `covid-ctset`, `class/patient/scan`, …, `csv`. */
  readonly layout: string;
  /** Classes that have scans, sorted by code unit. Their order gives the labels. */
  readonly classes: readonly string[];
  /** Sorted by path. */
  readonly scans: readonly CatalogueScan[];
  /** What was found and cannot be used. */
  readonly problems: readonly ScanProblem[];
  /** What can be used, though perhaps not as it was meant. */
  readonly remarks: readonly string[];
}

export interface CatalogueOptions {
  readonly limits?: ScanLimits;
  /** A table to use instead of `labels.csv` or `scans.csv`: its name inside the data folder. */
  readonly csv?: string;
  readonly dicom?: DicomOptions;
}

const tableBytes = 64 * 2 ** 20;

/** Errors: CatalogueError when the folder cannot be read, passes a limit, or holds no scan. */
export async function readCatalogue(root: string, options: CatalogueOptions = {}): Promise<Catalogue> {
  const limits = options.limits ?? defaultLimits;
  const problems: ScanProblem[] = [];
  const remarks: string[] = [];
  const tree = await readTree(root, limits, problems);
  const refused = runFolderRefused(tree);
  if (refused !== null) throw new CatalogueError(root, refused);
  const { rest, files } = await takeDicom(root, tree);
  const notes = { problems, remarks };
  const headers = await readHeaders(root, files, limits, problems);
  const dicom = { headers, options: options.dicom ?? {} };
  const table = await scansOfFirstTable(root, { tree: rest, dicom }, options.csv, notes);
  const found = table === null ? scansOfFolders(root, rest, dicom, notes) : { layout: 'csv', scans: table };
  if (found.scans.length === 0 || found.layout === null) {
    const why = [
      ...problems.slice(0, 1).map(({ path, reason }) => `; ${path}: ${reason}`),
      ...remarks.map((remark) => `; ${remark}`),
    ];
    throw new CatalogueError(
      root,
      'no scans found: expected class/patient/scan/slices, class/file.nii.gz, class/…/slices.dcm, ' +
        `or a labels.csv with path, patient, class${why.join('')}`,
    );
  }
  const scans = [...found.scans].sort((a, b) => codeUnitOrder(a.path, b.path));
  const classes = [...new Set(scans.map((scan) => scan.class))].sort(codeUnitOrder);
  return { root, layout: found.layout, classes, scans, problems, remarks };
}

function scansOfFolders(
  root: string,
  tree: Folder,
  { headers, options }: DicomInFolder,
  notes: CatalogueNotes,
): { layout: string | null; scans: readonly CatalogueScan[] } {
  const own = scansOfClassFolders(tree, notes);
  const rootClass = basename(resolve(root));
  const dicom = scansOfDicom(headers, rootClass, options, notes);
  if (dicom.length > 0 && headers.some(({ file }) => !file.includes('/')))
    notes.remarks.push(`DICOM files outside of any class folder are read as class ${rootClass}`);
  const layout = dicom.length === 0 ? own.layout : own.layout === null ? 'dicom' : `${own.layout} and dicom`;
  return { layout, scans: [...own.scans, ...dicom] };
}

async function scansOfFirstTable(
  root: string,
  { tree, dicom }: { readonly tree: Folder; readonly dicom: DicomInFolder },
  named: string | undefined,
  notes: CatalogueNotes,
): Promise<readonly CatalogueScan[] | null> {
  if (named !== undefined && !tree.files.includes(named)) {
    throw new CatalogueError(root, `the table ${named} is not in the data folder`);
  }
  for (const name of named === undefined ? ['labels.csv', 'scans.csv'] : [named]) {
    if (!tree.files.includes(name)) continue;
    const path = join(root, name);
    if ((await stat(path)).size > tableBytes)
      throw new CatalogueError(root, `${name} is larger than ${tableBytes} bytes`);
    const table = scansOfTable(name, await readFile(path, 'utf8'), tree, dicom);
    if (table.scans !== null) {
      notes.problems.push(...table.problems);
      return table.scans;
    }
    const columns = table.columns.join(', ') || 'none';
    if (named !== undefined)
      throw new CatalogueError(root, `expected the columns path, patient, class in ${name}, got ${columns}`);
    notes.remarks.push(`${name} is left alone: expected the columns path, patient, class, got ${columns}`);
  }
  return null;
}
