import './support/one-thread.js';
import { expect, it } from 'vitest';
import { firstNonFinite } from '#emars/gradient/chunks.js';
import { generator } from '#emars/random/generator.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';
import { sampleGenome } from '#emars/space/variation.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { randomFloats, size } from './support/numbers.js';

it('one micro-batch of the paper’s setting (16 scans of 32x64x64) goes forward and backward through a path of the whole SuperNet', () => {
  const space: SearchSpace = {
    stem: 32,
    widths: [24, 40, 80, 96, 192, 320],
    strides: [2, 2, 2, 1, 2, 1],
    blocks: [4, 4, 4, 4, 4, 1],
    head: 1280,
    classes: 3,
    operations: ['mb_k3_e3', 'mb_k3_e4', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e4', 'mb_k7_e3', 'mb_k7_e4', 'skip'],
  };
  const net = superNetOf(space);
  const { layout } = net;
  const path = resolvePath(net, sampleGenome(space, generator(1, 'paper-size')));
  // Noise that repeats: drawing 25 million normals would take longer than the step.
  const noise = randomFloats(100_003, 'paper noise');
  const repeated = (count: number, from: number, scale: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => scale * noise[(from + i) % noise.length]!);
  const parameters = new Float32Array(layout.parameterCount);
  for (const { offset, size: floats, initial } of layout.parameters) {
    parameters.set(
      initial.kind === 'constant'
        ? new Float32Array(floats).fill(initial.value)
        : repeated(floats, offset, initial.deviation),
      offset,
    );
  }
  const shape = [16, 32, 64, 64] as const;
  const images = repeated(size(shape), 0, 1);
  const started = performance.now();
  const result = pathGradient(
    { net, path, parameters },
    {
      images,
      shape,
      labels: Int32Array.from({ length: 16 }, (_, i) => i % 3),
    },
  );
  console.log(
    `paper-size micro-batch: ${Math.round(performance.now() - started)} ms forward and backward, loss ${result.loss.toFixed(3)}, peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
  );
  expect(firstNonFinite(result.gradient)).toBe(-1);
  expect(firstNonFinite(result.statistics)).toBe(-1);
  expect(result.loss).toBeGreaterThan(0.5);
  expect(result.loss).toBeLessThan(2);
  expect(result.gradient.some((value) => value !== 0)).toBe(true);
});
