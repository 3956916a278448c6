/** ONNX files, run by ONNX Runtime, against our own logits. */
import './support/one-thread.js';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { onnxModel } from '#emars/export/onnx/onnx-model.js';
import { probabilitiesOf } from '#emars/metrics/softmax.js';
import type { Model } from '#emars/model/read-model.js';
import type { Architecture } from '#emars/network/architecture.js';
import { depthIndices, SliceResizer } from '#emars/scan/store/resample.js';
import { applyWindow, lungWindow } from '#emars/scan/store/window.js';
import { networkPredictions } from '#emars/training/network-gradient.js';
import { pathArchitecture, untrainedModel } from './support/models.js';
import { randomFloats, size } from './support/numbers.js';

/** What issue 7 asks for; measured differences are a hundred times smaller. */
const TOLERANCE = 1e-4;

const baseline = (name: 'resnet3d-small' | 'densenet3d-small' | 'mc3-small'): Architecture => ({
  kind: 'baseline',
  baseline: name,
  classes: 2,
});

async function run(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<{ logits: Float32Array; probabilities: Float32Array }> {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const { logits, probabilities } = await session.run(feeds);
  return { logits: logits!.data as Float32Array, probabilities: probabilities!.data as Float32Array };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe('an ONNX file', () => {
  it.each<[string, Architecture]>([
    ['a path with depthwise convolutions and a skip', pathArchitecture],
    ['ResNet3D', baseline('resnet3d-small')],
    ['DenseNet3D, odd extents in its mean pooling', baseline('densenet3d-small')],
    ['MC3', baseline('mc3-small')],
  ])('gives our logits and calibrated probabilities: %s', async (_, architecture) => {
    const model = untrainedModel(architecture, { slices: 7, size: 19 });
    for (const batch of [1, 3]) {
      const shape = [batch, 7, 19, 19] as const;
      const images = randomFloats(size(shape), `images ${batch}`);
      const ours = networkPredictions(model.network, model.weights, { images, shape });
      const { logits, probabilities } = await run(onnxModel(model, { withPreprocessing: false }), {
        images: new Tensor('float32', images, [batch, 1, 7, 19, 19]),
      });
      expect(largestDifference(logits, ours)).toBeLessThan(TOLERANCE);
      const { classes } = model.document;
      expect(largestDifference(probabilities, probabilitiesOf(ours, classes.length, 1.7))).toBeLessThan(
        TOLERANCE,
      );
      // Random weights still tell scans apart: equal logits would show nothing.
      if (batch > 1) expect(largestDifference(ours.subarray(0, 2), ours.subarray(-2))).toBeGreaterThan(0.01);
    }
  });
});

/** A scan as the store makes it, standardised as batches are. */
function prepared(
  { document }: Model,
  scan: Float32Array,
  shape: readonly number[],
  grey = false,
): Float32Array {
  const [depth, height, width] = shape as [number, number, number];
  const { input, preprocessing } = document;
  const resizer = new SliceResizer(height, width, input.size, input.crop);
  const area = input.size * input.size;
  const images = new Float32Array(input.slices * area);
  depthIndices(depth, input.slices).forEach((index, z) => {
    const slice = scan.slice(index * height * width, (index + 1) * height * width);
    applyWindow(slice, grey ? 'grey' : 'hu', { ...lungWindow, ...preprocessing.window });
    resizer.resize(slice, images.subarray(z * area, (z + 1) * area));
  });
  return images.map((value) => (value - preprocessing.mean) / preprocessing.std);
}

describe('an ONNX file with preprocessing inside', () => {
  it.each([
    ['larger in the plane, more slices', [31, 53, 47]],
    ['smaller, fewer slices', [3, 9, 11]],
    ['one axis larger, one smaller, as many slices', [8, 40, 13]],
    ['of the network’s size', [8, 20, 20]],
    ['one slice', [1, 64, 64]],
  ])('takes a scan as it is stored: %s', async (_, shape) => {
    for (const [slices, crop] of [
      [8, 1],
      [7, 1],
      [8, 0.5],
      [7, 0.37],
    ] as const) {
      const model = untrainedModel(pathArchitecture, { slices, size: 20, crop });
      const scan = randomFloats(size(shape), 'scan').map((value) => 700 * value - 600);
      const images = prepared(model, scan, shape);
      const ours = networkPredictions(model.network, model.weights, { images, shape: [1, slices, 20, 20] });
      const { logits } = await run(onnxModel(model, { withPreprocessing: true }), {
        scan: new Tensor('float32', scan, [1, ...shape]),
      });
      expect(largestDifference(logits, ours)).toBeLessThan(TOLERANCE);
    }
  });

  it('takes 8-bit pictures brought back to Hounsfield units, and no numbers as air', async () => {
    const model = untrainedModel(pathArchitecture, { slices: 4, size: 20 });
    const { low, high } = model.document.preprocessing.window;
    const shape = [5, 33, 33];
    const grey = randomFloats(size(shape), 'grey').map((value) => Math.min(255, Math.abs(100 * value)));
    const units = grey.map((value) => low + (value / 255) * (high - low));
    const hollow = units.map((value, i) => (i % 7 === 0 ? Number.NaN : value));
    for (const [scan, images] of [
      [units, prepared(model, grey, shape, true)],
      [hollow, prepared(model, hollow, shape)],
    ] as const) {
      const ours = networkPredictions(model.network, model.weights, { images, shape: [1, 4, 20, 20] });
      const { logits } = await run(onnxModel(model, { withPreprocessing: true }), {
        scan: new Tensor('float32', scan, [1, ...shape]),
      });
      expect(largestDifference(logits, ours)).toBeLessThan(TOLERANCE);
    }
  });
});
