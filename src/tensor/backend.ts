/**
 * The one door to TensorFlow: loads tfjs and its native binding, and runs operations by name.
 *
 * Loading is lazy and synchronous, at the first use, so that importing this room costs nothing where
 * TensorFlow is missing. Operations tfjs has no kernel for (fused batch norm with its gradient, strided
 * slices) run by their TensorFlow name through the binding.
 */
import { EmarsError } from '../errors/error.js';
import { createRequire } from 'node:module';
import type * as TensorFlowModule from '@tensorflow/tfjs-node-gpu';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';

export type { Tensor } from '@tensorflow/tfjs-node-gpu';
export type TensorFlow = typeof TensorFlowModule;

const PACKAGE = '@tensorflow/tfjs-node-gpu';

/** TensorFlow cannot be used in this process. */
export class TensorFlowError extends EmarsError {
  override readonly name = 'TensorFlowError';
  readonly kind = 'environment';
  constructor(
    message: string,
    override readonly cause?: unknown,
  ) {
    super(message);
  }
}

/** Attribute of a TensorFlow operation, in the binding's form. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

interface Binding {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
}

/** The part of tfjs' Node backend that is used here. */
interface NodeBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

interface Loaded {
  readonly tf: TensorFlow;
  readonly backend: NodeBackend;
}

let loaded: Loaded | undefined;

/** tfjs calls `util.isNullOrUndefined`, which Node 23 removed. */
function restoreIsNullOrUndefined(require: NodeJS.Require): void {
  const util = require('node:util') as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

function load(): Loaded {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  restoreIsNullOrUndefined(require);
  try {
    const tf = require(PACKAGE) as TensorFlow;
    tf.enableProdMode();
    loaded = { tf, backend: tf.backend() as unknown as NodeBackend };
    return loaded;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause);
    throw new TensorFlowError(
      `expected TensorFlow to load in this process, got: ${reason} Run "npm run setup" to bring it.`,
      cause,
    );
  }
}

/** tfjs on the native backend. Errors: TensorFlowError if the binding or the library is missing. */
export function tensorflow(): TensorFlow {
  return load().tf;
}

/** Which TensorFlow runs here, and on what. Errors: TensorFlowError. */
export function tensorflowFacts(): { readonly version: string; readonly devices: readonly string[] } {
  const { backend } = load();
  return {
    version: backend.binding.TF_Version,
    devices: backend.isUsingGpuDevice ? ['gpu', 'cpu'] : ['cpu'],
  };
}

/** Runs a TensorFlow operation with one output. The result belongs to the current scope. */
export function execute(
  operation: string,
  attributes: readonly Attribute[],
  inputs: readonly Tensor[],
): Tensor {
  return load().backend.executeSingleOutput(operation, attributes, inputs);
}

/** Runs a TensorFlow operation with several outputs; all of them belong to the current scope. */
export function executeMany(
  operation: string,
  attributes: readonly Attribute[],
  inputs: readonly Tensor[],
  outputs: number,
): Tensor[] {
  return load().backend.executeMultipleOutputs(operation, attributes, inputs, outputs);
}

/** Attributes of an operation from plain values; `float` and `int32` name element types. */
export function attributes(
  values: Readonly<
    Record<
      string,
      | { readonly type: 'float' | 'int32' }
      | { readonly integer: number | readonly number[] }
      | { readonly float: number }
      | { readonly text: string }
      | { readonly flag: boolean }
    >
  >,
): Attribute[] {
  const { binding } = load().backend;
  return Object.entries(values).map(([name, value]): Attribute => {
    if ('type' in value)
      return {
        name,
        type: binding.TF_ATTR_TYPE,
        value: value.type === 'float' ? binding.TF_FLOAT : binding.TF_INT32,
      };
    if ('integer' in value) return { name, type: binding.TF_ATTR_INT, value: value.integer };
    if ('float' in value) return { name, type: binding.TF_ATTR_FLOAT, value: value.float };
    if ('text' in value) return { name, type: binding.TF_ATTR_STRING, value: value.text };
    return { name, type: binding.TF_ATTR_BOOL, value: value.flag };
  });
}
