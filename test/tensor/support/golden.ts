/** The PyTorch golden files of test/golden, by case and name. */
import { readFileSync } from 'node:fs';
import type { Operation, SearchSpace } from '#emars/space/space.js';

export interface GoldenCase {
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly offset: number }>>;
  readonly space?: Omit<SearchSpace, 'operations'>;
  readonly genome?: readonly Operation[];
  readonly classWeights?: readonly number[];
}

const folder = new URL('../../golden/', import.meta.url);
const header = JSON.parse(readFileSync(new URL('golden.json', folder), 'utf8')) as {
  readonly cases: Readonly<Record<string, GoldenCase>>;
};
const bytes = readFileSync(new URL('golden.f32', folder));
const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export function goldenCase(name: string): GoldenCase {
  const found = header.cases[name];
  if (found === undefined) throw new RangeError(`expected a golden case, got "${name}"`);
  return found;
}

export function golden(name: string, tensor: string): GoldenTensor {
  const found = goldenCase(name).tensors[tensor];
  if (found === undefined)
    throw new RangeError(`expected a tensor of golden case "${name}", got "${tensor}"`);
  const size = found.shape.reduce((a, b) => a * b, 1);
  return { shape: found.shape, values: values.slice(found.offset, found.offset + size) };
}
