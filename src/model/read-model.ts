/**
 * Reads a model and checks it: form, limits, architecture, digest of the weights.
 */
import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Architecture } from '../network/architecture.js';
import { networkOf } from '../network/architecture.js';
import type { Network, NetworkWeights } from '../network/network.js';
import { ModelError } from './errors.js';
import { layoutDigest } from './layout-digest.js';
import type { ModelDocument } from './schema.js';
import { modelSchema } from './schema.js';
import { MODEL_FILE } from './write-model.js';

/** A model.json of the largest search space with reports on both sides stays far below. */
const LARGEST_DOCUMENT = 4 * 1024 * 1024;
/** The largest network the product handles, in floats: 4 GiB of weights. */
const MOST_FLOATS = 2 ** 30;

/** A model in memory. */
export interface Model {
  readonly document: ModelDocument;
  readonly network: Network;
  readonly weights: NetworkWeights;
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

function failed(path: string, error: unknown): ModelError {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
    ? new ModelError(path, 'missing', 'expected a model there, got no such file', { cause: error })
    : new ModelError(path, 'unreadable', `expected a readable file, got ${codeOf(error)}`, { cause: error });
}

/** `path`: a model's folder, or its `model.json`. Errors: ModelError. */
export async function readModel(path: string): Promise<Model> {
  const file = basename(path) === MODEL_FILE ? path : join(path, MODEL_FILE);
  const document = parseDocument(file, await readText(file));
  const network = networkFor(file, document);
  const weights = await readWeights(join(dirname(file), document.weights.file), document, network);
  return { document, network, weights };
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > LARGEST_DOCUMENT)
      throw new ModelError(file, 'format', `expected at most ${LARGEST_DOCUMENT} bytes, got ${size}`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw error instanceof ModelError ? error : failed(file, error);
  }
}

/** The checked document. Errors: ModelError that names the first key at fault. */
function parseDocument(file: string, text: string): ModelDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ModelError(file, 'format', 'expected JSON, got something else; the file is damaged', {
      cause: error,
    });
  }
  const parsed = modelSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the model' : issue.path.join('.');
  throw new ModelError(file, 'format', `${where}: ${issue?.message ?? 'not a model'}`);
}

/** The network that the document describes, if all its parts are of one piece. */
function networkFor(file: string, { architecture, classes, positive, weights }: ModelDocument): Network {
  const mismatch = (message: string): ModelError => new ModelError(file, 'mismatch', message);
  const network = buildNetwork(file, architecture);
  const { layout } = network;
  if (classes.length !== layout.classifier.outputs)
    throw mismatch(`expected ${layout.classifier.outputs} classes, got ${classes.length}`);
  if (new Set(classes).size !== classes.length)
    throw mismatch(`expected each class once, got ${classes.join(', ')}`);
  if (positive !== null && !classes.includes(positive))
    throw mismatch(`expected positive to be one of ${classes.join(', ')}, got ${positive}`);
  if (weights.parameters !== layout.parameterCount || weights.statistics !== layout.statisticCount)
    throw mismatch(
      `expected weights of ${layout.parameterCount} parameters and ${layout.statisticCount} statistics, ` +
        `got ${weights.parameters} and ${weights.statistics}`,
    );
  if (weights.layout !== layoutDigest(layout))
    throw mismatch('expected the weights of this architecture, got those of one with other tensors');
  return network;
}

function buildNetwork(file: string, architecture: Architecture): Network {
  try {
    return networkOf(architecture);
  } catch (error) {
    if (error instanceof RangeError)
      throw new ModelError(file, 'mismatch', `architecture: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The weights, verified by their digest; in memory of their own. */
async function readWeights(
  path: string,
  document: ModelDocument,
  { layout }: Network,
): Promise<NetworkWeights> {
  const { parameterCount, statisticCount } = layout;
  const floats = parameterCount + statisticCount;
  if (floats > MOST_FLOATS)
    throw new ModelError(path, 'format', `expected at most ${MOST_FLOATS} weights, got ${floats}`);
  const values = new Float32Array(floats);
  const bytes = new Uint8Array(values.buffer);
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size !== bytes.length)
        throw new ModelError(path, 'mismatch', `expected ${bytes.length} bytes of weights, got ${size}`);
      for (let at = 0; at < bytes.length;) {
        const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
        if (bytesRead === 0) break;
        at += bytesRead;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof ModelError ? error : failed(path, error);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== document.weights.sha256)
    throw new ModelError(
      path,
      'mismatch',
      `expected the SHA-256 ${document.weights.sha256}, got ${sha256}; the file is damaged or another model's`,
    );
  return {
    parameters: values.subarray(0, parameterCount),
    statistics: values.subarray(parameterCount),
  };
}
