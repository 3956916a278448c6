/**
 * A fixed tiny gradient whose digest tells hosts apart that compute other bits (AVX2 against AVX-512,
 * oneDNN, library version, device model): compared when a worker joins a run.
 */
import { digestOf } from '../gradient/chunks.js';
import type { Kernels } from '../kernels/kernels.js';
import { initialiseParameters } from '../network/initialise.js';
import { generator } from '../random/generator.js';
import { superNetOf } from '../space/layout.js';
import { resolvePath } from '../space/path.js';
import type { SearchSpace } from '../space/space.js';
import { pathGradient } from './path-gradient.js';

const SPACE: SearchSpace = {
  stem: 4,
  widths: [6, 8],
  strides: [2, 1],
  blocks: [2, 1],
  operations: ['mb_k3_e3', 'mb_k5_e3', 'mb_k7_e3'],
  head: 16,
  classes: 3,
};
const SHAPE = [2, 6, 12, 12] as const;

/** SHA-256, in hex, of a gradient that every worker computes alike or not at all. */
export function canaryDigest(kernels: Kernels | null = null): string {
  const net = superNetOf(SPACE);
  const random = generator(0, 'canary');
  const images = Float32Array.from({ length: SHAPE[0] * SHAPE[1] * SHAPE[2] * SHAPE[3] }, () =>
    random.normal(),
  );
  const subnet = {
    net,
    path: resolvePath(net, ['mb_k3_e3', 'mb_k5_e3', 'mb_k7_e3']),
    parameters: initialiseParameters(net.layout, 0),
    kernels,
  };
  const { gradient } = pathGradient(subnet, { images, shape: SHAPE, labels: Int32Array.of(0, 2) });
  return digestOf(gradient);
}
