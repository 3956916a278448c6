/** What a model says of a scan: calibrated probabilities, how far flips move them, and what is unusual. */
import { probabilitiesOf } from '../metrics/softmax.js';
import type { Model } from '../model/read-model.js';
import type { ScanTraits } from '../model/seen-scans.js';
import { unlikeSeen } from '../model/seen-scans.js';
import type { FoundScan } from '../scan/catalogue/find-scans.js';
import { defaultLimits } from '../scan/limits.js';
import { openScan } from '../scan/readers/read-scan.js';
import { ScanSource } from '../scan/readers/source.js';
import { SlicePreparer } from '../scan/store/prepare-slices.js';
import { depthIndices } from '../scan/store/resample.js';
import { lungWindow } from '../scan/store/window.js';
import { networkPredictions } from '../training/network-gradient.js';
import { flippedStack, VIEWS } from './views.js';

export interface Prediction {
  /** Class of the highest probability, the first of equals. */
  readonly class: string;
  /** Calibrated where the model has a temperature; of the scan as it is, no flip averaged in. */
  readonly probabilities: Readonly<Record<string, number>>;
  /** Standard deviation, over the scan and its flips in the plane, of the probability of `class`: 0 to 0.5. */
  readonly uncertainty: number;
  readonly warnings: readonly string[];
}

/** Mean intensity of a scan further from the training data's than this, in its standard deviations. */
const FAR = 1;

/** To be called where TensorFlow may run. Errors: ScanError. */
export async function predictScan(model: Model, scan: FoundScan): Promise<Prediction> {
  return predictPrepared(model, await preparedScan(model, scan));
}

/** What of a scan goes into the network. */
export interface PreparedScan {
  /** Standardised `[slices, size, size]`. */
  readonly image: Float32Array;
  readonly traits: ScanTraits;
}

/** To be called where TensorFlow may run. */
export function predictPrepared(model: Model, { image, traits }: PreparedScan): Prediction {
  const { classes, input, temperature } = model.document;
  const stack = [input.slices, input.size, input.size] as const;
  const images = new Float32Array(VIEWS.length * image.length);
  VIEWS.forEach((flips, view) => images.set(flippedStack(image, stack, flips), view * image.length));
  const logits = networkPredictions(model.network, model.weights, {
    images,
    shape: [VIEWS.length, ...stack],
  });
  const all = probabilitiesOf(logits, classes.length, temperature ?? 1);
  const own = all.subarray(0, classes.length);
  const best = own.indexOf(own.reduce((a, b) => Math.max(a, b)));
  const ofBest = VIEWS.map((_, view) => all[view * classes.length + best]!);
  const mean = ofBest.reduce((a, b) => a + b) / VIEWS.length;
  return {
    class: classes[best]!,
    probabilities: Object.fromEntries(classes.map((name, column) => [name, own[column]!])),
    uncertainty: Math.sqrt(ofBest.reduce((sum, value) => sum + (value - mean) ** 2, 0) / VIEWS.length),
    warnings: warningsOf(traits, model),
  };
}

/** The scan as the network sees it. Errors: ScanError. */
export async function preparedScan({ document }: Model, scan: FoundScan): Promise<PreparedScan> {
  const { input, preprocessing } = document;
  const open = await openScan(new ScanSource(scan.root, { limits: defaultLimits }), scan);
  const [depth, height, width] = open.shape;
  const window = { ...lungWindow, ...preprocessing.window };
  const preparer = new SlicePreparer({ height, width, unit: open.unit }, { ...input, window });
  const area = input.size * input.size;
  const image = new Float32Array(input.slices * area);
  const chosen = depthIndices(depth, input.slices);
  let z = 0;
  for await (const slice of open.slices()) {
    const first = chosen.indexOf(z);
    if (first >= 0) {
      preparer.prepare(slice, image.subarray(first * area, (first + 1) * area));
      for (let next = first + 1; chosen[next] === z; next++)
        image.copyWithin(next * area, first * area, (first + 1) * area);
    }
    z++;
  }
  const { mean, std } = preprocessing;
  const intensity = image.reduce((sum, value) => sum + value, 0) / image.length;
  for (let i = 0; i < image.length; i++) image[i] = (image[i]! - mean) / std;
  return { image, traits: { slices: depth, height, width, spacing: open.spacing, intensity } };
}

/** By the ranges of the training scans; a model without them is compared with its input and standardisation. */
function warningsOf(traits: ScanTraits, { document }: Model): string[] {
  const { input, preprocessing, data } = document;
  if (data.seen !== undefined) return unlikeSeen(data.seen, traits);
  const { slices, height, width, intensity } = traits;
  const warnings: string[] = [];
  if (slices < input.slices)
    warnings.push(`${slices} slices where the model sees ${input.slices}: some are repeated`);
  if (height < input.size || width < input.size)
    warnings.push(`${width} x ${height} pixels where the model sees ${input.size}: enlarged`);
  const distance = (intensity - preprocessing.mean) / preprocessing.std;
  if (Math.abs(distance) > FAR)
    warnings.push(
      `mean intensity ${distance.toFixed(1)} standard deviations from the training data: ` +
        'perhaps another window, unit or body part',
    );
  return warnings;
}
