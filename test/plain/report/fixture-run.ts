/**
 * A run folder as a search leaves it, without processes: the state machine of the search with invented
 * measurements, and the writers of room `run`. Seeded, in milliseconds. Accuracies follow a simple law (they grow
 * with training and with size, with noise), so figures look like real ones.
 */
import { mkdir } from 'node:fs/promises';
import { searchRulesOf } from '#emars/actors/setup/rules.js';
import { loadOptions } from '#emars/config/load.js';
import { builtIn } from '#emars/config/objectives.js';
import type { Options } from '#emars/config/options.js';
import { generator } from '#emars/random/generator.js';
import { writeOptions } from '#emars/run/config.js';
import { runFolder } from '#emars/run/folder.js';
import { writeRecord } from '#emars/run/record.js';
import { writeResults } from '#emars/run/results.js';
import type { Split } from '#emars/run/split.js';
import { writeSplit } from '#emars/run/split.js';
import { splitByPatient } from '#emars/scan/split/split.js';
import type { SearchRules, SearchState } from '#emars/search/state.js';
import { pathCost } from '#emars/space/cost.js';
import type { Genome } from '#emars/space/genome.js';
import { superNetLayout } from '#emars/space/layout.js';
import type { Operation } from '#emars/space/space.js';
import type { Invented } from '../search/support.js';
import { wholeSearch } from '../search/support.js';
import { recordOf } from './fixture-record.js';

export interface FixtureOptions {
  readonly epochs?: number;
  readonly population?: number;
  /** Size of the network: `quick` has 6 blocks, `paper` 21. */
  readonly net?: 'quick' | 'paper';
  readonly objectives?: readonly ('accuracy' | 'size' | 'potential')[];
  readonly status?: 'interrupted' | 'finished';
  readonly shuffleLabels?: boolean;
  readonly classes?: readonly string[];
  /** Reason of one failed measurement of accuracy. */
  readonly failure?: string;
}

const SEED = 1;
const WARMUP_EPOCHS = 2;
const PAPER_NET = {
  stem: 32,
  widths: [24, 40, 80, 96, 192, 320],
  strides: [2, 2, 2, 1, 2, 1],
  blocks: [4, 4, 4, 4, 4, 1],
  head: 1280,
};
const NEEDS = { accuracy: 'weights', size: 'genome', potential: 'history' } as const;

/** Writes the files of a run into `root`; equal options, equal bytes. */
export async function writeFixtureRun(root: string, fixture: FixtureOptions = {}): Promise<void> {
  const { objectives = ['accuracy', 'size', 'potential'], classes = ['CP', 'NCP', 'Normal'] } = fixture;
  const options = optionsOf(fixture, objectives);
  const split = splitOf(classes, options);
  const rules = searchRulesOf(
    options,
    objectives.map((name) => {
      const { directions, unit } = builtIn(name)!;
      return { name, direction: directions[0], unit, needs: NEEDS[name], selects: true };
    }),
    split.train.length,
    classes.length,
  );
  const end = wholeSearch(rules, inventor(rules, split, fixture)).states.at(-1)!;
  const folder = runFolder(root);
  await mkdir(root, { recursive: true });
  await writeOptions(folder, options);
  await writeSplit(folder, split);
  await writeResults(folder, rules, end);
  await writeRecord(folder, recordOf(fixture.status ?? 'finished', end));
}

function optionsOf(fixture: FixtureOptions, objectives: readonly string[]): Options {
  const { epochs = 12, population = 12, net = 'quick', shuffleLabels = false } = fixture;
  return loadOptions({
    overrides: {
      seed: SEED,
      ...(net === 'paper' ? { supernet: PAPER_NET } : {}),
      warmup: { epochs: WARMUP_EPOCHS, candidates: population * 2 },
      evolution: { population, keep: population / 2, epochs },
      data: { shuffleLabels },
    },
    set: [`objectives=[${objectives.join(',')}]`],
  });
}

function splitOf(classes: readonly string[], { seed, data }: Options): Split {
  const scans = classes.flatMap((name, position) =>
    Array.from({ length: 40 - 12 * position }, (_, patient) =>
      Array.from({ length: 1 + ((patient + position) % 3) }, (_, scan) => ({
        id: `${name}/p${patient}/s${scan}`,
        patient: `${name}-p${patient}`,
        class: name,
      })),
    ).flat(),
  );
  return splitByPatient(scans, { fractions: { validation: data.split.validation }, seed });
}

/** Measurements as a search might find them. */
function inventor(
  rules: SearchRules,
  { classes, validation }: Split,
  { shuffleLabels = false, failure }: FixtureOptions,
): (objective: string, individual: string, state: SearchState) => Invented {
  const { space } = rules;
  const layout = superNetLayout(space);
  const sizeOf = (genome: Genome): number => pathCost(space, genome, { slices: 1, size: 1 }, layout).sizeMB;
  const largest = sizeOf(
    space.blocks.flatMap((count) => Array.from({ length: count }, (): Operation => 'mb_k7_e4')),
  );
  const counts = classes.map((name) => validation.filter((scan) => scan.class === name).length);
  return (objective, id, { epoch, individuals, evaluees }) => {
    const size = sizeOf(individuals.get(id)!.genome);
    if (objective === 'size') return { value: size };
    if (failure !== undefined && epoch === WARMUP_EPOCHS + 1 && id === evaluees.at(-1))
      return { reason: failure };
    const random = generator(SEED, 'fixture-values', epoch, id);
    const learnt = epoch / (epoch + 4);
    const skill = shuffleLabels
      ? 0
      : Math.max(0, learnt * (0.4 + 0.42 * Math.sqrt(size / largest)) + 0.07 * random.normal());
    const confusion = counts.flatMap((scans, trueClass) => {
      const row = counts.map(() => 0);
      for (let scan = 0; scan < scans; scan++) {
        const right = random.chance(Math.min(0.97, skill + (trueClass === 1 ? 0.05 : 0)));
        const answer = right ? trueClass : random.integer(counts.length);
        row[answer] = row[answer]! + 1;
      }
      return row;
    });
    const right = counts.reduce((sum, _, index) => sum + confusion[index * (counts.length + 1)]!, 0);
    return { value: right / validation.length, confusion };
  };
}
