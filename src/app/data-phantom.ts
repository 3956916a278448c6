/** `emars data phantom`: a folder of phantom scans as real files. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { loadOptions } from '../config/load.js';
import type { ImageFormat } from '../config/options.js';
import { expectNewFolder } from '../library/request.js';
import { configOption, setOption, wholeNumber } from './arguments.js';
import { counter } from './counter.js';
import { interruptible } from './interrupt.js';
import { print } from './output.js';

interface Flags {
  readonly seed?: number;
  readonly patients?: number;
  readonly format?: ImageFormat;
  readonly config?: string[];
  readonly set?: string[];
}

export function registerDataPhantom(data: Command): void {
  data
    .command('phantom')
    .argument('<folder>', 'a new or empty folder')
    .description('make chest-like phantom scans: Normal, NCP and CP told apart by their lesions')
    .option(
      '--seed <n>',
      'which phantoms (default: data.phantom.seed)',
      wholeNumber('--seed', 0, 2 ** 32 - 1),
    )
    .option(
      '--patients <n>',
      'patients, each with data.phantom.scansPerPatient scans',
      wholeNumber('--patients', 1, 100_000),
    )
    .addOption(
      new Option('--format <format>', 'png (8 bits), tif (16 bits) or nii (Hounsfield units)').choices([
        'png',
        'tif',
        'nii',
      ]),
    )
    .addOption(configOption())
    .addOption(setOption())
    .addHelpText(
      'after',
      `
Examples:
  emars data phantom phantoms
  emars data phantom phantoms-2 --seed 2 --patients 150 --format tif
  emars data phantom big --config configs/paper.yaml --set data.phantom.contrast=0.5`,
    )
    .action(phantom);
}

async function phantom(folder: string, { seed, patients, format, config, set }: Flags): Promise<void> {
  expectNewFolder(folder);
  // A path of data switches the checks off that hold for a search on these phantoms: any number may be made.
  const { data } = loadOptions({
    ...(config === undefined ? {} : { file: config }),
    ...(set === undefined ? {} : { set }),
    overrides: { data: { path: folder, phantom: { seed, patients, format } } },
  });
  const { slices, size, ...options } = data.phantom;
  const { writePhantoms } = await import('../scan/phantom/phantom.js');
  const scans = await interruptible(`${folder} is incomplete: remove it`, (signal) =>
    writePhantoms(folder, {
      ...options,
      shape: [slices, size, size],
      signal,
      onProgress: counter('making phantoms'),
    }),
  );
  const counts = options.classes.map(
    (name) => `${scans.filter((scan) => scan.class === name).length} ${name}`,
  );
  await print(
    `${folder}: ${scans.length} scans of ${options.patients} patients (${counts.join(', ')}), ` +
      `seed ${options.seed}, ${options.format}`,
  );
}
