/** The folder of a run, whose phantoms, masks and figures would pass for classes. */
import type { Folder } from './tree.js';

/** Why a folder that a search wrote is no data, or null. */
export function runFolderRefused({ files, folders }: Folder): string | null {
  const has = (name: string): boolean =>
    files.includes(name) || folders.some((folder) => folder.name === name);
  if (!has('config.yaml') || !(has('run.json') || has('journal'))) return null;
  const hint = has('phantoms') ? '; its scans are in the folder phantoms inside it' : '';
  return `expected a folder of scans, got the folder of a run${hint}`;
}
