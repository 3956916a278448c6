/** The best individual of a search, as it did on D_val with shared weights: what there is before retraining. */
import { basename, resolve } from 'node:path';
import { positiveClass } from '../config/positive.js';
import { oneClassCounts, oneClassScores } from '../metrics/one-class.js';
import { bestIndividual } from '../run/best.js';
import { readOptions } from '../run/config.js';
import { readRun } from '../run/contents.js';
import { pathCost } from '../space/cost.js';
import { asGenome } from '../space/genome.js';
import type { Operation } from '../space/space.js';
import type { Entry } from './entry.js';
import { experimentOf } from './entry.js';
import { TablesError } from './errors.js';
import type { Cell } from './table.js';

const known = (value: number | null, n: number | null): Cell | null =>
  value === null ? null : { value, interval: null, n, derived: false };

/** The entry of a finished search. Errors: TablesError for an unfinished one; RunFolderError, ConfigError. */
export async function sharedWeightsEntry(root: string, name: string): Promise<Entry> {
  const { folder, history, record, split } = await readRun(root);
  const best = bestIndividual(history);
  if (record.status !== 'finished' || split === null || best === null)
    throw new TablesError(
      `expected a finished search, got ${root}, which is ${record.status}; ` +
        `go on with it: emars search --resume ${root}`,
    );
  const options = readOptions(folder);
  const { confusion, values } = best;
  const n = confusion?.flat().reduce((sum, count) => sum + count, 0) ?? null;
  const { operations, ...supernet } = options.supernet;
  const space = {
    ...supernet,
    operations: operations as readonly Operation[],
    classes: split.classes.length,
  };
  const { sizeMB } = pathCost(space, asGenome(space, best.genome), options.input);
  const positive = positiveClass(options, split.classes);
  const scores = positive === null || confusion === null ? null : oneClassScores(confusion, positive);
  const counts = positive === null || confusion === null ? null : oneClassCounts(confusion, positive);
  const experiment = experimentOf(options.objectives);
  return {
    name,
    network: experiment === null ? 'searched' : `EMARS-${experiment}`,
    kind: 'searched',
    transfer: false,
    data: `${options.data.path === null ? 'phantoms' : basename(resolve(options.data.path))}, D_val`,
    cells: {
      size: { value: sizeMB, interval: null, n: null, derived: false },
      accuracy: known(values['accuracy'] ?? null, n),
      precision: counts && known(scores!.precision, counts.truePositive + counts.falsePositive),
      sensitivity: counts && known(scores!.sensitivity, counts.truePositive + counts.falseNegative),
      f1: counts && known(scores!.f1, n),
      auc: null,
    },
    predicted: null,
    notes: [
      `${name}: individual ${best.id} with shared weights on D_val, by which it was selected; ` +
        `a run keeps no predictions, hence no intervals. For a model: emars retrain ${root}`,
    ],
  };
}
