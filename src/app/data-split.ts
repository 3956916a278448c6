/**
 * `emars data split`: the split a search would use, as JSON; or the check of a split that is given.
 * Scans are read as a search reads them, because scans of equal content must stay on one side.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import type { Split } from '../scan/split/split.js';
import { requireFile, requireFolder } from '../library/request.js';
import { configOption, setOption, shareOf, wholeNumber } from './arguments.js';
import { counter } from './counter.js';
import { interruptible } from './interrupt.js';
import { print } from './output.js';

interface Flags {
  readonly seed?: number;
  readonly validation?: number;
  readonly test?: number;
  readonly file?: string;
  readonly out?: string;
  readonly config?: string[];
  readonly set?: string[];
}

export function registerDataSplit(data: Command): void {
  data
    .command('split')
    .argument('<folder>', 'a folder of scans')
    .description('split by patient, stratified by class, and print the split as JSON')
    .option('--seed <n>', 'which split (default: data.split.seed)', wholeNumber('--seed', 0, 2 ** 32 - 1))
    .option(
      '--validation <share>',
      'share of the patients that validates (default: data.split.validation)',
      shareOf('--validation'),
    )
    .option(
      '--test <share>',
      'share of the patients kept out altogether (default: data.split.test)',
      shareOf('--test'),
    )
    .option('--file <file>', 'check this split against the scans instead of drawing one')
    .option('--out <file>', 'write the split there; standard output then says how many scans each side has')
    .addOption(configOption())
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  emars data split scans > split.json
  emars data split scans --test 0.2 --seed 3 --out split.json
  emars data split scans --file split.json --out checked.json
  emars search --config my.yaml --data scans --set data.split.file=split.json`,
    )
    .action(split);
}

async function split(
  folder: string,
  { seed, validation, test, file, out, config, set }: Flags,
): Promise<void> {
  requireFolder(folder, 'a folder of scans');
  if (file !== undefined) requireFile(file, 'a split file (--file)');
  const { data } = loadOptions({
    ...(config === undefined ? {} : { file: config }),
    ...(set === undefined ? {} : { set }),
    overrides: { data: { path: folder, split: { seed, validation, test, file } } },
  });
  const drawn = await interruptible('nothing was written', (signal) => splitOf(folder, data, signal));
  const { formatSplit, writeSplit } = await import('../scan/split/split-file.js');
  if (out === undefined) {
    await print(formatSplit(drawn).trimEnd());
    return;
  }
  await writeSplit(out, drawn);
  await print(
    `${out}: ${drawn.train.length} scans train, ${drawn.validation.length} validate, ${drawn.test.length} are kept out`,
  );
}

/** Pixels to which scans are decoded here; only their content matters. */
const SMALL = 16;

/** Draws or reads the split of a folder. Errors: CatalogueError, BadScansError, SplitError. */
async function splitOf(folder: string, data: Options['data'], signal: AbortSignal): Promise<Split> {
  const [{ openScanStore }, { requireClassesOnSides, splitByPatient }, { readSplit }] = await Promise.all([
    import('../scan/store/store.js'),
    import('../scan/split/split.js'),
    import('../scan/split/split-file.js'),
  ]);
  const cacheDir = await mkdtemp(join(tmpdir(), 'emars-split-'));
  try {
    const { scans } = await openScanStore({
      root: folder,
      size: SMALL,
      cacheDir,
      dicom: data.dicom,
      onBadScan: data.onBadScan,
      memoryBytes: 0,
      signal,
      onProgress: counter('reading scans'),
    });
    const { seed, validation, test, file } = data.split;
    const split =
      file === null
        ? splitByPatient(scans, { fractions: { validation, test }, seed })
        : await readSplit(file, scans, { seed, validation });
    requireClassesOnSides(split);
    return split;
  } finally {
    await rm(cacheDir, { recursive: true, force: true });
  }
}
