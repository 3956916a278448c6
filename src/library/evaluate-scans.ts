/** Predicts the scans of another folder with an individual of a run. Needs TensorFlow: see evaluate.ts. */
import { EmarsError } from '../errors/error.js';
import { readSnapshot } from '../runtime/storage/snapshots.js';
import type { ScanStore } from '../scan/store/store.js';
import { pathIn } from '../space/cohort.js';
import { Dataset } from '../training/dataset.js';
import { predictedClasses } from '../training/loss.js';
import { decodeWeights } from '../training/snapshot.js';
import { confusionMatrix, predictScans } from '../training/validate.js';
import { netOf, validationOf } from '../actors/setup/rules.js';
import { bestIndividual } from '../run/best.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import type { History, HistoryLine } from '../run/history.js';
import { readHistory } from '../run/history.js';
import { majorityOf } from '../run/majority.js';
import { readSides } from '../run/sides.js';
import { availableKernels } from '../actors/worker/available-kernels.js';
import { openStore } from '../actors/setup/decoded-scans.js';
import { datasetOptions } from '../actors/worker/workbench.js';

export interface ScanEvaluation {
  readonly id: string;
  readonly n: number;
  readonly correct: number;
  /** Share of the scans predicted right, 0…1. */
  readonly accuracy: number;
  /** Share of the largest class among them, 0…1. */
  readonly majority: number;
  readonly perClass: Readonly<
    Record<
      string,
      { readonly n: number; readonly correct: number; readonly predicted: Readonly<Record<string, number>> }
    >
  >;
}

/** The run has no such individual, or the scans are of other classes. */
export class EvaluationUnfit extends EmarsError {
  override readonly name = 'EvaluationUnfit';
  readonly kind = 'data';
}

/**
 * Evaluates `id`, or the individual with the highest D_val accuracy of the last epoch (ties: lowest
 * id). Weights, normalisation and batch-norm statistics come from the run; only scans come from
 * `data`. To be called where TensorFlow may run. Errors: EvaluationUnfit, CatalogueError and the like.
 */
export async function evaluateScans(
  root: string,
  data: string,
  id: string | null,
  onProgress: (done: number, total: number) => void,
): Promise<ScanEvaluation> {
  const folder = runFolder(root);
  const options = readOptions(folder);
  const sides = await readSides(folder.split);
  const front = await readFront(folder);
  const individual = chosenLine(await readHistory(folder), front.epoch, id);
  const own = await openStore(options, options.data.path ?? folder.phantoms);
  const foreign = await openStore(options, data, onProgress);
  const net = netOf(options, sides.classes.length);
  const both = joined(own, foreign, sides.classes, data);
  const dataset = new Dataset(
    both.store,
    { training: sides.training, validation: both.ids },
    { ...datasetOptions(options), shuffleLabels: false },
  );
  const weights = decodeWeights(net.layout, await readSnapshot(folder.snapshots, front.weights.sha256));
  const subject = {
    net,
    path: pathIn(net, individual.genome),
    weights,
    dataset,
    rules: validationOf(options),
    epoch: front.epoch,
    kernels: await availableKernels(options.engine),
  };
  const logits = predictScans(subject, dataset.validation);
  const truth = dataset.labelsOf(dataset.validation);
  return summary(
    individual.id,
    sides.classes,
    confusionMatrix(truth, predictedClasses(logits, sides.classes.length), sides.classes.length),
  );
}

/** The best or the named individual of the epoch that the weights are of. */
function chosenLine({ lines }: History, epoch: number, id: string | null): HistoryLine {
  const last = lines.filter((line) => line.epoch === epoch);
  if (id !== null) {
    const named = last.filter((line) => line.id.startsWith(id));
    if (named.length !== 1)
      throw new EvaluationUnfit(
        `expected --id to name one individual of epoch ${epoch}, got "${id}", which ` +
          `${named.length === 0 ? 'is none of' : 'fits several of'} ${last.map((line) => line.id).join(', ')}`,
      );
    return named[0]!;
  }
  const best = bestIndividual(last);
  if (best === null)
    throw new EvaluationUnfit(
      'expected a run in whose last epoch an accuracy was measured, got none; let the search go on first',
    );
  return best;
}

/** One store over the run's training scans and the foreign ones, whose ids get a prefix that no path has. */
function joined(
  own: ScanStore,
  foreign: ScanStore,
  classes: readonly string[],
  data: string,
): { store: ScanStore; ids: string[] } {
  const unknown = foreign.classes.filter((name) => !classes.includes(name));
  if (unknown.length > 0)
    throw new EvaluationUnfit(
      `expected scans of the classes ${classes.join(', ')}, got ${unknown.join(', ')} in ${data}`,
    );
  const prefix = '\u0000';
  const relabelled = [...own.scans, ...foreign.scans.map((scan) => ({ ...scan, id: prefix + scan.id }))].map(
    (scan) => ({ ...scan, label: classes.indexOf(scan.class) }),
  );
  const store: ScanStore = {
    ...own,
    classes,
    scans: relabelled,
    volume: (id) => (id.startsWith(prefix) ? foreign.volume(id.slice(prefix.length)) : own.volume(id)),
  };
  return { store, ids: foreign.scans.map(({ id }) => prefix + id) };
}

function summary(id: string, classes: readonly string[], confusion: readonly number[]): ScanEvaluation {
  const rows = classes.map((_, c) => confusion.slice(c * classes.length, (c + 1) * classes.length));
  const totals = rows.map((row) => row.reduce((sum, count) => sum + count, 0));
  const n = totals.reduce((sum, count) => sum + count, 0);
  const correct = rows.reduce((sum, row, c) => sum + row[c]!, 0);
  const perClass = Object.fromEntries(
    classes.map((name, c) => [
      name,
      {
        n: totals[c]!,
        correct: rows[c]![c]!,
        predicted: Object.fromEntries(classes.map((other, p) => [other, rows[c]![p]!])),
      },
    ]),
  );
  return {
    id,
    n,
    correct,
    accuracy: correct / n,
    majority: majorityOf(classes, totals)?.share ?? 0,
    perClass,
  };
}
