/**
 * Folders that are not what they are taken for: DICOM series, which no reader here opens, and the folder
 * of a run, whose phantoms, masks and figures would pass for classes.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ScanProblem } from '../errors.js';
import { formatOf } from './formats.js';
import type { Folder } from './tree.js';

const DICOM_REASON =
  'DICOM is not read: convert each series to NIfTI (dcm2niix), as docs/guides/data.md shows under "From DICOM"';

const isDicomName = (name: string): boolean => /\.(dcm|dicom|ima)$|^DICOMDIR$/i.test(name);

/** One problem a folder that holds files with the names of DICOM. */
export function dicomByName(folder: Folder): ScanProblem[] {
  const own = folder.files.filter(isDicomName);
  const here =
    own.length === 0
      ? []
      : [
          {
            path: folder.path || '.',
            reason: `${own.length} DICOM files (${own[0] ?? ''}): ${DICOM_REASON}`,
          },
        ];
  return [...here, ...folder.folders.flatMap(dicomByName)];
}

/** Files without a known ending that are looked into, where no scan was found. */
const MOST_SNIFFED = 20;
/** A DICOM file says so after 128 bytes of preamble. */
const MARK_AT = 128;

/** The first file, if any, that is DICOM by its content: archives often give no ending at all. */
export async function dicomByContent(root: string, tree: Folder): Promise<ScanProblem[]> {
  for (const path of unknownFiles(tree).slice(0, MOST_SNIFFED)) {
    if ((await bytesAt(join(root, path), MARK_AT, 4)) === 'DICM') return [{ path, reason: DICOM_REASON }];
  }
  return [];
}

function unknownFiles(folder: Folder): string[] {
  const own = folder.files.filter((file) => formatOf(file) === null);
  return [
    ...own.map((file) => (folder.path === '' ? file : `${folder.path}/${file}`)),
    ...folder.folders.flatMap(unknownFiles),
  ];
}

async function bytesAt(path: string, position: number, length: number): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return '';
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Why a folder that a search wrote is no data, or null. */
export function runFolderRefused({ files, folders }: Folder): string | null {
  const has = (name: string): boolean =>
    files.includes(name) || folders.some((folder) => folder.name === name);
  if (!has('config.yaml') || !(has('run.json') || has('journal'))) return null;
  const hint = has('phantoms') ? '; its scans are in the folder phantoms inside it' : '';
  return `expected a folder of scans, got the folder of a run${hint}`;
}
