/**
 * Grows an ONNX graph: nodes, constants, inputs and outputs, in the terms of `proto/onnx.proto`.
 * Operators and attributes: the ONNX operator reference, operator set `OPSET`.
 */
import { onnx } from '../../../proto/generated/onnx.js';

/** Operator set of the default domain that everything here is written for. */
const OPSET = 17;
/** Version of the file format that came with it. */
const IR_VERSION = 8;

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;
const DOUBLE = 11;

type Attribute = number | readonly number[] | { readonly float: number } | { readonly text: string };
/** A dimension: an extent, or the name of a free one. */
export type Dimension = number | string;

function attribute(name: string, value: Attribute): onnx.AttributeProto.$Properties {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('text' in value) return { name, type: 3, s: Buffer.from(value.text, 'utf8') };
  return { name, type: 7, ints: [...value] };
}

const bytesOf = (values: Float32Array | Float64Array | BigInt64Array | Uint8Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const valueInfo = (
  name: string,
  shape: readonly Dimension[],
  about: string,
): onnx.ValueInfoProto.$Properties => ({
  name,
  docString: about,
  type: {
    tensorType: {
      elemType: FLOAT,
      shape: {
        dim: shape.map((each) => (typeof each === 'number' ? { dimValue: each } : { dimParam: each })),
      },
    },
  },
});

export class GraphWriter {
  private readonly nodes: onnx.NodeProto.$Properties[] = [];
  private readonly constants: onnx.TensorProto.$Properties[] = [];
  private readonly inputs: onnx.ValueInfoProto.$Properties[] = [];
  private readonly outputs: onnx.ValueInfoProto.$Properties[] = [];
  private readonly named = new Set<string>();

  /** A float input. Returns its name. */
  input(name: string, shape: readonly Dimension[], about: string): string {
    this.inputs.push(valueInfo(name, shape, about));
    return name;
  }

  output(name: string, shape: readonly Dimension[], about: string): void {
    this.outputs.push(valueInfo(name, shape, about));
  }

  floats(name: string, values: Float32Array, dims: readonly number[]): string {
    return this.constant(name, FLOAT, dims, bytesOf(values));
  }

  doubles(name: string, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.constant(name, DOUBLE, dims, bytesOf(Float64Array.from(values)));
  }

  integers(name: string, values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.constant(name, INT64, dims, bytesOf(BigInt64Array.from(values, BigInt)));
  }

  flags(name: string, values: readonly boolean[]): string {
    return this.constant(name, BOOL, [values.length], Uint8Array.from(values, Number));
  }

  /** A node with one output, which it is named after. Returns that name. */
  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.claim(output);
    this.nodes.push({
      name: output,
      opType: operator,
      input: [...inputs],
      output: [output],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    });
    return output;
  }

  /** The bytes of the file. */
  encode(about: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    return onnx.ModelProto.encode({
      irVersion: IR_VERSION,
      producerName: 'emars',
      docString: about,
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: 'emars',
        node: this.nodes,
        initializer: this.constants,
        input: this.inputs,
        output: this.outputs,
      },
    }).finish();
  }

  private constant(name: string, dataType: number, dims: readonly number[], rawData: Uint8Array): string {
    this.claim(name);
    this.constants.push({ name, dataType, dims: [...dims], rawData });
    return name;
  }

  /** A name stands for one value. Errors: RangeError. */
  private claim(name: string): void {
    if (this.named.has(name)) throw new RangeError(`expected a new name in the graph, got ${name} again`);
    this.named.add(name);
  }
}

/** Element type of a `Cast`. */
export const CAST = { float: FLOAT, double: DOUBLE } as const;
