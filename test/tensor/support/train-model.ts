/** A small network trained on phantoms within a test: Adam, no augmentation beyond flips; half a minute on one core. */
import { generator } from '#emars/random/generator.js';
import type { Model } from '#emars/model/read-model.js';
import type { Architecture } from '#emars/network/architecture.js';
import type { PhantomClass } from '#emars/scan/phantom/phantom-lesions.js';
import type { PhantomVolume } from '#emars/scan/phantom/phantom-volume.js';
import { drawPhantom } from '#emars/scan/phantom/phantom-volume.js';
import { depthIndices } from '#emars/scan/store/resample.js';
import { applyWindow, lungWindow } from '#emars/scan/store/window.js';
import { networkGradient } from '#emars/training/network-gradient.js';
import { optimizerFloats, optimizerStep, type OptimizerOptions } from '#emars/training/optimizer.js';
import { untrainedModel } from './models.js';

const SHAPE = [14, 40, 40] as const;
const INPUT = { slices: SHAPE[0], size: SHAPE[1] };
const AREA = SHAPE[1] * SHAPE[2];
const CLASSES: readonly PhantomClass[] = ['NCP', 'Normal'];
const ADAM: OptimizerOptions = {
  kind: 'adam',
  weightAverage: 0,
  learningRate: 5e-3,
  momentum: 0,
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};

const architecture: Architecture = {
  kind: 'path',
  space: {
    stem: 8,
    widths: [12],
    strides: [1],
    blocks: [2],
    operations: ['mb_k3_e2', 'skip'],
    head: 24,
    classes: CLASSES.length,
  },
  genome: ['mb_k3_e2', 'mb_k3_e2'],
};

export interface LabelledPhantom extends PhantomVolume {
  readonly label: number;
  /** As the network sees it, standardised. */
  readonly image: Float32Array;
}

/** Phantoms of different patients; classes take turns. */
export function phantoms(count: number, seed: number): LabelledPhantom[] {
  return Array.from({ length: count }, (_, patient) => {
    const label = patient % CLASSES.length;
    const volume = drawPhantom({
      seed,
      patient,
      scan: 0,
      class: CLASSES[label]!,
      shape: SHAPE,
      contrast: 1,
    });
    const windowed = Float32Array.from(volume.hu);
    applyWindow(windowed, 'hu', lungWindow);
    const image = new Float32Array(INPUT.slices * AREA);
    depthIndices(volume.shape[0], INPUT.slices).forEach((index, z) =>
      image.set(windowed.subarray(index * AREA, (index + 1) * AREA), z * AREA),
    );
    // The mean and the spread that the untrained model's description names.
    return { ...volume, label, image: image.map((value) => (value - 0.3) / 0.25) };
  });
}

/** The network before training. */
export const untrained = (): Model => untrainedModel(architecture, INPUT, 3);

/** Equal seeds give equal models. */
export function trainedModel(scans: readonly LabelledPhantom[], steps: number, batch: number): Model {
  const model = untrained();
  const { network } = model;
  const { layout } = network;
  const weights = model.weights.parameters.slice();
  const state = new Float32Array(optimizerFloats('adam', weights.length, layout.parameters.length));
  const touched = new Uint8Array(layout.parameters.length).fill(1);
  const average = new Float32Array(layout.statisticCount);
  let averaged = 0;
  for (let step = 0; step < steps; step++) {
    const random = generator(5, 'test-batch', step);
    const chosen = Array.from({ length: batch }, () => scans[random.integer(scans.length)]!);
    const images = new Float32Array(batch * INPUT.slices * AREA);
    chosen.forEach(({ image }, row) => images.set(image, row * image.length));
    const { gradient, statistics } = networkGradient(network, weights, {
      images,
      shape: [batch, ...SHAPE],
      labels: Int32Array.from(chosen, ({ label }) => label),
    });
    const rate = ADAM.learningRate * (1 - step / steps);
    const options = { ...ADAM, learningRate: rate };
    optimizerStep(options, { tensors: layout.parameters, touched, values: gradient }, weights, state);
    if (step < steps - 10) continue;
    averaged++;
    statistics.forEach((value, i) => (average[i] = average[i]! + (value - average[i]!) / averaged));
  }
  return { ...model, weights: { parameters: weights, statistics: average } };
}
