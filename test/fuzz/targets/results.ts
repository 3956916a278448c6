/** What a run leaves for others, and others may bring: front, history, run.json, digests of the data. */
import type { RunFolder } from '#emars/run/folder.js';
import { runFolder } from '#emars/run/folder.js';
import { RunFolderError } from '#emars/run/error.js';
import { readDataRecord, writeDataRecord } from '#emars/run/data-record.js';
import { formatFront, parseFront } from '#emars/run/front.js';
import { formatHistory, parseHistory } from '#emars/run/history.js';
import { readRecord, readRecordIfSound, writeRecord } from '#emars/run/record.js';
import type { FuzzTarget } from '../target.js';
import { demand, demandSame, fileOf, folderFor, takenOrOneLine } from '../target.js';

const SHA = 'ab'.repeat(32);
const ID = '0123456789abcdef';
const json = (...values: readonly object[]): Uint8Array[] =>
  values.map((value) => Buffer.from(JSON.stringify(value)));
/** A run folder of this process, where a document stands under its own name: limits are by name. */
const folderOf = (target: string): RunFolder => runFolder(folderFor(target));

const FRONT = {
  format: 1,
  objectives: [{ name: 'accuracy', direction: 'max', unit: '' }],
  epoch: 2,
  front: [{ id: ID, genome: ['skip'], values: { accuracy: 0.5 }, history: [[1, 0.4]] }],
  weights: { sha256: SHA, step: 8 },
  history: { sha256: SHA },
};
const left = { name: 'memory', direction: 'min', unit: 'MB', since: 1, until: 0, reason: 'no such layer' };

export const front: FuzzTarget = {
  name: 'front',
  seeds: () => Promise.resolve(json(FRONT, { ...FRONT, former: [left] })),
  run: async (bytes) => {
    const { front: path } = folderOf('front');
    const read = await takenOrOneLine(() => parseFront(path, bytes), RunFolderError);
    if (read === null) return false;
    demandSame(read, parseFront(path, Buffer.from(formatFront(read))), 'front.json');
    return true;
  },
};

const LINES = [
  { epoch: 1, id: ID, genome: ['skip'], values: { accuracy: 0.5 }, trained: 4, confusion: [[1, 2]] },
  {
    epoch: 2,
    id: ID,
    genome: ['mb_k3_e3'],
    values: {},
    trained: 8,
    failed: { accuracy: 'no' },
    selected: true,
  },
];

export const history: FuzzTarget = {
  name: 'history',
  seeds: () => Promise.resolve([Buffer.from(LINES.map((line) => `${JSON.stringify(line)}\n`).join(''))]),
  run: async (bytes) => {
    const { history: path } = folderOf('history');
    const read = await takenOrOneLine(() => parseHistory(path, bytes, false), RunFolderError);
    // A run that lives may be writing its last line; what is taken of a dead one is taken of it, too.
    const alive = await takenOrOneLine(() => parseHistory(path, bytes, true), RunFolderError);
    demand(
      read === null || alive?.lines.length === read.lines.length,
      'taken of a dead run, not of a living one',
    );
    if (read === null) return false;
    const again = parseHistory(path, Buffer.from(formatHistory(read.lines)), false);
    demandSame(again.lines, read.lines, 'history.jsonl');
    return true;
  },
};

const RECORD = {
  format: 1,
  ...{ status: 'running', phase: 'search', epoch: 2, epochs: 5, step: 8, deadLetters: 1 },
  processes: [{ role: 'trainer', id: 'trainer-0', pid: 7, device: 'cpu', starts: 2, slots: 4, busy: 0.5 }],
  lastDeadLetters: [{ by: 'trainer.t', expected: 'Hello', subject: 'emars.x', reason: 'no' }],
  timings: { trainSeconds: 1.5, totalSeconds: null },
};

export const runRecord: FuzzTarget = {
  name: 'run-record',
  seeds: () => Promise.resolve(json(RECORD)),
  run: async (bytes) => {
    const folder = folderOf('run-record');
    fileOf('run-record', 'run.json', bytes);
    const record = await takenOrOneLine(() => readRecord(folder), RunFolderError);
    const sound = await readRecordIfSound(folder);
    demandSame(sound, record, 'run.json');
    if (record === null) return false;
    await writeRecord(folder, record);
    demandSame(await readRecord(folder), record, 'run.json');
    return true;
  },
};

const DATA = { format: 1, split: SHA, classes: ['a', 'b'], scans: [{ id: 'a/p/1', content: SHA }] };

export const dataRecord: FuzzTarget = {
  name: 'data-record',
  seeds: () => Promise.resolve(json(DATA)),
  run: async (bytes) => {
    const folder = folderOf('data-record');
    fileOf('data-record', 'data.json', bytes);
    const record = await takenOrOneLine(() => readDataRecord(folder), RunFolderError);
    if (record === null) return false;
    await writeDataRecord(folder, record);
    demandSame(await readDataRecord(folder), record, 'data.json');
    return true;
  },
};
