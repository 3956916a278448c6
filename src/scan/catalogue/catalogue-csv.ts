/**
 * A table of scans: `path, patient, class`, and `series` for DICOM; further columns are ignored.
 *
 * A path is relative to the data folder and names a folder of slices, a volume (NIfTI, NumPy), or a TIFF of
 * several pages. Of a folder of DICOM one series is read; a column `series` may give its number. A path is
 * looked up in the tree that was walked under the rules of `tree.ts` and never opened itself, so an
 * absolute path or one with `..` cannot reach anything; it is refused with its own words.
 */
import type { ScanProblem } from '../errors.js';
import { quoted } from '../errors.js';
import { parseCsv } from './csv.js';
import type { DicomHeader } from '../readers/dicom/header.js';
import { seriesInFolder, type DicomOptions } from './dicom-series.js';
import { formatOf, isVolume } from './formats.js';
import { slicesOf, type CatalogueScan } from './layouts.js';
import type { Folder } from './tree.js';

export interface ScanTable {
  /** Null when the table has not the three columns: then it is a note beside the data. */
  readonly scans: readonly CatalogueScan[] | null;
  /** Names of its columns, as written. */
  readonly columns: readonly string[];
  /** Rows that cannot be used. */
  readonly problems: readonly ScanProblem[];
}

/** The DICOM files of a data folder. */
export interface DicomInFolder {
  readonly headers: readonly DicomHeader[];
  readonly options: DicomOptions;
}

/** Reads a table; `name` stands before the line of each problem. */
export function scansOfTable(name: string, text: string, root: Folder, dicom: DicomInFolder): ScanTable {
  const problems: ScanProblem[] = [];
  const [header, ...rows] = parseCsv(text);
  const columns = header?.fields.map((field) => field.toLowerCase()) ?? [];
  const [pathColumn, patientColumn, classColumn] = ['path', 'patient', 'class'].map((column) =>
    columns.indexOf(column),
  );
  if (pathColumn! < 0 || patientColumn! < 0 || classColumn! < 0)
    return { scans: null, columns: (header?.fields ?? []).map(quoted), problems };
  const seriesColumn = columns.indexOf('series');
  const places = indexTree(root);
  const scans: CatalogueScan[] = [];
  const lines = new Map<string, number>();
  for (const { line, fields } of rows) {
    const refuse = (reason: string): void =>
      void problems.push({ path: `${name}:${line}`, reason: quoted(reason) });
    const [path, patient, className] = [
      fields[pathColumn!] ?? '',
      fields[patientColumn!] ?? '',
      fields[classColumn!] ?? '',
    ];
    const unsafe = pathRefused(path);
    if (unsafe !== null) refuse(unsafe);
    else if (patient === '') refuse(`the patient of ${path} is empty`);
    else if (className === '') refuse(`the class of ${path} is empty`);
    else {
      const id = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
      const earlier = lines.get(id);
      const series = fields[seriesColumn] ?? '';
      const files = earlier === undefined ? (dicomAt(id, series, dicom) ?? places.get(id)) : undefined;
      if (earlier !== undefined) refuse(`${id} stands in line ${earlier} already`);
      else if (files === undefined) refuse(`${id} is not in the data folder`);
      else if ('reason' in files) refuse(`${id} ${files.reason}`);
      else scans.push({ path: id, patient, class: className, files: files.files });
      if (earlier === undefined) lines.set(id, line);
    }
  }
  return { scans, columns: header?.fields ?? [], problems };
}

/** Why a path from a file must not be used, or null. */
function pathRefused(path: string): string | null {
  if (path === '') return 'the path is empty';
  if (path.startsWith('/') || /^[a-z]:/i.test(path))
    return `expected a path relative to the data folder, got the absolute path ${path}`;
  if (path.includes('\\') || path.includes('\0'))
    return 'a path must not contain a backslash or a null character: use /';
  if (path.split('/').includes('..')) return `a path must not leave the data folder: ${path}`;
  return null;
}

/** The series of a folder that holds DICOM, at any depth; null where there is none. */
function dicomAt(
  folder: string,
  series: string,
  { headers, options }: DicomInFolder,
): { files: string[] } | { reason: string } | null {
  const own = headers.filter(({ file }) => file.startsWith(`${folder}/`));
  if (own.length === 0) return null;
  if (series !== '' && !/^\d+$/.test(series)) return { reason: `expected a series number, got ${series}` };
  return seriesInFolder(own, series === '' ? null : Number(series), options);
}

/** Everything in the tree that can be a scan, by path. */
function indexTree(root: Folder): Map<string, { files: string[] } | { reason: string }> {
  const places = new Map<string, { files: string[] } | { reason: string }>();
  const visit = (folder: Folder): void => {
    if (folder.path !== '') places.set(folder.path, slicesOf(folder));
    for (const file of folder.files) {
      const path = folder.path === '' ? file : `${folder.path}/${file}`;
      const format = formatOf(file);
      if (isVolume(format) || format === 'tiff') places.set(path, { files: [path] });
    }
    folder.folders.forEach(visit);
  };
  visit(root);
  return places;
}
