/**
 * Where heat maps point on phantoms, whose lesions are known: a small network, trained here, against the same
 * network before training, and against chance.
 */
import './support/one-thread.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { pointingOf, scanMap } from '#emars/app/explain-scans.js';
import type { Volume } from '#emars/explain/class-activation.js';
import type { PointingSummary } from '#emars/explain/pointing.js';
import { summarisePointing } from '#emars/explain/pointing.js';
import type { Model } from '#emars/model/read-model.js';
import { networkPredictions } from '#emars/training/network-gradient.js';
import { initialiseParameters } from '#emars/network/initialise.js';
import type { LabelledPhantom } from './support/train-model.js';
import { phantoms, trainedModel, untrained } from './support/train-model.js';

/** Column of NCP, whose lesions are many and faint. */
const NCP = 0;
/** Of phantoms: lungs are darker than tissue, and less dark than air. */
const LUNG = { low: -950, high: -500 };

function called(model: Model, { image }: LabelledPhantom): number {
  const { slices, size } = model.document.input;
  const logits = networkPredictions(model.network, model.weights, {
    images: image,
    shape: [1, slices, size, size],
  });
  return logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
}

const mapOf = (model: Model, { image, shape }: LabelledPhantom): Volume => scanMap(model, image, NCP, shape);

function measured(model: Model, scans: readonly LabelledPhantom[]): PointingSummary {
  return summarisePointing(scans.flatMap((scan) => pointingOf(model, mapOf(model, scan), scan.mask) ?? []));
}

/** Share of lung and lesions that is lesion: what a map of nothing but lungs would have inside. */
function shareOfLungs(scans: readonly LabelledPhantom[]): number {
  let [lesions, lungs] = [0, 0];
  for (const { hu, mask } of scans)
    hu.forEach((value, i) => {
      if (mask[i] !== 0) lesions++;
      else if (value > LUNG.low && value < LUNG.high) lungs++;
    });
  return lesions / (lesions + lungs);
}

describe('heat maps of phantoms', () => {
  let model: Model;
  let sick: LabelledPhantom[];
  let found: LabelledPhantom[];
  beforeAll(() => {
    model = trainedModel(phantoms(90, 1), 100, 8);
    const scans = phantoms(50, 2);
    expect(scans.filter((scan) => called(model, scan) === scan.label).length).toBeGreaterThan(0.8 * 50);
    sick = scans.filter(({ label }) => label === NCP);
    found = sick.filter((scan) => called(model, scan) === NCP);
  }, 300_000);

  it('point at a lesion in at least 70 % of the sick scans that the network found', () => {
    expect(found.length).toBeGreaterThanOrEqual(15);
    const trained = measured(model, found);
    expect(trained.hitRate).toBeGreaterThanOrEqual(0.7);
    // By chance a point in the lungs lies in a lesion as often as lesions are wide there.
    const lungs = shareOfLungs(found);
    expect(trained.exact / trained.scans).toBeGreaterThan(2 * lungs);
    // Evidence is spread more widely than lesions, beyond the lungs too; yet a map of nothing but lungs has less inside.
    expect(trained.massInside).toBeGreaterThan(1.2 * lungs);
  });

  it('are no work of the architecture alone: before training they point elsewhere', () => {
    const [before, after] = [measured(untrained(), sick), measured(model, sick)];
    expect(before.hitRate).toBeLessThan(after.hitRate! - 0.3);
    expect(after.massInside).toBeGreaterThan(2 * before.massInside!);
  });

  // Adebayo et al. 2018, "Sanity checks for saliency maps": the model parameter randomisation test.
  it('change when the weights are drawn anew, from the classifier down to all of them', () => {
    const { layout } = model.network;
    const randomised = (from: number, seed: number): Model => {
      const drawn = initialiseParameters(layout, seed);
      const parameters = model.weights.parameters.slice();
      const start = layout.parameters[from]!.offset;
      parameters.set(drawn.subarray(start), start);
      return { ...model, weights: { ...model.weights, parameters } };
    };
    const own = measured(model, found).hitRate!;
    for (const first of [layout.classifier.weight, 0]) {
      const rates = [97, 98, 99].map((seed) => measured(randomised(first, seed), found).hitRate!);
      expect(rates.reduce((sum, rate) => sum + rate, 0) / rates.length).toBeLessThan(own - 0.3);
    }
  });
});
