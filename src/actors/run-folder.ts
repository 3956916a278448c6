/** Where things are in a run folder; the format for people is docs/guides/run-folder.md. */
import { join } from 'node:path';

export interface RunFolder {
  readonly root: string;
  readonly config: string;
  readonly split: string;
  readonly journal: string;
  readonly snapshots: string;
  readonly history: string;
  readonly front: string;
  readonly run: string;
  readonly report: string;
  /** Phantom scans of a run without data of its own. */
  readonly phantoms: string;
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
    journal: join(root, 'journal'),
    snapshots: join(root, 'snapshots'),
    history: join(root, 'history.jsonl'),
    front: join(root, 'front.json'),
    run: join(root, 'run.json'),
    report: join(root, 'report.html'),
    phantoms: join(root, 'phantoms'),
    broker: join(root, 'broker'),
    bus: join(root, 'bus.json'),
    evolutionLock: join(root, 'evolution'),
    log: (process) => join(root, `${process}.log`),
  };
}
