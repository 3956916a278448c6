/**
 * Reads a run folder, finished or not, into checked values.
 *
 * `config.yaml` and `run.json` exist from the first second of a run. The others appear on the way and
 * may be missing, except in a finished run. While a run is alive its last history line may be half
 * written: such a line is left out and noted, since it is not damage. Likewise its front may be that of
 * the epoch before, or none yet: it then counts as not written.
 */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Settings } from './config.js';
import { readSettings } from './config.js';
import { RunFolderError } from './error.js';
import type { RunFolder } from './folder.js';
import { runFolder } from './folder.js';
import type { Front } from './front.js';
import { parseFront } from './front.js';
import type { HistoryLine } from './history.js';
import { parseHistory } from './history.js';
import { readOptional, readRequired } from './read-file.js';
import type { RunRecord } from './record.js';
import { readRecord } from './record.js';
import type { Split } from './split.js';
import { parseSplit } from './split.js';

export interface RunContents {
  readonly folder: RunFolder;
  /** Name of the run: the last part of its path. */
  readonly name: string;
  readonly settings: Settings;
  /** The bytes of `config.yaml` as text. */
  readonly settingsText: string;
  readonly record: RunRecord;
  /** Null before the data is split. */
  readonly split: Split | null;
  /** Sorted by epoch, then id; empty before the first evaluation. */
  readonly history: readonly HistoryLine[];
  /** SHA-256 of `history.jsonl`; null where there is none. */
  readonly historySha256: string | null;
  /** True if the last line of the history was still being written. */
  readonly historyTorn: boolean;
  /** Null until there is one for the last epoch of the history. */
  readonly front: Front | null;
}

/** Reads and checks all files of the folder at `root`. Errors: RunFolderError with the file and the reason. */
export async function readRun(root: string): Promise<RunContents> {
  const kind = await stat(root).catch(() => null);
  if (kind?.isDirectory() !== true)
    throw new RunFolderError(
      root,
      'expected a run folder, found none; give the folder that a search wrote with --out',
    );
  const folder = runFolder(root);
  const record = await readRecord(folder);
  const { settings, text } = await readSettings(folder);
  const finished = record.status === 'finished';
  const read = (path: string): Promise<Buffer | null> =>
    finished ? readRequired(path, 'run.json says that the run has finished') : readOptional(path);
  const splitBytes = await read(folder.split);
  const historyBytes = await read(folder.history);
  const frontBytes = await read(folder.front);
  const history = historyBytes === null ? null : parseHistory(folder.history, historyBytes, !finished);
  const front = frontBytes === null ? null : parseFront(folder.front, frontBytes);
  const current = finished || (front?.history.sha256 === history?.sha256 && front?.front.length !== 0);
  const contents: RunContents = {
    folder,
    name: basename(resolve(root)),
    settings,
    settingsText: text,
    record,
    split: splitBytes === null ? null : parseSplit(folder.split, splitBytes),
    history: history?.lines ?? [],
    historySha256: history?.sha256 ?? null,
    historyTorn: history?.torn ?? false,
    front: current ? front : null,
  };
  checkMatrices(contents);
  checkFront(contents);
  return contents;
}

/** All genomes are of one length, all confusion matrices of the classes of the split. */
function checkMatrices({ folder, split, history }: RunContents): void {
  const blocks = history[0]?.genome.length ?? 0;
  history.forEach(({ genome, confusion }, index) => {
    if (genome.length !== blocks)
      throw new RunFolderError(
        folder.history,
        `line ${index + 1}: expected a genome of ${blocks} blocks as in line 1, got ${genome.length}`,
      );
    const classes = split?.classes.length ?? confusion?.length;
    if (
      confusion !== null &&
      (confusion.length !== classes || confusion.some((row) => row.length !== classes))
    ) {
      const lengths = [...new Set(confusion.map((row) => row.length))].join(', ');
      throw new RunFolderError(
        folder.history,
        `line ${index + 1}: expected a confusion matrix of ${classes} × ${classes} as in split.json, ` +
          `got ${confusion.length} rows of ${lengths}`,
      );
    }
  });
}

/** The front is of the last epoch of the history, and its members were evaluated in it. */
function checkFront({ folder, history, front }: RunContents): void {
  if (front === null) return;
  const blocks = history[0]?.genome.length ?? 0;
  const last = history.at(-1)?.epoch;
  if (last !== undefined && front.epoch !== last)
    throw new RunFolderError(
      folder.front,
      `expected the epoch of the last history line, ${last}, got ${front.epoch}`,
    );
  const evaluated = new Set(history.filter((line) => line.epoch === front.epoch).map((line) => line.id));
  for (const { id, genome } of front.front) {
    if (!evaluated.has(id))
      throw new RunFolderError(
        folder.front,
        `expected individuals of epoch ${front.epoch} in history.jsonl, ${id} is not there`,
      );
    if (genome.length !== blocks)
      throw new RunFolderError(
        folder.front,
        `${id}: expected a genome of ${blocks} blocks as in the history, got ${genome.length}`,
      );
  }
}
