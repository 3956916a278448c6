/** A model as an ONNX file. */
import { ExportError } from '../errors.js';
import type { Model } from '../../model/read-model.js';
import { GraphWriter } from './graph-writer.js';
import { writeNetwork } from './network-nodes.js';
import { writePreprocessing } from './preprocessing-nodes.js';

/** A protobuf message holds at most 2 GiB. Room is left for what is no weight. */
const MOST_FLOATS = 2 ** 29 - 2 ** 20;

export interface OnnxOptions {
  /** Window, choice of slices, resizing and normalisation inside: the input is a scan of any size. */
  readonly withPreprocessing: boolean;
}

/**
 * The bytes of an ONNX file. Outputs: `logits` and calibrated `probabilities`, both `[batch, classes]`.
 * Input without preprocessing: `images` `[batch, 1, slices, size, size]`, standardised; with:
 * `scan` `[batch, depth, height, width]`. Errors: ExportError for weights beyond 2 GiB.
 */
export function onnxModel(model: Model, { withPreprocessing }: OnnxOptions): Uint8Array {
  const { document, network } = model;
  const floats = network.layout.parameterCount + network.layout.statisticCount;
  if (floats > MOST_FLOATS)
    throw new ExportError(`expected at most ${MOST_FLOATS} weights for an ONNX file, got ${floats}`);
  const { input, classes, temperature } = document;
  const graph = new GraphWriter();
  const images = withPreprocessing
    ? writePreprocessing(graph, document)
    : graph.input('images', ['batch', 1, input.slices, input.size, input.size], 'standardised intensities');
  const logits = writeNetwork(graph, model, images);
  const divisor = graph.floats('temperature', Float32Array.of(temperature ?? 1), []);
  const calibrated = graph.node('Div', [logits, divisor], 'logits-calibrated');
  graph.node('Softmax', [calibrated], 'probabilities', { axis: 1 });
  graph.output('logits', ['batch', classes.length], `before softmax: ${classes.join(', ')}`);
  graph.output('probabilities', ['batch', classes.length], 'softmax of logits / temperature');
  return graph.encode('A classifier of CT scans. For research; not a medical device.', {
    classes: JSON.stringify(classes),
    positive: JSON.stringify(document.positive),
    input: JSON.stringify(input),
    preprocessing: JSON.stringify(document.preprocessing),
    temperature: JSON.stringify(temperature),
    includes_preprocessing: JSON.stringify(withPreprocessing),
    weights_sha256: document.weights.sha256,
  });
}
