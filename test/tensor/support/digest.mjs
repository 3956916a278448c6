// Prints the SHA-256 of a fixed gradient, its statistics and a prediction: what two processes must agree on.
import { createHash } from 'node:crypto';
import { initialiseParameters } from '#emars/network/initialise.js';
import { generator } from '#emars/random/generator.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { predict } from '#emars/training/predict.js';

const space = {
  stem: 8,
  widths: [8, 16],
  strides: [2, 2],
  blocks: [2, 1],
  operations: ['mb_k3_e3', 'mb_k5_e4', 'mb_k7_e4', 'skip'],
  head: 64,
  classes: 3,
};
const net = superNetOf(space);
const path = resolvePath(net, ['mb_k7_e4', 'mb_k3_e3', 'mb_k5_e4']);
const shape = [8, 16, 32, 32];
const random = generator(1, 'digest');
const images = Float32Array.from({ length: 8 * 16 * 32 * 32 }, () => random.normal());
const subnet = { net, path, parameters: initialiseParameters(net.layout, 1) };
const labels = Int32Array.from({ length: 8 }, (_, i) => i % 3);
const { gradient, statistics, loss } = pathGradient(subnet, { images, shape, labels });
const logits = predict(subnet, statistics, { images, shape });
const hash = createHash('sha256');
for (const values of [gradient, statistics, logits, Float64Array.of(loss)])
  hash.update(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
console.log(hash.digest('hex'));
