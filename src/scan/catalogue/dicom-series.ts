/**
 * DICOM headers → scans. The class is the first folder; patient, study and series come from the headers,
 * however the files lie below it. Of each study one series is read.
 */
import { createHash } from 'node:crypto';
import type { ScanProblem } from '../errors.js';
import type { DicomHeader } from '../readers/dicom/header.js';
import {
  isAxial,
  isPlaced,
  stackKey,
  stackOf,
  type PlacedSlice,
  type Stack,
} from '../readers/dicom/stack.js';
import type { CatalogueNotes, CatalogueScan } from './layouts.js';
import { codeUnitOrder } from './natural-order.js';

/** How DICOM series become scans. */
export interface DicomOptions {
  /**
   * Which axial CT series of a study is read: the one of most slices (default); the thinnest of those that
   * cover nearly as much as any; or all of them, each a scan.
   */
  readonly series?: 'most-slices' | 'thinnest' | 'all';
  /** What names a patient: the hash of the id in the header (default), or the folder below the class. */
  readonly patients?: 'header' | 'folder';
}

interface Series {
  readonly stack: Stack;
  /** Deepest folder that holds all its files; '' for the root. */
  readonly folder: string;
  readonly number: number | null;
  readonly key: string;
  readonly derived: boolean;
}

/** A thin series must cover at least this share of the longest one. */
const COVERS = 0.8;
const SHOWN = 3;

/** Scans of all studies below a folder of classes. `rootClass`: of files that lie in no class folder. */
export function scansOfDicom(
  headers: readonly DicomHeader[],
  rootClass: string,
  options: DicomOptions,
  notes: CatalogueNotes,
): CatalogueScan[] {
  const found: { scan: CatalogueScan; series: Series }[] = [];
  const several: string[] = [];
  const flaws: string[] = [];
  for (const study of groups(headers, (header) => studyKey(header, rootClass, options))) {
    const { class: className, patient } = owner(study[0]!, rootClass, options);
    const all = seriesOf(study, notes.problems);
    const chosen = options.series === 'all' ? all : all.slice().sort(orderOf(all, options)).slice(0, 1);
    if (all.length > 1 && options.series !== 'all') several.push(described(chosen[0]!, all.length));
    for (const series of chosen) {
      const files = series.stack.slices.map(({ file }) => file);
      found.push({ scan: { path: series.folder || '.', patient, class: className, files }, series });
      flaws.push(...series.stack.remarks.map((remark) => `${series.folder || '.'}: ${remark}`));
    }
  }
  const rule = options.series === 'thinnest' ? 'the thinnest' : 'the one of most slices';
  if (several.length > 0)
    notes.remarks.push(
      `${several.length} DICOM studies hold several axial series, of which ${rule} is read ` +
        `(data.dicom.series chooses otherwise): ${some(several)}`,
    );
  if (flaws.length > 0) notes.remarks.push(`DICOM: ${some(flaws)}`);
  return withOwnPaths(found);
}

/** One series of a folder that a table names; `number`: the SeriesNumber it asks for. */
export function seriesInFolder(
  headers: readonly DicomHeader[],
  number: number | null,
  options: DicomOptions,
): { files: string[] } | { reason: string } {
  const problems: ScanProblem[] = [];
  const all = seriesOf(headers, problems);
  const wanted = number === null ? all : all.filter((series) => series.number === number);
  const [first] = wanted.slice().sort(orderOf(wanted, options));
  if (first !== undefined) return { files: first.stack.slices.map(({ file }) => file) };
  const [problem] = problems;
  if (problem !== undefined) return { reason: problem.reason };
  const numbers = all.flatMap((series) => series.number ?? []).join(', ');
  return { reason: `has no axial CT series ${number}: expected one of ${numbers || 'none'}` };
}

/** The axial CT series of some files that are volumes; what is none is a problem. */
function seriesOf(headers: readonly DicomHeader[], problems: ScanProblem[]): Series[] {
  const slices = headers.filter(isPlaced).filter((header) => header.modality === 'CT' && !header.localizer);
  const axial = slices.filter(isAxial);
  if (axial.length === 0) {
    const kinds = [...new Set(headers.map(({ modality }) => modality))].sort(codeUnitOrder).join(', ');
    const other = slices.length > 0 ? ', none of them axial' : '';
    problems.push({
      path: commonFolder(headers) || '.',
      reason: `${headers.length} DICOM files without an axial CT series (modality ${kinds}${other})`,
    });
  }
  return groups(axial, stackKey).flatMap((own): Series[] => {
    const folder = commonFolder(own);
    const stack = stackOf(own);
    if ('reason' in stack) {
      problems.push({ path: folder || '.', reason: stack.reason });
      return [];
    }
    const [first] = stack.slices;
    return [
      {
        stack,
        folder,
        number: first?.seriesNumber ?? null,
        key: stackKey(own[0]!),
        derived: own.some(({ derived }) => derived),
      },
    ];
  });
}

/** Best first: original before derived, then the rule, then the series number, then the UID. */
function orderOf(all: readonly Series[], { series }: DicomOptions): (a: Series, b: Series) => number {
  const thin = series === 'thinnest';
  const most = all.reduce((long, each) => Math.max(long, covered(each)), 0);
  const short = (each: Series): number => (thin && covered(each) < COVERS * most ? 1 : 0);
  const step = ({ stack }: Series): number => stack.spacing?.[0] ?? Number.MAX_VALUE;
  return (a, b) =>
    Number(a.derived) - Number(b.derived) ||
    short(a) - short(b) ||
    (thin ? step(a) - step(b) : 0) ||
    b.stack.slices.length - a.stack.slices.length ||
    step(a) - step(b) ||
    (a.number ?? 0) - (b.number ?? 0) ||
    codeUnitOrder(a.key, b.key);
}

/** Millimetres from the first slice to the last. */
const covered = ({ stack }: Series): number => (stack.slices.length - 1) * (stack.spacing?.[0] ?? 0);

function owner(
  { file, patient }: DicomHeader,
  rootClass: string,
  { patients }: DicomOptions,
): { class: string; patient: string } {
  const folders = file.split('/').slice(0, -1);
  const inFolder = folders[1] ?? folders[0] ?? rootClass;
  return {
    class: folders[0] ?? rootClass,
    patient: patients === 'folder' ? inFolder : (patient ?? inFolder),
  };
}

function studyKey(header: DicomHeader, rootClass: string, options: DicomOptions): string {
  const { class: className, patient } = owner(header, rootClass, options);
  return [className, patient, header.study].join('\0');
}

function described({ folder, number, stack }: Series, of: number): string {
  const mm = stack.spacing === null ? '' : ` of ${Number(stack.spacing[0].toPrecision(3))} mm`;
  return `${folder || '.'}: series ${number ?? '?'}, ${stack.slices.length} slices${mm}, of ${of} series`;
}

/** Scans that lie in one folder get names of their own. */
function withOwnPaths(found: readonly { scan: CatalogueScan; series: Series }[]): CatalogueScan[] {
  const counts = new Map<string, number>();
  for (const { scan } of found) counts.set(scan.path, (counts.get(scan.path) ?? 0) + 1);
  return found.map(({ scan, series }) =>
    counts.get(scan.path) === 1
      ? scan
      : {
          ...scan,
          path: `${scan.path}#${createHash('sha256').update(series.key).digest('hex').slice(0, 8)}`,
        },
  );
}

/** In the order in which their first members come. */
function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const byKey = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const own = byKey.get(key);
    if (own === undefined) byKey.set(key, [item]);
    else own.push(item);
  }
  return [...byKey.values()];
}

function commonFolder(headers: readonly Pick<PlacedSlice, 'file'>[]): string {
  const folders = headers.map(({ file }) => file.split('/').slice(0, -1));
  const [first = []] = folders;
  const length = first.findIndex((name, i) => folders.some((other) => other[i] !== name));
  return first.slice(0, length < 0 ? first.length : length).join('/');
}

const some = (texts: readonly string[]): string =>
  texts.slice(0, SHOWN).join('; ') + (texts.length > SHOWN ? `; and ${texts.length - SHOWN} more` : '');
