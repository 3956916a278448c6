/** A run folder as the writers of a search leave it, read back by the readers and shown by the report. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadOptions } from '#emars/config/load.js';
import { buildReport } from '#emars/report/build.js';
import { knownRunId, readBusAccess, writeBusAccess } from '#emars/run/bus-access.js';
import { readOptions, writeOptions } from '#emars/run/config.js';
import { readRun } from '#emars/run/contents.js';
import type { RunFolder } from '#emars/run/folder.js';
import { runFolder } from '#emars/run/folder.js';
import { formatFront, readFront } from '#emars/run/front.js';
import { formatHistory, readHistory } from '#emars/run/history.js';
import type { RunRecord } from '#emars/run/record.js';
import { readRecord, readRecordIfSound, writeRecord } from '#emars/run/record.js';
import { writeResults } from '#emars/run/results.js';
import { readSides } from '#emars/run/sides.js';
import { readSplit, writeSplit } from '#emars/run/split.js';
import { splitByPatient } from '#emars/scan/split/split.js';
import { temporaryFolder } from '../report/temporary.js';
import { RULES, wholeSearch } from '../search/support.js';

const { states } = wholeSearch();
const end = states.at(-1)!;
const options = loadOptions({
  set: ['seed=3', 'supernet.widths=[4,8]', 'supernet.strides=[2,2]', 'supernet.blocks=[2,2]'],
});
const split = splitByPatient(
  Array.from({ length: 24 }, (_, i) => ({
    id: `${i % 3 === 0 ? 'NCP' : 'Normal'}/p${i}/s`,
    patient: `p${i}`,
    class: i % 3 === 0 ? 'NCP' : 'Normal',
  })),
  { fractions: { validation: 0.25 }, seed: 3 },
);
const record: RunRecord = {
  format: 1,
  status: 'finished',
  error: null,
  phase: 'done',
  epoch: end.epoch,
  epochs: end.epoch,
  step: end.step,
  processes: [
    {
      role: 'trainer',
      id: 'trainer-0',
      pid: null,
      device: 'cpu',
      peakMemory: 2 ** 28,
      starts: 1,
      slots: 9,
      joinedAtStep: 3,
      stepSeconds: 0.25,
      evaluations: 2,
      memory: 2 ** 27,
      busy: 0.75,
      dataShare: 0.004,
      seen: {
        visible: '0',
        uuid: 'GPU-1',
        name: 'X',
        memoryMB: 80_000,
        tensorflow: ['gpu', 'cpu'],
      },
      quarantined: 'it computed slot 1 of step 2 otherwise than trainer-1 and trainer-2',
    },
  ],
  repeatedSlots: 0,
  checkedSlots: 3,
  duplicateResults: 0,
  rolledBackEpochs: 0,
  resumedFromEpoch: null,
  badScans: [{ path: 'NCP/p99/s', reason: 'cut off' }],
  deadLetters: 2,
  lastDeadLetters: [
    { by: 'evolution.evolution', expected: 'Hello', subject: 'emars.x', reason: 'three bytes' },
  ],
  timings: { trainSeconds: 2, totalSeconds: 3.5 },
  fingerprint: { node: '20' },
};

describe('a run folder written by a search', () => {
  let folder: RunFolder;

  beforeAll(async () => {
    folder = runFolder(await temporaryFolder());
    await writeOptions(folder, options);
    await writeSplit(folder, split);
    await writeResults(folder, RULES, end);
    await writeRecord(folder, record);
  });

  it('is read back whole: options, split, record', async () => {
    expect(readOptions(folder)).toEqual(options);
    expect(await readSplit(folder)).toEqual(split);
    expect(await readRecord(folder)).toEqual(record);
    expect(await readSides(folder.split)).toEqual({
      classes: split.classes,
      training: split.train.map(({ id }) => id),
      validation: split.validation.map(({ id }) => id),
    });
  });

  it('has the history and the front of the search, and they go together', async () => {
    const { lines, torn, sha256 } = await readHistory(folder);
    expect(torn).toBe(false);
    expect(lines.map(({ epoch, id, trained, selected }) => ({ epoch, id, trained, selected }))).toEqual(
      end.history.map(({ epoch, id, trained, selected }) => ({ epoch, id, trained, selected })),
    );
    const front = await readFront(folder);
    expect(front.front.map(({ id }) => id)).toEqual(end.front);
    expect(front.weights).toEqual({ sha256: end.trainedSnapshot, step: end.step });
    expect(front.history.sha256).toBe(sha256);
  });

  it('is written again from what was read with equal bytes', async () => {
    const { lines } = await readHistory(folder);
    expect(formatHistory(lines)).toBe(await readFile(folder.history, 'utf8'));
    expect(formatFront(await readFront(folder))).toBe(await readFile(folder.front, 'utf8'));
    const before = await readFile(folder.run, 'utf8');
    await writeRecord(folder, await readRecord(folder));
    expect(await readFile(folder.run, 'utf8')).toBe(before);
    const splitBefore = await readFile(folder.split, 'utf8');
    await writeSplit(folder, await readSplit(folder));
    expect(await readFile(folder.split, 'utf8')).toBe(splitBefore);
  });

  it('says the same read as a whole, and has a report', async () => {
    const run = await readRun(folder.root);
    expect(run.record).toEqual(record);
    expect(run.front).toEqual(await readFront(folder));
    expect(run.settings).toEqual(structuredClone(options));
    const { html, figures } = await buildReport(folder.root);
    expect(html).toBe(folder.report);
    expect(figures).toHaveLength(8);
    for (const id of end.front) expect(await readFile(html, 'utf8')).toContain(id);
  });
});

it('a record that is cut off counts as none for those who can do without', async () => {
  const folder = runFolder(await temporaryFolder());
  expect(await readRecordIfSound(folder)).toBeNull();
  await writeFile(folder.run, '{"format":1,"status":"fini');
  expect(await readRecordIfSound(folder)).toBeNull();
  await expect(readRecord(folder)).rejects.toThrow(/run\.json: expected JSON/);
});

it('access to the bus is kept from others, keeps its run id, and is refused when it is damaged', async () => {
  const path = join(await temporaryFolder(), 'bus.json');
  expect(await knownRunId(path)).toBeNull();
  await expect(readBusAccess(path)).rejects.toThrow(/the run is not at work/);
  const access = {
    run: '0123456789ab',
    url: 'nats://127.0.0.1:1',
    ca: null,
    login: { kind: 'password' as const, user: 'u', password: 'p' },
  };
  await writeBusAccess(path, access);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readBusAccess(path)).toEqual(access);
  expect(await knownRunId(path)).toBe(access.run);
  await writeFile(path, '{"run":"../x","url":""}');
  expect(await knownRunId(path)).toBeNull();
  await expect(readBusAccess(path)).rejects.toThrow(/"run": expected 12 hex digits/);
});
