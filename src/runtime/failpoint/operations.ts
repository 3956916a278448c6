/** Where a process can be made to fail: before and after each operation that others rely on. */

const OPERATIONS = {
  'journal-write': 'a group of records is written to the journal',
  'journal-sync': 'the journal is forced to the disk: what it holds counts from then on',
  'file-write': 'a file that replaces another (run.json, …) is written under a temporary name',
  'file-sync': 'that file is forced to the disk',
  'file-rename': 'that file takes the name of the old one',
  'file-folder-sync': 'the folder of that file is forced to the disk',
  'snapshot-write': 'a snapshot is written under a temporary name',
  'snapshot-sync': 'the snapshot is forced to the disk',
  'snapshot-rename': 'the snapshot takes its digest for a name',
  'snapshot-folder-sync': 'the folder of snapshots is forced to the disk',
  'lock-link': 'the lock of a run folder is taken',
  'send-gradient': 'a chunk of a gradient is sent to the other trainers',
  publish: 'a message is handed to the bus',
  enqueue: 'an evaluation is put on the work queue',
  acknowledge: 'an evaluation whose result is journalled is taken off the queue',
  apply: 'a committed step moves the weights of a trainer',
} as const;

export type Operation = keyof typeof OPERATIONS;
export type FailpointName = `${'before' | 'after'}-${Operation}`;

/** Name of each failpoint, and where it is. */
export const FAILPOINTS = Object.fromEntries(
  Object.entries(OPERATIONS).flatMap(([operation, what]) => [
    [`before-${operation}`, `before ${what}`],
    [`after-${operation}`, `after ${what}`],
  ]),
) as Readonly<Record<FailpointName, string>>;
