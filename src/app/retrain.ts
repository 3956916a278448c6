/** `emars retrain`: from the front of a run, or one architecture, to a trained model. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { requireFolder } from '../library/request.js';
import { configOption, jsonOption, setOption, wholeNumber } from './arguments.js';
import { UsageError } from './errors.js';
import { devicesOption, trainersOption } from './process-options.js';
import { profileOption } from './profile-option.js';
import { newFolder } from './search.js';
import type { RetrainCommandFlags } from './retrain-flags.js';
import { sourceOf } from './retrain-source.js';
import { startRetraining } from './retrain-start.js';
import { runStages } from './retrain-stages.js';

export function registerRetrain(program: Command): void {
  program
    .command('retrain')
    .description(
      'Trains the best networks along the front of a run side by side for a few epochs, then the best of ' +
        'them from scratch to the end. The epoch is chosen on D_val, the test set is opened once.',
    )
    .argument(
      '[run]',
      'folder of a finished search, or an architecture (inspect --json, model.json) that is trained anew',
    )
    .addOption(configOption())
    .addOption(setOption())
    .option('--resume <dir>', 'go on with the retraining in this folder; without run and --config')
    .option('--data <dir>', 'other scans than those of the search; split anew')
    .option('--out <dir>', 'folder of the retraining, made new (default: <run>/retrain)')
    .option('--top <n>', 'candidates along the front (default: 10)', wholeNumber('--top', 1, 100))
    .option(
      '--rank-epochs <n>',
      'epochs that rank the candidates (default: 10)',
      wholeNumber('--rank-epochs', 1, 100_000),
    )
    .option(
      '--epochs <n>',
      'epochs of the last training; overrides the configuration',
      wholeNumber('--epochs', 1, 100_000),
    )
    .addOption(trainersOption())
    .addOption(devicesOption())
    .option(
      '--from-shared',
      'begin with the weights that the search trained, not with drawn ones: for comparison',
    )
    .option('--reopen-test', 'measure on a test set that another model has seen; the model says so')
    .addOption(profileOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Without --config the recipe is configs/retrain.yaml; the paper's is configs/retrain-paper.yaml.

Examples:
  emars retrain runs/nodules --config configs/retrain-nodules.yaml
  emars retrain runs/paper --config configs/retrain-paper.yaml --devices cuda:0,cuda:1
  emars retrain architecture.json --data other-scans --out runs/transfer
  emars retrain runs/nodules --from-shared --out runs/nodules/warm
  emars retrain runs/nodules --profile trace.json
  emars retrain --resume runs/nodules/retrain --trainers 1`,
    )
    .action(retrain);
}

async function retrain(source: string | undefined, flags: RetrainCommandFlags): Promise<void> {
  if (flags.resume === undefined) {
    if (source === undefined)
      throw new UsageError(
        'expected the folder of a run or an architecture to retrain, or --resume DIR, got neither; ' +
          'see emars retrain --help',
      );
    const beside = source.endsWith('.json')
      ? join(resolve(source, '..'), 'retrain')
      : join(source, 'retrain');
    const root = resolve(newFolder(flags.out ?? beside, 'retrain'));
    if (flags.data !== undefined) requireFolder(flags.data, 'a folder of scans (--data)');
    await startRetraining(await sourceOf(source, root, flags), root, flags);
    return runStages(root, flags);
  }
  const fixed = (
    ['config', 'set', 'data', 'out', 'top', 'rankEpochs', 'epochs', 'fromShared'] as const
  ).filter((name) => flags[name] !== undefined);
  if (source !== undefined || fixed.length > 0)
    throw new UsageError(
      '--resume: expected no run and no settings, which the retraining has fixed; leave them out',
    );
  return runStages(resolve(flags.resume), flags);
}
