/**
 * A model as a safetensors file: an 8-byte length, a JSON header, raw little-endian float32
 * (github.com/huggingface/safetensors, "Format"). Filters are `[outputs, inputs a group, depth, height,
 * width]` and the classifier `[classes, inputs]`, as PyTorch has them; names are ours with dots for slashes.
 */
import type { Model } from '../model/read-model.js';
import { graphOf } from '../network/graph.js';
import type { NamedTensor } from './weights.js';
import { channelsFirst, namedTensors } from './weights.js';

/** The header is padded with spaces so that the numbers behind it are aligned. */
const ALIGNMENT = 8;

/** The bytes of the file. `metadata`: what a reader needs to rebuild the network, all as text. */
export function safetensors(model: Model): Uint8Array {
  const tensors = turned(model);
  let offset = 0;
  const entries = tensors.map(({ name, shape, values }) => {
    const data_offsets = [offset, (offset += values.byteLength)];
    return [name.replaceAll('/', '.'), { dtype: 'F32', shape, data_offsets }] as const;
  });
  const header = JSON.stringify({ __metadata__: metadataOf(model), ...Object.fromEntries(entries) });
  const json = Buffer.from(header, 'utf8');
  const padded = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(8 + padded + offset, ' ');
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(bytes, 8);
  let at = 8 + padded;
  for (const { values } of tensors) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

function turned({ document, network, weights }: Model): NamedTensor[] {
  const { layout } = network;
  const depthwise = new Map(
    graphOf(document.architecture).flatMap(({ operation }) =>
      operation.op === 'convolution' ? [[operation.weight, operation.depthwise] as const] : [],
    ),
  );
  return namedTensors(layout, weights).map((tensor, index) => {
    const filter = depthwise.get(index);
    if (filter !== undefined) return channelsFirst(tensor, filter);
    return index === layout.classifier.weight ? transposed(tensor) : tensor;
  });
}

function transposed({ name, shape, values }: NamedTensor): NamedTensor {
  const [rows, columns] = shape as [number, number];
  const turnedValues = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      turnedValues[column * rows + row] = values[row * columns + column]!;
  return { name, shape: [columns, rows], values: turnedValues };
}

/** Tensor names of each node of the network stand in `graph`: enough to run it without our code. */
function metadataOf({ document, network }: Model): Record<string, string> {
  const { layout } = network;
  const nameOf = (index: number): string => layout.parameters[index]!.name.replaceAll('/', '.');
  const statistic = (index: number): string => layout.statistics[index]!.name.replaceAll('/', '.');
  const graph = graphOf(document.architecture).map(({ operation, inputs }) => {
    switch (operation.op) {
      case 'convolution': {
        const { op, stride, depthwise, weight } = operation;
        return { op, inputs, stride, depthwise, weight: nameOf(weight) };
      }
      case 'batch-norm': {
        const { op, epsilon, gamma, beta, mean, variance } = operation;
        return {
          op,
          inputs,
          epsilon,
          gamma: nameOf(gamma),
          beta: nameOf(beta),
          mean: statistic(mean),
          variance: statistic(variance),
        };
      }
      default:
        return { op: operation.op, inputs };
    }
  });
  const { architecture, classes, positive, input, preprocessing, temperature } = document;
  return {
    format: 'pt',
    architecture: JSON.stringify(architecture),
    graph: JSON.stringify(graph),
    classes: JSON.stringify(classes),
    positive: JSON.stringify(positive),
    input: JSON.stringify(input),
    preprocessing: JSON.stringify(preprocessing),
    temperature: JSON.stringify(temperature),
    weights_sha256: document.weights.sha256,
  };
}
