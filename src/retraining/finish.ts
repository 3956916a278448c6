/**
 * From the last stage of a retraining to a model: the weights of the chosen epoch with batch-norm
 * statistics of their own, a temperature fitted on D_val, figures on D_val and, once, on the test set.
 */
import { createHash } from 'node:crypto';
import { netOf, validationOf } from '../actors/setup/rules.js';
import { availableKernels } from '../actors/worker/available-kernels.js';
import { openStore } from '../actors/setup/decoded-scans.js';
import { datasetOptions } from '../actors/worker/workbench.js';
import { positiveClass } from '../config/positive.js';
import { fitTemperature } from '../metrics/temperature.js';
import type { ModelDocument } from '../model/schema.js';
import { seenScans } from '../model/seen-scans.js';
import { writePredictions } from '../model/stored-predictions.js';
import { writeModel } from '../model/write-model.js';
import type { Architecture } from '../network/architecture.js';
import { networkOf } from '../network/architecture.js';
import type { NetworkWeights } from '../network/network.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readSplit } from '../run/split.js';
import { readSnapshot } from '../runtime/storage/snapshots.js';
import type { StoredScan } from '../scan/store/store.js';
import { pathIn } from '../space/cohort.js';
import { gatherTensors } from '../space/layout.js';
import { Dataset } from '../training/dataset.js';
import { recalibrate } from '../training/recalibrate.js';
import { recalibrationScans } from '../training/samples.js';
import { decodeWeights } from '../training/snapshot.js';
import { figuresOf, predictedScans, predictLogits } from './predictions.js';
import { openTest, RetrainingError, SEARCHED, splitDigest } from './record.js';
import { traitsOf } from './scan-traits.js';

export interface FinishRequest {
  /** The finished run of the last stage. */
  readonly run: string;
  /** Where the model goes. */
  readonly out: string;
  /** Where openings of the test set are recorded. */
  readonly testRecord: string;
  readonly reopenTest: boolean;
}

/** Writes the model. To be called where TensorFlow may run. Errors: RetrainingError, RunFolderError … */
export async function finishModel(request: FinishRequest): Promise<ModelDocument> {
  const folder = runFolder(request.run);
  const options = readOptions(folder);
  const split = await readSplit(folder);
  const { chosen, epoch: epochs } = await readFront(folder);
  const names = options.cohort?.[0];
  if (chosen === undefined || names === undefined)
    throw new RetrainingError(`expected a finished retraining in ${request.run}, got a run of another kind`);
  const store = await openStore(options, options.data.path ?? folder.phantoms);
  const sides = {
    training: split.train.map(({ id }) => id),
    validation: split.validation.map(({ id }) => id),
  };
  const dataset = new Dataset(store, sides, datasetOptions(options));
  const net = netOf(options, split.classes.length);
  const path = pathIn(net, names);
  const shared = decodeWeights(net.layout, await readSnapshot(folder.snapshots, chosen.sha256));
  const rules = validationOf(options);
  const rows = recalibrationScans(
    { seed: rules.seed, batch: rules.trainingBatch, batches: rules.recalibrationBatches },
    dataset.training,
    chosen.epoch,
  );
  const weights: NetworkWeights = {
    parameters: gatherTensors(net.layout.parameters, path.parameters, shared.parameters),
    statistics: recalibrate(
      {
        net,
        path,
        parameters: shared.parameters,
        kernels: path.baseline === null ? await availableKernels(options.engine) : null,
      },
      rows.map((ids) => dataset.batch(ids)),
    ),
  };
  const architecture: Architecture =
    path.baseline === null
      ? { kind: 'path', space: net.space, genome: path.genome }
      : { kind: 'baseline', baseline: path.baseline, classes: split.classes.length };
  const predictor = {
    network: networkOf(architecture),
    weights,
    slices: options.input.slices,
    standardisation: dataset.standardisation,
  };
  const byId = new Map(store.scans.map((scan) => [scan.id, scan]));
  const scansOf = (entries: readonly { readonly id: string }[]): StoredScan[] =>
    entries.map(({ id }) => byId.get(id)!);
  const validation = scansOf(split.validation);
  const logits = predictLogits(predictor, store, validation);
  const labels = validation.map((scan) => split.classes.indexOf(scan.class));
  const { temperature } = fitTemperature(logits, split.classes.length, labels);
  const positive = positiveClass(options, split.classes);
  const figures = {
    classes: split.classes,
    positive: positive ?? split.classes.length - 1,
    temperature,
    seed: options.seed,
  };
  const splitSha256 = await splitDigest(folder.split);
  const opened = { split: splitSha256, network: path.baseline ?? SEARCHED, weights: digestOf(weights) };
  const test = scansOf(split.test);
  // Written down before a scan of it is looked at: who was killed in between has opened it.
  const openings = test.length === 0 ? 0 : await openTest(request.testRecord, opened, request.reopenTest);
  const testLogits = predictLogits(predictor, store, test);
  // Before the model, whose presence says that all is done.
  await writePredictions(request.out, {
    weights: opened.weights,
    classes: [...split.classes],
    validation: predictedScans(logits, validation, figures),
    test: predictedScans(testLogits, test, figures),
  });
  return writeModel(
    request.out,
    {
      architecture,
      input: options.input,
      classes: [...split.classes],
      positive: positive === null ? null : split.classes[positive]!,
      preprocessing: { window: options.data.window, ...dataset.standardisation },
      training: {
        seed: options.seed,
        epochs,
        chosenEpoch: chosen.epoch - 1,
        options: { ...options.training, testOpenings: openings },
      },
      data: {
        splitSha256,
        training: split.train.length,
        validation: validation.length,
        test: test.length,
        seen: seenScans(traitsOf(store, scansOf(split.train), options.input.slices)),
      },
      temperature,
      metrics: {
        validation: figuresOf(logits, validation, figures),
        test: test.length === 0 ? null : figuresOf(testLogits, test, figures),
      },
    },
    weights,
  );
}

function digestOf({ parameters, statistics }: NetworkWeights): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [parameters, statistics])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}
