/** `emars baselines`: networks designed by hand, trained like the best of a run. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { requireFolder } from '../library/request.js';
import { readModel } from '../model/read-model.js';
import { openingsRemark, testOpeningsOf } from '../model/test-openings.js';
import { NONE, percent } from '../report/numbers.js';
import { readBaselines, writeBaselines } from '../retraining/record.js';
import { sizeMB } from '../space/cost.js';
import type { BaselineName } from '../space/baseline-names.js';
import { BASELINE_NAMES } from '../space/baseline-names.js';
import { configOption, jsonOption, setOption, wholeNumber } from './arguments.js';
import { megabytes } from './cost-table.js';
import { UsageError } from './errors.js';
import { print, printJson, textTable } from './output.js';
import { fromBaseline } from './retrain-source.js';
import type { RetrainFlags } from './retrain-flags.js';
import { trainStages } from './retrain-stages.js';
import { startRetraining } from './retrain-start.js';
import { interruption } from './run-search.js';
import { devicesOption, trainersOption } from './process-options.js';
import { newFolder } from './search.js';

interface BaselineFlags extends Omit<RetrainFlags, 'data' | 'top' | 'rankEpochs'> {
  readonly networks?: readonly BaselineName[];
}

const SMALL: readonly BaselineName[] = ['resnet3d-small', 'densenet3d-small', 'mc3-small'];

export function registerBaselines(program: Command): void {
  program
    .command('baselines')
    .description(
      'Trains networks designed by hand, one after the other, on the scans and the split of a run, as the last ' +
        'stage of emars retrain trains the best of the run. Each comes to a model of its own, and each may look ' +
        'at the test set once.',
    )
    .argument('[run]', 'folder of a finished search')
    .option(
      '--networks <list>',
      `of ${BASELINE_NAMES.join(', ')} (default: ${SMALL.join(',')}; the others are for GPUs)`,
      networksOf,
    )
    .addOption(configOption())
    .addOption(setOption())
    .option('--resume <dir>', 'go on with the baselines in this folder; without run and settings')
    .option('--out <dir>', 'folder with a model a network, made new (default: <run>/baselines)')
    .option(
      '--epochs <n>',
      'epochs of the training; overrides the configuration',
      wholeNumber('--epochs', 1, 100_000),
    )
    .addOption(trainersOption())
    .addOption(devicesOption())
    .option('--reopen-test', 'measure on a test set that another model of the same network has seen')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Without --config the recipe is configs/retrain.yaml, as for emars retrain.

Examples:
  emars baselines runs/nodules --config configs/retrain-nodules.yaml
  emars baselines runs/paper --networks resnet3d-101,densenet3d-121,mc3-18 --devices cuda:0
  emars baselines --resume runs/nodules/baselines`,
    )
    .action(baselines);
}

function networksOf(text: string): readonly BaselineName[] {
  const names = text.split(',').map((name) => name.trim());
  const known = BASELINE_NAMES.filter((name) => names.includes(name));
  const foreign = names.find((name) => !BASELINE_NAMES.some((one) => one === name));
  if (foreign !== undefined || new Set(names).size !== names.length)
    throw new UsageError(
      `--networks: expected different ones of ${BASELINE_NAMES.join(', ')}, got "${foreign ?? text}"`,
    );
  return known;
}

async function baselines(run: string | undefined, flags: BaselineFlags): Promise<void> {
  if (flags.resume !== undefined) {
    const fixed = (['networks', 'config', 'set', 'out', 'epochs'] as const).some(
      (n) => flags[n] !== undefined,
    );
    if (run !== undefined || fixed)
      throw new UsageError('--resume: expected no run and no settings, which are fixed; leave them out');
    requireFolder(flags.resume, 'the folder of baselines');
    return trainAll(resolve(flags.resume), flags);
  }
  if (run === undefined)
    throw new UsageError(
      'expected the folder of a run whose scans the baselines are trained on, or --resume DIR, got neither; ' +
        'see emars baselines --help',
    );
  const networks = flags.networks ?? SMALL;
  const root = resolve(newFolder(flags.out ?? join(run, 'baselines'), 'baselines'));
  const started = networks.map((network) => ({ network, folder: join(root, network) }));
  for (const { network, folder } of started)
    await startRetraining(await fromBaseline(network, { run, root: folder }, flags), folder, flags);
  await writeBaselines(root, networks);
  return trainAll(root, flags);
}

/** One network after the other, each to its model. Errors: Interrupted; those of a retraining. */
async function trainAll(root: string, flags: BaselineFlags): Promise<void> {
  const networks = await readBaselines(root);
  const stopped = interruption(`go on with: npx emars baselines --resume ${root}`);
  try {
    for (const [index, network] of networks.entries()) {
      if (flags.json !== true) await print(`${network} (${index + 1} of ${networks.length})`);
      await trainStages(join(root, network), { ...flags, ...stopped.wishes });
      // The process that makes the model has said why it failed.
      if (process.exitCode !== undefined && process.exitCode !== 0) return;
      stopped.wishes.drain.throwIfAborted();
    }
  } finally {
    stopped.forget();
  }
  await showAll(root, networks, flags.json === true);
}

async function showAll(root: string, networks: readonly BaselineName[], json: boolean): Promise<void> {
  const models = await Promise.all(
    networks.map(async (network) => ({ network, model: (await readModel(join(root, network))).document })),
  );
  if (json) {
    const figures = models.map(({ network, model }) => ({
      network,
      metrics: model.metrics,
      testOpenings: testOpeningsOf(model),
    }));
    return printJson({ phase: 'done', epoch: null, step: null, eta: 0, trainers: 0, baselines: figures });
  }
  const figure = (value: number | null | undefined, form: (known: number) => string): string =>
    value === null || value === undefined ? NONE : form(value);
  const fixed = (value: number): string => value.toFixed(3);
  const rows = models.map(({ network, model: { weights, metrics } }) => [
    network,
    megabytes(sizeMB(weights.parameters)),
    ...[metrics.validation, metrics.test].flatMap((side) => [
      figure(side?.accuracy, percent),
      figure(side?.auc, fixed),
    ]),
  ]);
  const heads = ['network', 'size', 'D_val', 'AUC', 'test', 'AUC'];
  const columns = heads.map((head, index) => ({
    head,
    align: index === 0 ? ('left' as const) : ('right' as const),
  }));
  for (const line of textTable(columns, rows).split('\n')) await print(line);
  for (const { network, model } of models) {
    const remark = openingsRemark(model);
    if (remark !== null) await print(`${network}: ${remark}`);
  }
  await print(`models: ${root}`);
}
