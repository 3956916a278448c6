/**
 * First weights of a cohort from files, one a member, each like that of a model: parameters and then
 * statistics, little-endian float32, in the order of the member's own layout.
 */
import { readFileSync } from 'node:fs';
import type { TensorEntry } from '../space/tensors.js';
import type { Path } from '../space/path.js';
import type { SharedWeights } from './snapshot.js';
import { SnapshotFormatError } from './snapshot.js';

/** Where the weights of members go. */
interface Target {
  readonly layout: {
    readonly parameters: readonly TensorEntry[];
    readonly statistics: readonly TensorEntry[];
  };
  readonly weights: SharedWeights;
}

/**
 * Reads `files[i]` into the tensors of `members[i]`. Errors: SnapshotFormatError for a file of another length;
 * Node's own for one that cannot be read.
 */
export function readFirstWeights(
  files: readonly string[],
  members: readonly Path[],
  { layout, weights }: Target,
): void {
  members.forEach(({ parameters, statistics, vectorLength, parameterCount }, index) => {
    const file = files[index]!;
    const bytes = readFileSync(file);
    if (bytes.length !== 4 * vectorLength)
      throw new SnapshotFormatError(`${4 * vectorLength} bytes of weights in ${file}`, String(bytes.length));
    const values = new Float32Array(vectorLength);
    new Uint8Array(values.buffer).set(bytes);
    // The tensors of a member lie one behind the other.
    weights.parameters.set(values.subarray(0, parameterCount), layout.parameters[parameters[0]!]!.offset);
    weights.statistics.set(values.subarray(parameterCount), layout.statistics[statistics[0]!]!.offset);
  });
}
