/** `emars inspect`: what a network of a configuration costs, by arithmetic alone; nothing is started. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { spaceOf } from '../actors/setup/rules.js';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import type { Architecture } from '../network/architecture.js';
import type { BaselineName } from '../space/baseline-names.js';
import { BASELINE_NAMES } from '../space/baseline-names.js';
import type { InputSize, PathCost } from '../space/cost.js';
import { pathCost } from '../space/cost.js';
import type { Genome } from '../space/genome.js';
import { asGenome } from '../space/genome.js';
import type { SearchSpace } from '../space/space.js';
import { blockCount } from '../space/space.js';
import { requireFolder } from '../library/request.js';
import { configOption, jsonOption, readSmallFile, setOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { grouped, megabytes, printBlocks } from './cost-table.js';
import { inspectBaseline } from './inspect-baseline.js';
import { print, printJson } from './output.js';

const LARGEST_GENOME = 1024 * 1024;

interface Flags {
  readonly config?: string[];
  readonly set?: string[];
  readonly genome?: string;
  readonly baseline?: BaselineName;
  readonly classes?: number;
  readonly json?: boolean;
}

export function registerInspect(program: Command): void {
  program
    .command('inspect')
    .description('parameters, size and FLOPs of the SuperNet, of a network in it, or of a baseline')
    .addOption(configOption())
    .addOption(setOption())
    .option(
      '--genome <file>',
      'JSON file {"genome": ["skip", …]}, one operation a block; - reads standard input',
    )
    .addOption(
      new Option('--baseline <name>', 'a network designed by hand instead')
        .choices(BASELINE_NAMES)
        .conflicts('genome'),
    )
    .option(
      '--classes <n>',
      'classes of the classifier (default: those of the data)',
      wholeNumber('--classes', 2, 10_000),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  emars inspect --config configs/paper.yaml
  emars inspect --config configs/smoke.yaml --genome genome.json
  emars inspect --baseline resnet3d-101 --json
  echo '{"genome": ["skip", "mb_k3_e3", "skip", "skip"]}' | emars inspect --config configs/smoke.yaml --genome -`,
    )
    .action(inspect);
}

async function inspect({ config, set, genome: file, baseline, classes, json }: Flags): Promise<void> {
  const options = loadOptions({
    ...(config === undefined ? {} : { file: config }),
    ...(set === undefined ? {} : { set }),
  });
  const classesOfNetwork = classes ?? (await classCount(options));
  if (baseline !== undefined) {
    await inspectBaseline(baseline, classesOfNetwork, options.input, json === true);
    return;
  }
  const space = spaceOf(options, classesOfNetwork);
  if (file === undefined) await showSpace(space, options, json === true);
  else {
    const architecture: Architecture = { kind: 'path', space, genome: await readGenome(file, space) };
    await showNetwork(architecture, pathCost(space, architecture.genome, options.input), json === true);
  }
}

/** Classes of the data: folders are listed, no scan is read. Errors: CatalogueError. */
async function classCount({ data }: Options): Promise<number> {
  if (data.path === null) return data.phantom.classes.length;
  requireFolder(data.path, 'a folder of scans (data.path)');
  const { readCatalogue } = await import('../scan/catalogue/catalogue.js');
  return (await readCatalogue(data.path, { dicom: data.dicom })).classes.length;
}

/** Reads `{"genome": […]}`. Errors: UsageError that names the file. */
async function readGenome(file: string, space: SearchSpace): Promise<Genome> {
  const name = file === '-' ? 'standard input' : file;
  const text = await readSmallFile(file, LARGEST_GENOME, 'a genome file');
  const form = `{"genome": [${blockCount(space)} operations]}`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${name}: expected JSON like ${form}, got ${error instanceof Error ? error.message : 'something else'}`,
    );
  }
  const genome =
    typeof parsed === 'object' && parsed !== null && 'genome' in parsed ? parsed.genome : undefined;
  if (!Array.isArray(genome) || !genome.every((one) => typeof one === 'string'))
    throw new UsageError(`${name}: expected ${form}, a list of names`);
  try {
    return asGenome(space, genome);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${name}: ${error.message}`);
    throw error;
  }
}

async function showNetwork(
  architecture: Architecture,
  { parameters, sizeMB, flops, blocks, supernet }: PathCost,
  json: boolean,
): Promise<void> {
  if (json) {
    await printJson({ architecture, parameters, sizeMB, flops, blocks, supernet });
    return;
  }
  await printBlocks(blocks);
  await print(
    `network   ${grouped(parameters)} parameters, ${megabytes(sizeMB)}, ${grouped(flops)} FLOPs a scan`,
  );
  await print(`SuperNet  ${grouped(supernet.parameters)} parameters, ${megabytes(supernet.sizeMB)}`);
}

/** The smallest and the largest network: costs of blocks add up, so each block is chosen by itself. */
export function extremes(
  space: SearchSpace,
  input: InputSize,
): { readonly smallest: Genome; readonly largest: Genome } {
  const operations = [...space.operations];
  const names: readonly string[] = operations;
  // parameters[operation][block], from one network a candidate that has it everywhere.
  const parameters = operations.map((operation) => {
    const { blocks } = pathCost(
      space,
      Array.from({ length: blockCount(space) }, () => operation),
      input,
    );
    return blocks.filter(({ op }) => names.includes(op)).map((block) => block.parameters);
  });
  const choose = (better: (a: number, b: number) => boolean): Genome =>
    Array.from({ length: blockCount(space) }, (_, block) => {
      const cost = (index: number): number => parameters[index]?.[block] ?? 0;
      const best = operations.reduce(
        (held, __, index) => (better(cost(index), cost(held)) ? index : held),
        0,
      );
      return operations[best] ?? 'skip';
    });
  return { smallest: choose((a, b) => a < b), largest: choose((a, b) => a > b) };
}

async function showSpace(space: SearchSpace, { input }: Options, json: boolean): Promise<void> {
  const ends = Object.entries(extremes(space, input)).map(([name, genome]) => ({
    name,
    genome,
    cost: pathCost(space, genome, input),
  }));
  const supernet = ends[0]?.cost.supernet ?? { parameters: 0, sizeMB: 0 };
  if (json) {
    const rows = ends.map(({ name, genome, cost }) => [
      name,
      { genome, parameters: cost.parameters, sizeMB: cost.sizeMB, flops: cost.flops },
    ]);
    await printJson({
      supernet,
      searchableBlocks: blockCount(space),
      operations: space.operations,
      classes: space.classes,
      ...(Object.fromEntries(rows) as object),
    });
    return;
  }
  await print(
    `search space  ${space.operations.length} operations for ${blockCount(space)} blocks, ${space.classes} classes`,
  );
  await print(`SuperNet      ${grouped(supernet.parameters)} parameters, ${megabytes(supernet.sizeMB)}`);
  for (const { name, cost } of ends)
    await print(
      `${name.padEnd(14)}${grouped(cost.parameters)} parameters, ${megabytes(cost.sizeMB)}, ` +
        `${grouped(cost.flops)} FLOPs a scan`,
    );
}
