/**
 * Writes a run folder as a search would, without a search: seeded, in milliseconds. Accuracies follow
 * a simple law (they grow with training and with size, with noise), so figures look like real ones;
 * selection is by rank of accuracy, which is enough for a picture.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { DEFAULTS } from '#emars/config/defaults.js';
import { generator } from '#emars/random/generator.js';
import { pathCost } from '#emars/space/cost.js';
import type { Genome } from '#emars/space/genome.js';
import { genomeId } from '#emars/space/genome.js';
import { superNetLayout } from '#emars/space/layout.js';
import type { Operation, SearchSpace } from '#emars/space/space.js';
import { breed, sampleGenome } from '#emars/space/variation.js';

export interface FixtureOptions {
  readonly seed?: number;
  readonly warmupEpochs?: number;
  readonly epochs?: number;
  readonly population?: number;
  /** Size of the network: `quick` has 6 blocks, `paper` 21. */
  readonly net?: 'quick' | 'paper';
  readonly objectives?: readonly ('accuracy' | 'size' | 'potential')[];
  readonly status?: 'running' | 'finished' | 'interrupted' | 'failed';
  /** Whether the values hold the size even if it is no objective. */
  readonly sizes?: boolean;
  readonly shuffleLabels?: boolean;
  readonly classes?: readonly string[];
  /** Reason of one failed measurement. */
  readonly failure?: string;
}

const PAPER_NET = {
  stem: 32,
  widths: [24, 40, 80, 96, 192, 320],
  strides: [2, 2, 2, 1, 2, 1],
  blocks: [4, 4, 4, 4, 4, 1],
  head: 1280,
};
const DIRECTIONS = { accuracy: 'max', size: 'min', potential: 'max' } as const;
const UNITS = { accuracy: '', size: 'MB', potential: 'share/epoch' } as const;

interface Line {
  epoch: number;
  id: string;
  genome: Genome;
  values: Record<string, number>;
  trained: number;
  confusion?: number[][];
  potentialDefined: boolean;
  failed?: Record<string, string>;
  selected?: boolean;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Writes the files of a run into `folder`; equal options, equal bytes. */
export async function writeFixtureRun(folder: string, options: FixtureOptions = {}): Promise<void> {
  const {
    seed = 1,
    warmupEpochs = 2,
    epochs = 12,
    population = 12,
    net = 'quick',
    objectives = ['accuracy', 'size', 'potential'],
    status = 'finished',
    sizes = true,
    shuffleLabels = false,
    classes = ['CP', 'NCP', 'Normal'],
    failure,
  } = options;
  const supernet = { ...DEFAULTS.supernet, ...(net === 'paper' ? PAPER_NET : {}) };
  const space: SearchSpace = {
    ...supernet,
    operations: supernet.operations as Operation[],
    classes: classes.length,
  };
  const settings = {
    ...DEFAULTS,
    seed,
    supernet,
    warmup: { ...DEFAULTS.warmup, epochs: warmupEpochs, candidates: population * 2 },
    evolution: { ...DEFAULTS.evolution, population, keep: population / 2, epochs },
    objectives: DEFAULTS.objectives.filter(({ name }) => (objectives as readonly string[]).includes(name)),
    data: { ...DEFAULTS.data, shuffleLabels },
  };
  const split = splitOf(classes, seed);
  const history = historyOf(space, {
    seed,
    warmupEpochs,
    epochs,
    population,
    objectives,
    sizes,
    shuffleLabels,
    validation: classes.map((name) => split.validation.filter((scan) => scan.class === name).length),
    ...(failure === undefined ? {} : { failure }),
  });
  await mkdir(folder, { recursive: true });
  const historyText = history.map((line) => `${JSON.stringify(line)}\n`).join('');
  await writeFile(join(folder, 'config.yaml'), stringify(settings, { aliasDuplicateObjects: false }));
  await writeFile(join(folder, 'split.json'), JSON.stringify(split));
  await writeFile(join(folder, 'history.jsonl'), historyText);
  await writeFile(
    join(folder, 'run.json'),
    JSON.stringify(runState(status, warmupEpochs + epochs, history.length), null, 2),
  );
  if (status === 'finished')
    await writeFile(
      join(folder, 'front.json'),
      `${JSON.stringify(frontOf(history, objectives, historyText))}\n`,
    );
}

function splitOf(
  classes: readonly string[],
  seed: number,
): {
  format: 1;
  classes: readonly string[];
  seed: number;
  fractions: Record<string, number>;
  train: Scan[];
  validation: Scan[];
  test: Scan[];
} {
  const sides: { train: Scan[]; validation: Scan[]; test: Scan[] } = { train: [], validation: [], test: [] };
  classes.forEach((name, position) => {
    for (let patient = 0; patient < 34 - 4 * position; patient++) {
      const side = patient % 5 === 0 ? 'validation' : 'train';
      for (let scan = 0; scan < 1 + ((patient + position) % 3); scan++)
        sides[side].push({ id: `${name}/p${patient}/s${scan}`, patient: `${name}-p${patient}`, class: name });
    }
  });
  return { format: 1, classes, seed, fractions: { validation: 0.2 }, ...sides };
}

interface Scan {
  id: string;
  patient: string;
  class: string;
}

interface HistoryPlan {
  seed: number;
  warmupEpochs: number;
  epochs: number;
  population: number;
  objectives: readonly string[];
  sizes: boolean;
  shuffleLabels: boolean;
  validation: readonly number[];
  failure?: string;
}

function historyOf(space: SearchSpace, plan: HistoryPlan): Line[] {
  const { seed, warmupEpochs, epochs, population, objectives, sizes, shuffleLabels, validation, failure } =
    plan;
  const layout = superNetLayout(space);
  const largest = pathCost(
    space,
    space.blocks.flatMap((count) => Array.from({ length: count }, (): Operation => 'mb_k7_e4')),
    { slices: 1, size: 1 },
    layout,
  ).sizeMB;
  const accuracies = new Map<string, [number, number][]>();
  const trained = new Map<string, number>();
  const lines: Line[] = [];
  let members: Genome[] = Array.from({ length: population * 2 }, (_, index) =>
    sampleGenome(space, generator(seed, 'fixture', index)),
  );
  for (let epoch = Math.max(1, warmupEpochs); epoch <= warmupEpochs + epochs; epoch++) {
    const rows = members.map((genome): Line => {
      const id = genomeId(genome);
      const random = generator(seed, 'fixture-values', epoch, id);
      const size = pathCost(space, genome, { slices: 1, size: 1 }, layout).sizeMB;
      const batches = (trained.get(id) ?? 0) + 14 + (random.chance(0.3) ? 1 : 0);
      trained.set(id, batches);
      const learnt = epoch / (epoch + 4);
      const skill = shuffleLabels
        ? 0
        : Math.max(0, learnt * (0.4 + 0.42 * Math.sqrt(size / largest)) + 0.07 * random.normal());
      const confusion = validation.map((scans, trueClass) => {
        const row = validation.map(() => 0);
        for (let scan = 0; scan < scans; scan++) {
          const right = random.chance(Math.min(0.97, skill + (trueClass === 1 ? 0.05 : 0)));
          const answer = right ? trueClass : random.integer(validation.length);
          row[answer] = row[answer]! + 1;
        }
        return row;
      });
      const total = validation.reduce((sum, scans) => sum + scans, 0);
      const accuracy = confusion.reduce((sum, row, index) => sum + row[index]!, 0) / total;
      const course = [...(accuracies.get(id) ?? []), [epoch, accuracy] satisfies [number, number]];
      accuracies.set(id, course);
      const values: Record<string, number> = { accuracy };
      if (sizes || objectives.includes('size')) values['size'] = size;
      values['potential'] = slope(course);
      return { epoch, id, genome, values, trained: batches, confusion, potentialDefined: course.length > 1 };
    });
    if (failure !== undefined && epoch === warmupEpochs + 1) {
      const victim = rows.at(-1)!;
      delete victim.values['accuracy'];
      delete victim.values['potential'];
      delete victim.confusion;
      victim.failed = { accuracy: failure };
    }
    const ranked = [...rows].sort((a, b) => fitness(b) - fitness(a) || (a.id < b.id ? -1 : 1));
    const parents = ranked.slice(0, epoch === warmupEpochs ? population : population / 2);
    for (const line of parents) line.selected = true;
    lines.push(...[...rows].sort((a, b) => (a.id < b.id ? -1 : 1)));
    const genomes = parents.map((line) => line.genome);
    members = [
      ...genomes,
      ...breed(space, genomes, {
        taken: new Set(parents.map((line) => line.id)),
        count: population - genomes.length,
        variation: { crossoverProbability: 0.3, mutationProbability: 0.2 },
        streamOf: (index) => generator(seed, 'fixture-offspring', epoch, index),
      }),
    ];
  }
  return lines;
}

/** Halves of the id space favour accuracy or smallness: half of the survivors are accurate, half small, as a front would have it. */
function fitness({ id, values }: Line): number {
  const { accuracy = -1, size = 0 } = values;
  return id < '8' ? accuracy : accuracy / Math.sqrt(1 + size);
}

function slope(points: readonly (readonly [number, number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
}

function frontOf(
  history: readonly Line[],
  objectives: readonly ('accuracy' | 'size' | 'potential')[],
  historyText: string,
): object {
  const epoch = history.at(-1)!.epoch;
  const last = history.filter((line) => line.epoch === epoch);
  const cost = (line: Line): number[] =>
    objectives.map((name) => (DIRECTIONS[name] === 'max' ? -line.values[name]! : line.values[name]!));
  const dominated = (line: Line): boolean =>
    last.some((other) => {
      const pairs = cost(other).map((value, index) => [value, cost(line)[index]!] as const);
      return pairs.every(([a, b]) => a <= b) && pairs.some(([a, b]) => a < b);
    });
  const front = last
    .filter((line) => !dominated(line))
    .map(({ id, genome, values }) => ({
      id,
      genome,
      values: Object.fromEntries(objectives.map((name) => [name, values[name]])),
      history: history.filter((line) => line.id === id).map((line) => [line.epoch, line.values['accuracy']]),
    }));
  return {
    format: 1,
    objectives: objectives.map((name) => ({ name, direction: DIRECTIONS[name], unit: UNITS[name] })),
    epoch,
    front,
    weights: { sha256: sha256('weights of the fixture'), step: 1234 },
    history: { sha256: sha256(historyText) },
  };
}

function runState(status: string, epochs: number, evaluations: number): object {
  const finished = status === 'finished';
  return {
    format: 1,
    status,
    processes: [
      {
        role: 'broker',
        id: 'broker',
        pid: 4101,
        starts: 1,
        device: null,
        slots: 0,
        evaluations: 0,
        peakMemory: 31_457_280,
      },
      {
        role: 'evolution',
        id: 'evolution',
        pid: 4102,
        starts: 1,
        device: null,
        slots: 0,
        evaluations: 0,
        peakMemory: 148_897_792,
      },
      {
        role: 'trainer',
        id: 'trainer-1',
        pid: 4103,
        starts: 1,
        device: 'cpu',
        slots: 12 * epochs + 5,
        evaluations: Math.floor(evaluations * 0.2),
        peakMemory: 612_368_384,
      },
      {
        role: 'trainer',
        id: 'trainer-2',
        pid: 4104,
        starts: finished ? 2 : 1,
        device: 'cpu',
        slots: 11 * epochs,
        evaluations: Math.floor(evaluations * 0.15),
        peakMemory: 601_882_624,
      },
      {
        role: 'evaluator',
        id: 'evaluator-1',
        pid: 4105,
        starts: 1,
        device: 'cpu',
        slots: 0,
        evaluations: Math.ceil(evaluations * 0.65),
        peakMemory: 498_073_600,
      },
    ],
    repeatedSlots: finished ? 3 : 0,
    duplicateResults: finished ? 1 : 0,
    resumedFromEpoch: finished ? 5 : null,
    badScans: [],
    timings: finished
      ? {
          prepareSeconds: 9.4,
          trainSeconds: 96.2,
          evaluateSeconds: 31.7,
          snapshotSeconds: 2.1,
          selectSeconds: 0.4,
          totalSeconds: 144.9,
        }
      : { trainSeconds: 41.5 },
    fingerprint: { tensorflow: '2.18.0', threads: 1, cpu: 'avx2 fma', node: 20, canary: '5f3a9c01' },
  };
}
