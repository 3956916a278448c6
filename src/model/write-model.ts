/**
 * Writes a model: a folder with `model.json` and the weights beside it.
 *
 * The weights' file is named by its digest and written first, `model.json` names it and is replaced in one
 * step. So a reader finds the old model or the new one, whenever the writer was killed.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { networkOf } from '../network/architecture.js';
import type { NetworkWeights } from '../network/network.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { layoutDigest } from './layout-digest.js';
import type { ModelDescription, ModelDocument } from './schema.js';
import { MODEL_FORMAT, modelSchema } from './schema.js';

export const MODEL_FILE = 'model.json';
const WEIGHTS = /^weights-[0-9a-f]{16}\.f32$/;

/** The bytes of a weights file: parameters, then statistics. */
function weightBytes({ parameters, statistics }: NetworkWeights): Uint8Array {
  const values = new Float32Array(parameters.length + statistics.length);
  values.set(parameters);
  values.set(statistics, parameters.length);
  return new Uint8Array(values.buffer);
}

/**
 * Writes `description` and `weights` to `folder`, which is made if need be, and removes weights that
 * no model names any more. Returns what was written.
 * Errors: RangeError for weights or classes that do not fit the architecture; Node's own for the disk.
 */
export async function writeModel(
  folder: string,
  description: ModelDescription,
  weights: NetworkWeights,
): Promise<ModelDocument> {
  const { layout } = networkOf(description.architecture);
  const { parameterCount, statisticCount, classifier } = layout;
  if (weights.parameters.length !== parameterCount || weights.statistics.length !== statisticCount)
    throw new RangeError(
      `expected ${parameterCount} parameters and ${statisticCount} statistics of the architecture, ` +
        `got ${weights.parameters.length} and ${weights.statistics.length}`,
    );
  if (description.classes.length !== classifier.outputs)
    throw new RangeError(`expected ${classifier.outputs} classes, got ${description.classes.length}`);
  const bytes = weightBytes(weights);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = `weights-${sha256.slice(0, 16)}.f32`;
  // Through the schema: its keys' order is the file's, and nothing is written that cannot be read.
  const document = modelSchema.parse({
    format: MODEL_FORMAT,
    ...description,
    weights: {
      file,
      sha256,
      parameters: parameterCount,
      statistics: statisticCount,
      layout: layoutDigest(layout),
    },
  });
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, file), bytes);
  await writeFileAtomic(join(folder, MODEL_FILE), `${JSON.stringify(document, null, 2)}\n`);
  for (const old of await readdir(folder))
    if (WEIGHTS.test(old) && old !== file) await rm(join(folder, old), { force: true });
  return document;
}
