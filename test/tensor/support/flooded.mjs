/**
 * Computes one gradient, whose weight gradients are long products, 60 times and on until it has met so many
 * signals; prints each digest that came out, once, and how many signals its handler met:
 * `node flooded.mjs native|tensorflow SIGNALS`. Waits for a line of input before it begins.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as breathe } from 'node:timers/promises';
import { loadKernels } from '#emars/kernels/kernels.js';
import { SignalGuard } from '#emars/kernels/signal-guard.js';
import { linkedKernels } from '#emars/native/kernels.js';
import { initialiseParameters } from '#emars/network/initialise.js';
import { generator } from '#emars/random/generator.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import { pathGradient } from '#emars/training/path-gradient.js';

let signals = 0;
process.on('SIGUSR2', () => signals++);
const { path: addon } = await linkedKernels();
const guard = new SignalGuard(addon);
const operations = ['mb_k3_e6'];
const net = superNetOf({
  ...{ stem: 8, widths: [24], strides: [2], blocks: [1], operations, head: 32, classes: 3 },
});
const shape = [4, 16, 64, 64];
const noise = generator(1, 'flooded');
const batch = {
  images: Float32Array.from({ length: 4 * 16 * 64 * 64 }, () => noise.normal()),
  shape,
  labels: Int32Array.of(0, 1, 2, 0),
};
const subnet = {
  net,
  path: resolvePath(net, operations),
  parameters: initialiseParameters(net.layout, 1),
  kernels: process.argv[2] === 'native' ? loadKernels(addon) : null,
};
guard.during(() => pathGradient(subnet, batch));
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const wanted = Number(process.argv[3]);
const digests = new Set();
for (let i = 0; i < 60 || signals < wanted; i++) {
  const step = () => pathGradient(subnet, batch);
  const { gradient, statistics } = subnet.kernels === null ? guard.during(step) : step();
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [gradient, statistics])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  digests.add(hash.digest('hex'));
  await breathe();
}
process.stdout.write(`${[...digests].join()} ${signals}\n`, () => process.exit(0));
