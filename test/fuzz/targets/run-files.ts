/** Files of a run folder: journal, snapshot, bus.json, config.yaml. */
import { readFileSync } from 'node:fs';
import { ZodError } from 'zod';
import { describeOptions } from '#emars/config/describe.js';
import { loadOptions } from '#emars/config/load.js';
import { ConfigError } from '#emars/config/problem.js';
import { knownRunId, readBusAccess, writeBusAccess } from '#emars/run/bus-access.js';
import { RunFolderError } from '#emars/run/error.js';
import { JournalError, openJournal } from '#emars/runtime/storage/journal.js';
import type { SearchEvent } from '#emars/search/events.js';
import { decodeEvent, encodeEvent } from '#emars/search/events.js';
import { superNetLayout } from '#emars/space/layout.js';
import { learnedBytes, learnedViews } from '#emars/training/replica.js';
import {
  decodeSnapshot,
  decodeWeights,
  encodeSnapshot,
  SnapshotFormatError,
} from '#emars/training/snapshot.js';
import type { FuzzTarget } from '../target.js';
import { demand, demandSame, fileOf, taken, takenOrOneLine } from '../target.js';

const SHA = 'ab'.repeat(32);
const ID = '0123456789abcdef';
const EVENTS: readonly SearchEvent[] = [
  { type: 'run-started', format: 1, run: 'r', options: SHA, data: SHA },
  { type: 'fence-raised', fence: 1 },
  { type: 'epoch-planned', epoch: 1, individuals: [ID] },
  { type: 'epoch-trained', epoch: 1, sha256: SHA, step: 3 },
  { type: 'evaluated', epoch: 1, individual: ID, objective: 'accuracy', value: 0.5, worker: 'e' },
  { type: 'selected', epoch: 1, survivors: [ID] },
];

async function recordsOf(path: string): Promise<string[]> {
  const { journal, records } = await openJournal(path);
  await journal.close();
  return records.map((record) => Buffer.from(record).toString('hex'));
}

/** A journal; where the first byte is odd, the text of one event in it. */
export const journal: FuzzTarget = {
  name: 'journal',
  seeds: async () => {
    const path = fileOf('journal', 'seed', Buffer.alloc(0));
    const opened = await openJournal(path);
    for (const event of EVENTS) await opened.journal.append(encodeEvent(event));
    await opened.journal.close();
    const events = EVENTS.map((event) => Buffer.concat([Buffer.of(1), encodeEvent(event)]));
    return [Buffer.concat([Buffer.of(0), readFileSync(path)]), ...events];
  },
  run: async (bytes) => {
    const body = bytes.subarray(1);
    if ((bytes[0] ?? 0) % 2 === 1) {
      const event = await taken(() => decodeEvent(body), [SyntaxError, ZodError]);
      if (event === null) return false;
      demandSame(event, decodeEvent(encodeEvent(event)), 'an event');
      return true;
    }
    const path = fileOf('journal', 'journal', body);
    const records = await takenOrOneLine(() => recordsOf(path), JournalError);
    if (records === null) {
      demand(readFileSync(path).equals(body), 'a journal that is refused was changed');
      return false;
    }
    demandSame(records, await recordsOf(path), 'a journal');
    return true;
  },
};

const layout = superNetLayout({
  ...{ stem: 2, widths: [2], strides: [1], blocks: [1], head: 3, classes: 2 },
  operations: ['mb_k3_e2', 'skip'],
});

export const snapshot: FuzzTarget = {
  name: 'snapshot',
  seeds: () => {
    const kinds = ['sgd', 'adam'] as const;
    return Promise.resolve(
      kinds.map((optimizer) => {
        const options = { kind: optimizer, weightAverage: 0 };
        const memory = new ArrayBuffer(learnedBytes(layout, options));
        const views = learnedViews(layout, options, memory);
        return Buffer.concat(encodeSnapshot(layout, { ...views, optimizer, step: 3 }));
      }),
    );
  },
  run: async (bytes) => {
    const whole = await takenOrOneLine(() => decodeSnapshot(layout, bytes), SnapshotFormatError);
    const weights = await takenOrOneLine(() => decodeWeights(layout, bytes), SnapshotFormatError);
    demand((whole === null) === (weights === null), 'taken by one reader of snapshots and not by the other');
    if (whole === null) return false;
    const written = Buffer.concat(encodeSnapshot(layout, whole));
    const again = Buffer.concat(encodeSnapshot(layout, decodeSnapshot(layout, written)));
    demand(again.equals(written), 'a snapshot: not the same when it is written and read again');
    return true;
  },
};

const LOGINS = [
  { kind: 'none' },
  { kind: 'password', user: 'u', password: 'p' },
  { kind: 'keys', keys: [{ role: 'trainer', id: null, seed: `SU${'A'.repeat(56)}` }] },
];

export const busAccess: FuzzTarget = {
  name: 'bus-access',
  seeds: () =>
    Promise.resolve(
      LOGINS.map((login) =>
        Buffer.from(JSON.stringify({ run: '0123456789ab', url: 'nats://127.0.0.1:4222', ca: null, login })),
      ),
    ),
  run: async (bytes) => {
    const path = fileOf('bus-access', 'bus.json', bytes);
    const access = await takenOrOneLine(() => readBusAccess(path), RunFolderError);
    const run = await knownRunId(path);
    if (access === null) return false;
    demandSame(access.run, run, 'the run of bus.json');
    await writeBusAccess(path, access);
    demandSame(access, await readBusAccess(path), 'bus.json');
    return true;
  },
};

const CONFIGURATIONS = [
  'seed: 7\n',
  'training: {batch: 4, flips: {vertical: false}}\nevolution: {population: 6, keep: 3}\n',
  'objectives: [accuracy, size:max, {name: flops}]\ndata: {phantom: {classes: [NCP, Normal]}}\n',
  'supernet:\n  widths: [8, 16]\n  strides: [2, 2]\n  blocks: [2, 2]\n  operations: [mb_k3_e3, skip]\n',
];

export const config: FuzzTarget = {
  name: 'config',
  seeds: () => Promise.resolve(CONFIGURATIONS.map((text) => Buffer.from(text))),
  run: async (bytes) => {
    const path = fileOf('config', 'config.yaml', bytes);
    const options = await taken(() => loadOptions({ file: path }), [ConfigError]);
    if (options === null) return false;
    demandSame(options, loadOptions({ text: describeOptions(options) }), 'a configuration');
    return true;
  },
};
