/**
 * Class folders → scans: how published data sets lie on disk.
 *
 * One rule covers them all: the first folder is the class, the next one the patient, and a scan is a
 * folder that holds slices directly, or one NIfTI or NumPy file. Published layouts are recognised by their class
 * names, which are mapped to the classes of the papers:
 * Clean-CC-CCII (`NCP`, `CP`, `Normal`; patient, scan, png or jpg); MosMedData (`CT-0` … `CT-4`, one
 * `study_….nii.gz` a patient; grade 0 is Normal, 1 to 4 are NCP); COVID-CTset (`covid`, `normal`, also with a
 * number; patient, series `SR_…`, tif).
 */
import type { ScanProblem } from '../errors.js';
import { formatOf, isVolume, stemOf, type ScanFormat } from './formats.js';
import type { Folder } from './tree.js';

/** A scan as found: not yet opened. */
export interface CatalogueScan {
  /** Path of the folder of slices or of the file, relative to the root, with `/`: the scan's id. */
  readonly path: string;
  /** Equal names in two classes are one patient. */
  readonly patient: string;
  readonly class: string;
  /** Files of the scan relative to the root: one volume, or the slices in natural order (DICOM: by position). */
  readonly files: readonly string[];
}

/** Where the catalogue writes what it cannot use, and what may not be as it was meant. */
export interface CatalogueNotes {
  readonly problems: ScanProblem[];
  readonly remarks: string[];
}

interface Published {
  readonly layout: string;
  readonly classOf: (folder: string) => string | null;
  /** At least one class folder must look like this. */
  readonly sign: RegExp;
}

const published: readonly Published[] = [
  {
    layout: 'mosmeddata',
    sign: /^CT-[0-4]$/i,
    classOf: (name) => (/^CT-[0-4]$/i.test(name) ? (name.endsWith('0') ? 'Normal' : 'NCP') : null),
  },
  {
    layout: 'covid-ctset',
    sign: /^covid\d*$/i,
    classOf: (name) => (/^covid\d*$/i.test(name) ? 'NCP' : /^normal\d*$/i.test(name) ? 'Normal' : null),
  },
  {
    layout: 'clean-cc-ccii',
    sign: /^(NCP|CP)$/,
    classOf: (name) => (['NCP', 'CP', 'Normal'].includes(name) ? name : null),
  },
];

/** Scans of a folder of class folders; `layout` is null when no class folder holds a scan. */
export function scansOfClassFolders(
  root: Folder,
  { problems, remarks }: CatalogueNotes,
): { layout: string | null; scans: CatalogueScan[] } {
  const top = studiesFolder(root) ?? root;
  const classFolders = top.folders.filter(holdsFiles);
  const match = published.find(
    ({ classOf, sign }) =>
      classFolders.some(({ name }) => sign.test(name)) &&
      classFolders.every(({ name }) => classOf(name) !== null),
  );
  const scans: CatalogueScan[] = [];
  const shapes = new Set<string>();
  let deep: CatalogueScan | null = null;
  for (const folder of classFolders) {
    const found = new ClassFolder(folder, match?.classOf(folder.name) ?? folder.name, problems);
    found.collect(folder, []);
    scans.push(...found.scans);
    for (const shape of found.shapes) shapes.add(shape);
    deep ??= found.deep;
  }
  if (deep !== null)
    remarks.push(
      `folders lie deeper than class/patient/scan: ${deep.path} is read as class ${deep.class}, ` +
        `patient ${deep.patient}; if that is wrong, give the folder whose own folders are the classes, ` +
        'or a labels.csv',
    );
  for (const file of top.files) {
    if (formatOf(file) !== null)
      problems.push({ path: join(top.path, file), reason: 'a scan outside of any class folder is not read' });
  }
  if (scans.length === 0) return { layout: null, scans };
  return { layout: layoutName(match, shapes), scans };
}

/** MosMedData as published keeps its class folders in `studies/`. */
function studiesFolder(root: Folder): Folder | undefined {
  return root.folders.find(
    ({ name, folders }) => name === 'studies' && folders.some((folder) => /^CT-[0-4]$/i.test(folder.name)),
  );
}

function layoutName(match: Published | undefined, shapes: ReadonlySet<string>): string {
  const shape = shapes.size === 1 ? [...shapes][0]! : 'class folders';
  if (match === undefined) return shape;
  // The class names of Clean-CC-CCII are ordinary words: the name is given only to its whole shape.
  return match.layout !== 'clean-cc-ccii' || shape === 'class/patient/scan' ? match.layout : shape;
}

class ClassFolder {
  readonly scans: CatalogueScan[] = [];
  readonly shapes = new Set<string>();
  /** The first scan that lies deeper than any layout has it. */
  deep: CatalogueScan | null = null;

  constructor(
    private readonly folder: Folder,
    private readonly className: string,
    private readonly problems: ScanProblem[],
  ) {}

  /** Scans in and below `at`; `below`: names of the folders under the class folder on the way to it. */
  collect(at: Folder, below: readonly string[]): void {
    const before = this.scans.length;
    this.slices(at, below);
    for (const file of at.files) {
      // A TIFF directly in a class folder can only be a volume of pages: as a slice it has no patient.
      if (!isVolume(formatOf(file)) && !(below.length === 0 && formatOf(file) === 'tiff')) continue;
      const path = join(at.path, file);
      this.add(
        { path, patient: this.patient(below) ?? stemOf(file), class: this.className, files: [path] },
        below,
      );
      this.shapes.add(below.length === 0 ? 'class/file' : 'class/patient/file');
    }
    const problemsBefore = this.problems.length;
    for (const folder of at.folders) this.collect(folder, [...below, folder.name]);
    const foundNothing = this.scans.length === before && this.problems.length === problemsBefore;
    if (at.folders.length === 0 && foundNothing && at !== this.folder && !holdsScanFiles(at)) {
      this.problems.push({
        path: at.path,
        reason: 'an empty folder: expected slices (png, jpg, tif, dcm) or a volume (nii, npz)',
      });
    }
  }

  private slices(at: Folder, below: readonly string[]): void {
    const direct = below.length === 0;
    const slices = at.files.filter((file) => {
      const format = formatOf(file);
      return isSlice(format) && !(direct && format === 'tiff');
    });
    if (slices.length === 0) return;
    const patient = this.patient(below);
    if (patient === null) {
      this.problems.push({
        path: at.path,
        reason:
          'slices lie directly in the class folder: expected class/patient/slices or class/patient/scan/slices',
      });
      return;
    }
    const outcome = slicesOf(at);
    if ('reason' in outcome) {
      this.problems.push({ path: at.path, reason: outcome.reason });
      return;
    }
    this.add({ path: at.path, patient, class: this.className, files: outcome.files }, below);
    this.shapes.add(below.length === 1 ? 'class/patient' : 'class/patient/scan');
  }

  /** Series folders of COVID-CTset may lie at any depth. */
  private add(scan: CatalogueScan, below: readonly string[]): void {
    this.scans.push(scan);
    if (below.length > 2 && !below.some(isSeries)) this.deep ??= scan;
  }

  /** The folder under the class; above a series folder `SR_*` of COVID-CTset, the one that holds it. */
  private patient(below: readonly string[]): string | null {
    const series = below.findIndex(isSeries);
    return below[series > 0 ? series - 1 : 0] ?? null;
  }
}

/** The slices directly in a folder, as paths from the root; one format only. */
export function slicesOf(folder: Folder): { files: string[] } | { reason: string } {
  const slices = folder.files.filter((file) => isSlice(formatOf(file)));
  if (slices.length === 0) return { reason: 'holds no slices (png, jpg, tif)' };
  if (new Set(slices.map(formatOf)).size > 1)
    return { reason: 'mixes TIFF slices with PNG or JPEG slices: expected one format a scan' };
  return { files: slices.map((file) => join(folder.path, file)) };
}

const isSeries = (name: string): boolean => /^SR_\d+$/i.test(name);

function isSlice(format: ScanFormat | null): boolean {
  return format === 'image' || format === 'tiff';
}

function holdsFiles(folder: Folder): boolean {
  return folder.files.some((file) => formatOf(file) !== null) || folder.folders.some(holdsFiles);
}

function holdsScanFiles(folder: Folder): boolean {
  return folder.files.some((file) => formatOf(file) !== null);
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
