/**
 * The DICOM files of a tree, by name or by content, and their headers.
 *
 * Archives often give no ending, or the UID as the name; such folders are recognised by a few of their
 * files. The tree that is left has no DICOM in it, so that the other layouts need not know of it.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ScanError, type ScanProblem } from '../errors.js';
import type { ScanLimits } from '../limits.js';
import { isDicom } from '../readers/dicom/elements.js';
import { readHeader, type DicomHeader } from '../readers/dicom/header.js';
import { formatOf } from './formats.js';
import type { Folder } from './tree.js';

export interface DicomTree {
  /** The tree without DICOM files and without the folders that held nothing else. */
  readonly rest: Folder;
  /** Paths of DICOM files, relative to the root. */
  readonly files: readonly string[];
}

/** Files of a folder without a known ending that are looked into. */
const LOOKED_INTO = 3;
/** Headers that are read at the same time. */
const AT_ONCE = 16;
/** Endings that no archive gives a DICOM file. */
const OTHER = /\.(csv|tsv|txt|md|json|ya?ml|xml|html?|pdf|docx?|xlsx?|zip|gz|tar|7z|py|m|mat|log|db|ini)$/i;

/** Takes the DICOM files out of a tree. */
export async function takeDicom(root: string, folder: Folder): Promise<DicomTree> {
  const files: string[] = [];
  const take = async (at: Folder): Promise<Folder> => {
    const unnamed = await unnamedDicom(root, at);
    const own = new Set(at.files.filter((name) => formatOf(name) === 'dicom' || unnamed.has(name)));
    files.push(...[...own].map((name) => pathIn(at, name)));
    const folders: Folder[] = [];
    let taken = own.size > 0;
    for (const below of at.folders) {
      const before = files.length;
      const rest = await take(below);
      const emptied = files.length > before && rest.files.length === 0 && rest.folders.length === 0;
      taken ||= files.length > before;
      if (!emptied) folders.push(rest);
    }
    return taken
      ? { ...at, folders, files: at.files.filter((name) => !own.has(name) && !isDirectory(name)) }
      : at;
  };
  return { rest: await take(folder), files };
}

/** The headers of files, in their order; what cannot be read is added to `problems`. */
export async function readHeaders(
  root: string,
  files: readonly string[],
  limits: ScanLimits,
  problems: ScanProblem[],
): Promise<DicomHeader[]> {
  const headers: DicomHeader[] = [];
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const outcomes = await Promise.allSettled(
      files.slice(first, first + AT_ONCE).map((file) => readHeader(join(root, file), file, limits)),
    );
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') headers.push(outcome.value);
      else if (!(outcome.reason instanceof ScanError)) throw outcome.reason;
      else problems.push({ path: outcome.reason.path, reason: outcome.reason.reason });
    }
  }
  return headers;
}

async function unnamedDicom(root: string, folder: Folder): Promise<ReadonlySet<string>> {
  const unknown = folder.files.filter(
    (name) => formatOf(name) === null && !OTHER.test(name) && !isDirectory(name),
  );
  const looked = [...new Set([0, unknown.length >> 1, unknown.length - 1])].slice(0, LOOKED_INTO);
  for (const index of looked) {
    const name = unknown[index];
    if (name !== undefined && (await beginsAsDicom(join(root, pathIn(folder, name)))))
      return new Set(unknown);
  }
  return new Set();
}

async function beginsAsDicom(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(132), 0, 132, 0);
    return isDicom(buffer.subarray(0, bytesRead));
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/** The table of contents of a medium is DICOM and no slice. */
const isDirectory = (name: string): boolean => /^DICOMDIR$/i.test(name);

const pathIn = (folder: Folder, name: string): string =>
  folder.path === '' ? name : `${folder.path}/${name}`;
