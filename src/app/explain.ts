/** `emars explain MODEL SCAN… --out DIR`: which parts of a scan speak for a class. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { nativeParts } from '../library/native-parts.js';
import { expectNewFolder } from '../library/request.js';
import { commandExit } from '../errors/exit-codes.js';
import type { ScanProblem } from '../scan/errors.js';
import { tensorEnvironment } from '../tensor/environment.js';
import { jsonOption } from './arguments.js';
import { counter } from './counter.js';
import { UsageError } from './errors.js';
import { interruptible } from './interrupt.js';
import { print, printJson } from './output.js';
import { orFailed } from './predict.js';

interface Flags {
  readonly out: string;
  readonly class?: string;
  readonly json?: boolean;
}

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .summary('heat maps of scans: what a model’s answer rests on')
    .description(
      'Class activation maps on the scan: an overlay PNG a slice, montage.png, and slices.csv with the ' +
        'score of each slice, in a folder a scan.',
    )
    .argument('<model>', 'folder of a model, or its model.json')
    .argument('<scans...>', 'files, folders of slices, or folders with any number of scans')
    .requiredOption('--out <dir>', 'new folder to write to')
    .option('--class <name>', 'class to explain (default: the predicted one)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  emars explain models/nodules scan.nii.gz --out heat' +
        '\n  emars explain models/nodules scans/ --out heat --class NCP',
    )
    .action(explain);
}

async function explain(path: string, paths: readonly string[], flags: Flags): Promise<void> {
  expectNewFolder(flags.out);
  const { readModel } = await import('../model/read-model.js');
  const model = await readModel(path);
  const { classes } = model.document;
  const column = flags.class === undefined ? null : classes.indexOf(flags.class);
  if (column === -1)
    throw new UsageError(`--class: expected one of ${classes.join(', ')}, got "${flags.class}"`);
  const failed: ScanProblem[] = [];
  const rows = await interruptible('', async (signal) => {
    await nativeParts((text, passing) => {
      if (!passing) process.stderr.write(`${text}\n`);
    }, signal);
    // TensorFlow reads these when it loads, which is at the first scan.
    Object.assign(process.env, tensorEnvironment({ threads: 1, cudaDevices: '' }));
    const [{ findScans }, { explainScan }] = await Promise.all([
      import('../scan/catalogue/find-scans.js'),
      import('./explain-scans.js'),
    ]);
    const found = [];
    for (const each of paths)
      found.push(...(await orFailed(each, failed, () => findScans(each, failed))).flat());
    const tell = counter('explaining');
    const done = [];
    for (const [index, scan] of found.entries()) {
      signal.throwIfAborted();
      const name = join(scan.root, scan.path);
      const folder = join(flags.out, `scan-${String(index).padStart(4, '0')}`);
      const [row] = await orFailed(name, failed, () => explainScan(model, scan, folder, column));
      if (row !== undefined) done.push({ scan: name, folder, ...row });
      tell(index + 1, found.length);
    }
    return done;
  });
  if (flags.json === true) await printJson({ classes, scans: rows, failed });
  else for (const { scan, folder, explained } of rows) await print(`${folder}  ${explained}  ${scan}`);
  if (flags.json !== true)
    for (const { path: at, reason } of failed) process.stderr.write(`emars: ${at}: ${reason}\n`);
  if (failed.length > 0) process.exitCode = commandExit('data');
}
