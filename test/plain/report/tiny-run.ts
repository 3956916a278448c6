/**
 * A run whose numbers can be checked on paper, written by the writers of room `run`: two epochs of three individuals,
 * ten validation scans (6 Normal, 4 NCP). `page.test.ts` shows the arithmetic.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { searchRulesOf } from '#emars/actors/setup/rules.js';
import { loadOptions } from '#emars/config/load.js';
import { writeOptions } from '#emars/run/config.js';
import { runFolder } from '#emars/run/folder.js';
import { writeRecord } from '#emars/run/record.js';
import { writeResults } from '#emars/run/results.js';
import type { Split } from '#emars/run/split.js';
import { writeSplit } from '#emars/run/split.js';
import { IdMap } from '#emars/search/id-map.js';
import type { EpochRow, Individual } from '#emars/search/state.js';
import { initialState } from '#emars/search/state.js';
import type { Genome } from '#emars/space/genome.js';

const GENOMES: Readonly<Record<string, Genome>> = {
  a: ['skip', 'skip'],
  b: ['mb_k3_e3', 'skip'],
  c: ['mb_k5_e4', 'mb_k3_e3'],
  d: ['mb_k5_e4', 'mb_k5_e4'],
};
const FRONT = ['a', 'b'];

/** `letter`: its id is the letter sixteen times. */
interface Result {
  readonly letter: string;
  readonly accuracy: number;
  readonly size: number;
  readonly trained: number;
  readonly confusion: readonly number[];
  readonly selected: boolean;
}
/** Both epochs. */
const RESULTS: readonly (readonly Result[])[] = [
  [
    { letter: 'a', accuracy: 0.5, size: 1, trained: 4, confusion: [4, 2, 3, 1], selected: true },
    { letter: 'b', accuracy: 0.6, size: 2, trained: 4, confusion: [4, 2, 2, 2], selected: true },
    { letter: 'c', accuracy: 0.4, size: 3, trained: 4, confusion: [3, 3, 3, 1], selected: false },
  ],
  [
    { letter: 'a', accuracy: 0.8, size: 1, trained: 8, confusion: [5, 1, 1, 3], selected: true },
    { letter: 'b', accuracy: 0.9, size: 2, trained: 8, confusion: [6, 0, 1, 3], selected: true },
    { letter: 'd', accuracy: 0.8, size: 3, trained: 4, confusion: [6, 0, 2, 2], selected: false },
  ],
];
/** Scans of a side, class → patients → scans in turn. */
const scans = (side: string, of: readonly (readonly [string, number, number])[]): Split['train'] =>
  of.flatMap(([name, patients, count]) =>
    Array.from({ length: count }, (_, scan) => {
      const patient = `${side}${scan % patients}`;
      return { id: `${name}/${patient}/scan${scan}`, patient: `${name}-${patient}`, class: name };
    }),
  );
const SPLIT: Split = {
  format: 1,
  classes: ['Normal', 'NCP'],
  seed: 1,
  fractions: { validation: 0.5, test: 0 },
  train: scans('t', [
    ['Normal', 3, 5],
    ['NCP', 2, 4],
  ]),
  validation: scans('v', [
    ['Normal', 4, 6],
    ['NCP', 3, 4],
  ]),
  test: [],
};

const idOf = (letter: string): string => letter.repeat(16);

function rows(): EpochRow[] {
  return RESULTS.flatMap((results, index) =>
    results.map(({ letter, accuracy, size, trained, confusion, selected }) => ({
      epoch: index + 1,
      id: idOf(letter),
      genome: GENOMES[letter]!,
      trained,
      selected,
      measurements: {
        accuracy: { value: accuracy, defined: true, confusion },
        size: { value: size, defined: true },
        potential: { value: 0, defined: index > 0 && letter !== 'd' },
      },
    })),
  );
}

function individuals(history: readonly EpochRow[]): IdMap<Individual> {
  return FRONT.reduce((map, letter) => {
    const mine = history.filter(({ id }) => id === idOf(letter));
    return map.with(idOf(letter), {
      id: idOf(letter),
      genome: GENOMES[letter]!,
      history: mine.map(({ epoch, measurements }) => [epoch, measurements['accuracy']!.value!] as const),
      trained: mine.at(-1)!.trained,
      diverged: 0,
    });
  }, IdMap.empty<Individual>());
}

/** Writes the run into a new folder `name` under `parent`; gives its path. */
export async function tinyRun(parent: string, name: string): Promise<string> {
  const options = loadOptions({
    set: [
      'seed=7',
      'supernet.widths=[12,20]',
      'supernet.strides=[2,2]',
      'supernet.blocks=[1,1]',
      'supernet.operations=[mb_k3_e3,mb_k5_e4,skip]',
      'warmup.epochs=1',
      'evolution={population: 3, keep: 2, epochs: 1}',
      'objectives=[accuracy,size]',
    ],
  });
  const measure = { selects: true, direction: 'max', unit: 'share', needs: 'weights' } as const;
  const rules = searchRulesOf(
    options,
    [
      { ...measure, name: 'accuracy' },
      { ...measure, name: 'size', direction: 'min', unit: 'MB', needs: 'genome' },
    ],
    SPLIT.train.length,
    SPLIT.classes.length,
  );
  const history = rows();
  const folder = runFolder(join(parent, name));
  await mkdir(folder.root);
  await writeOptions(folder, options);
  await writeSplit(folder, SPLIT);
  await writeResults(folder, rules, {
    ...initialState(),
    phase: 'done',
    epoch: 2,
    step: 12,
    trainedSnapshot: '0'.repeat(64),
    individuals: individuals(history),
    history,
    front: FRONT.map(idOf),
  });
  const unseen = {
    memory: null,
    busy: null,
    dataShare: null,
    seen: null,
    quarantined: null,
    stepSeconds: null,
  };
  const worker = { ...unseen, device: 'cpu', starts: 1, joinedAtStep: 0, peakMemory: 100 * 2 ** 20 };
  await writeRecord(folder, {
    format: 1,
    status: 'finished',
    error: null,
    phase: 'done',
    epoch: 2,
    epochs: 2,
    step: 12,
    processes: [
      { ...worker, role: 'trainer', id: 'trainer-1', pid: 11, slots: 9, evaluations: 2 },
      { ...worker, role: 'trainer', id: 'trainer-2', pid: 12, slots: 3, evaluations: 0 },
      { ...worker, role: 'evaluator', id: 'evaluator-1', pid: 13, slots: 0, evaluations: 6 },
    ],
    repeatedSlots: 2,
    checkedSlots: 0,
    duplicateResults: 1,
    rolledBackEpochs: 0,
    resumedFromEpoch: 1,
    deadLetters: 0,
    lastDeadLetters: [],
    badScans: [{ path: 'NCP/x/1.png', reason: 'truncated PNG' }],
    timings: {
      prepareSeconds: 10,
      trainSeconds: 60,
      evaluateSeconds: 20,
      snapshotSeconds: 5,
      selectSeconds: 1,
      totalSeconds: 100,
    },
    fingerprint: { tensorflow: '2.18.0', threads: 1 },
  });
  return folder.root;
}
