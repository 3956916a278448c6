import { createHash } from 'node:crypto';
import type { NetworkLayout } from '../space/tensors.js';

/** SHA-256 of the names and shapes of all tensors, in order: tells networks of equal size apart. */
export function layoutDigest({ parameters, statistics }: NetworkLayout): string {
  const lines = [...parameters, ...statistics].map(({ name, shape }) => `${name}[${shape.join(',')}]\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
