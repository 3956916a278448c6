/** The PyTorch golden files of test/golden, by case and name. */
import { readFileSync } from 'node:fs';
import type { BaselineDesign } from '#emars/network/baselines/catalogue.js';
import type { Operation, SearchSpace } from '#emars/space/space.js';

export interface GoldenCase {
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly offset: number }>>;
  readonly space?: Omit<SearchSpace, 'operations'>;
  readonly genome?: readonly Operation[];
  readonly design?: BaselineDesign;
  readonly classWeights?: readonly number[];
  /** `[batch, depth, height, width]` of images that are not stored. */
  readonly shape?: readonly [number, number, number, number];
  /** The worst tensor's error of PyTorch in float32. */
  readonly float32Error?: number;
}

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The cases of `<file>.json`, with the values of `<file>.f32`. */
export function readGolden(file: string): {
  readonly goldenCase: (name: string) => GoldenCase;
  readonly golden: (name: string, tensor: string) => GoldenTensor;
} {
  const folder = new URL('../../golden/', import.meta.url);
  const { cases } = JSON.parse(readFileSync(new URL(`${file}.json`, folder), 'utf8')) as {
    readonly cases: Readonly<Record<string, GoldenCase>>;
  };
  const bytes = readFileSync(new URL(`${file}.f32`, folder));
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const goldenCase = (name: string): GoldenCase => {
    const found = cases[name];
    if (found === undefined) throw new RangeError(`expected a golden case, got "${name}"`);
    return found;
  };
  const golden = (name: string, tensor: string): GoldenTensor => {
    const found = goldenCase(name).tensors[tensor];
    if (found === undefined)
      throw new RangeError(`expected a tensor of golden case "${name}", got "${tensor}"`);
    const size = found.shape.reduce((a, b) => a * b, 1);
    return { shape: found.shape, values: values.slice(found.offset, found.offset + size) };
  };
  return { goldenCase, golden };
}

export const { goldenCase, golden } = readGolden('golden');
