/**
 * Where things are in a run folder, and how large each file may be. `docs/guides/run-folder.md` is the
 * format for people; each file of this room holds one file's schema, its writer and its reader.
 */
import { join } from 'node:path';

/** Paths in a run folder; nothing says that they exist. */
export interface RunFolder {
  readonly root: string;
  readonly config: string;
  readonly split: string;
  /** Digests of the split and of every scan in it. */
  readonly data: string;
  readonly journal: string;
  readonly snapshots: string;
  readonly history: string;
  readonly front: string;
  /** Messages that nobody could use. */
  readonly deadLetters: string;
  /** `run.json`, the record of what happened. */
  readonly run: string;
  readonly report: string;
  /** The report's figures, an SVG and a PNG each. */
  readonly figures: string;
  /** Phantom scans of a run without data of its own, and the mark that all of them are there. */
  readonly phantoms: string;
  readonly phantomsDone: string;
  /** The broker's configuration and store. */
  readonly broker: string;
  /** How workers reach the bus: URL, credentials and run id, mode 0600. */
  readonly bus: string;
  /** Where the evolution process holds its lock; the parent of a run holds one on the folder itself. */
  readonly evolutionLock: string;
  readonly log: (process: string) => string;
}

export function runFolder(root: string): RunFolder {
  return {
    root,
    config: join(root, 'config.yaml'),
    split: join(root, 'split.json'),
    data: join(root, 'data.json'),
    journal: join(root, 'journal'),
    snapshots: join(root, 'snapshots'),
    history: join(root, 'history.jsonl'),
    front: join(root, 'front.json'),
    deadLetters: join(root, 'dead-letters.jsonl'),
    run: join(root, 'run.json'),
    report: join(root, 'report.html'),
    figures: join(root, 'figures'),
    phantoms: join(root, 'phantoms'),
    phantomsDone: join(root, 'phantoms.done'),
    broker: join(root, 'broker'),
    bus: join(root, 'bus.json'),
    evolutionLock: join(root, 'evolution'),
    log: (process) => join(root, `${process}.log`),
  };
}

/** Bytes a file may have; a larger one is refused before it is read. */
export const FILE_LIMITS = {
  'config.yaml': 2 ** 20,
  'split.json': 2 ** 26,
  'data.json': 2 ** 28,
  'history.jsonl': 2 ** 28,
  'front.json': 2 ** 26,
  'run.json': 2 ** 24,
  'bus.json': 2 ** 16,
  'workplace.json': 2 ** 16,
  'manifest.json': 2 ** 29,
} as const;

export type RunFileName = keyof typeof FILE_LIMITS;
