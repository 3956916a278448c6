/** The nodes of a network, from standardised images to logits. */
import type { Model } from '../../model/read-model.js';
import type { GraphNode, GraphOperation } from '../../network/graph.js';
import { graphOf } from '../../network/graph.js';
import { channelsFirst, namedTensors, type NamedTensor } from '../weights.js';
import type { GraphWriter } from './graph-writer.js';

/** Adds the network behind `images` `[batch, 1, depth, height, width]`; `logits` `[batch, classes]`. */
export function writeNetwork(
  graph: GraphWriter,
  { document, network, weights }: Model,
  images: string,
): string {
  const { layout } = network;
  const tensors = namedTensors(layout, weights);
  const parameter = (index: number): NamedTensor => tensors[index]!;
  const statistic = (index: number): NamedTensor => tensors[layout.parameters.length + index]!;
  const put = ({ name, shape, values }: NamedTensor): string => graph.floats(name, values, shape);
  let limits: readonly string[] | null = null;
  const relu6Limits = (): readonly string[] =>
    (limits ??= [0, 6].map((limit) => graph.floats(`relu6/${limit}`, Float32Array.of(limit), [])));

  const write = (operation: GraphOperation, inputs: string[], output: string): string => {
    switch (operation.op) {
      case 'convolution': {
        const { kernel, stride, depthwise, weight } = operation;
        const padding = kernel.map((extent) => extent >> 1);
        return graph.node('Conv', [...inputs, put(channelsFirst(parameter(weight), depthwise))], output, {
          kernel_shape: kernel,
          strides: stride,
          pads: [...padding, ...padding],
          group: depthwise ? operation.inputs : 1,
        });
      }
      case 'batch-norm': {
        const { gamma, beta, mean, variance, epsilon } = operation;
        const read = [parameter(gamma), parameter(beta), statistic(mean), statistic(variance)].map(put);
        return graph.node('BatchNormalization', [...inputs, ...read], output, {
          epsilon: { float: epsilon },
        });
      }
      case 'relu':
        return graph.node('Relu', inputs, output);
      case 'relu6':
        return graph.node('Clip', [...inputs, ...relu6Limits()], output);
      case 'max-pool':
        return graph.node('MaxPool', inputs, output, {
          kernel_shape: [3, 3, 3],
          strides: [2, 2, 2],
          pads: [1, 1, 1, 1, 1, 1],
        });
      case 'average-pool':
        return graph.node('AveragePool', inputs, output, {
          kernel_shape: [2, 2, 2],
          strides: [2, 2, 2],
          auto_pad: { text: 'SAME_UPPER' },
          count_include_pad: 0,
        });
      case 'add':
        return graph.node('Add', inputs, output);
      case 'concatenate':
        return graph.node('Concat', inputs, output, { axis: 1 });
    }
  };

  const values = [images];
  graphOf(document.architecture).forEach(({ operation, inputs }: GraphNode, index) => {
    const name = `node${String(index).padStart(3, '0')}/${operation.op}`;
    values.push(
      write(
        operation,
        inputs.map((value) => values[value]!),
        name,
      ),
    );
  });
  const { classifier } = layout;
  const pooled = graph.node('GlobalAveragePool', [values.at(-1)!], 'pool');
  const flat = graph.node('Flatten', [pooled], 'flat', { axis: 1 });
  const [weight, bias] = [put(parameter(classifier.weight)), put(parameter(classifier.bias))];
  return graph.node('Gemm', [flat, weight, bias], 'logits');
}
