/** `emars explain MODEL SCAN… --out DIR`: which parts of a scan speak for a class. */
import type { Command } from 'commander';
import { summarisePointing, type PointingSummary } from '../explain/pointing.js';
import { expectNewFolder, requireFolder } from '../library/request.js';
import { commandExit } from '../errors/exit-codes.js';
import { percent } from '../report/numbers.js';
import { jsonOption } from './arguments.js';
import { UsageError } from './errors.js';
import type { Explained } from './explain-scans.js';
import { print, printJson } from './output.js';
import { inScanProcess, overScans, sayFailed } from './scan-batch.js';

interface Flags {
  readonly out: string;
  readonly class?: string;
  readonly masks?: string;
  readonly resume?: boolean;
  readonly json?: boolean;
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description(
      'Class activation maps, in a folder a scan: an overlay PNG a slice, montage.png, the score of each slice ' +
        '(slices.csv, slices.svg), and heat.nii.gz, which viewers lay over the scan.',
    )
    .argument('<model>', 'folder of a model, or its model.json')
    .argument('<scans...>', 'files, folders of slices, or folders with any number of scans')
    .requiredOption('--out <dir>', 'new folder to write to')
    .option('--class <name>', 'class to explain (default: the predicted one)')
    .option('--masks <dir>', 'masks of lesions, at the paths of the scans: how often a map points at one')
    .option('--resume', 'go on in --out: scans that are done stay')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  emars explain models/nodules scan.nii.gz --out heat' +
        '\n  emars explain models/nodules scans/ --out heat --class NCP' +
        '\n  emars explain models/phantoms phantoms --out heat --masks phantoms/masks --json',
    )
    .action(explain);
}

async function explain(path: string, paths: readonly string[], flags: Flags): Promise<void> {
  if (flags.resume !== true) expectNewFolder(flags.out);
  if (flags.masks !== undefined) requireFolder(flags.masks, 'a folder of masks (--masks)');
  const { readModel } = await import('../model/read-model.js');
  const model = await readModel(path);
  const { classes } = model.document;
  const asked = flags.class ?? null;
  if (asked !== null && !classes.includes(asked))
    throw new UsageError(`--class: expected one of ${classes.join(', ')}, got "${asked}"`);
  if (!(await inScanProcess())) return;
  const request = { out: flags.out, asked, masks: flags.masks ?? null };
  const { results, failed } = await overScans(paths, {
    doing: 'explaining',
    load: async () => {
      const { explainScan } = await import('./explain-scans.js');
      return (scan) => explainScan(model, scan, request);
    },
  });
  const found = flags.masks === undefined ? null : summarisePointing(pointingOfFound(results, classes));
  if (flags.json === true) await printJson({ classes, scans: results, failed, pointing: found });
  else {
    for (const { scan, folder, explained } of results) await print(`${folder}  ${explained}  ${scan}`);
    if (found !== null) await print(pointingLine(found));
    sayFailed(failed);
  }
  if (failed.length > 0) process.exitCode = commandExit('data');
}

/** Of scans with lesions that the model found: whose class, where a folder says it, is the predicted one. */
function pointingOfFound(
  results: readonly Explained[],
  classes: readonly string[],
): NonNullable<Explained['pointing']>[] {
  return results.flatMap(({ scan, class: predicted, pointing }) => {
    const told = scan.split(/[/\\]/).findLast((name) => classes.includes(name));
    return pointing === null || (told !== undefined && told !== predicted) ? [] : [pointing];
  });
}

function pointingLine({ scans, hits, hitRate, massInside, lesionShare }: PointingSummary): string {
  if (hitRate === null) return 'pointing: no scan with lesions was found';
  const mass = massInside === null ? '' : `; ${percent(massInside)} of the evidence lies in lesions`;
  return (
    `pointing: the strongest voxel lies in a lesion in ${hits} of ${scans} scans found, ${percent(hitRate)}${mass}; ` +
    `lesions are ${percent(lesionShare ?? 0)} of a scan`
  );
}
