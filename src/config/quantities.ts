/** Numbers that follow from the options and that relations between them are about. */
import type { Options } from './options.js';

/** Factor by which the network reduces height and width: 2 of the stem, then the cells. */
export function reduction({ supernet }: Options): number {
  return supernet.strides.reduce((product, stride) => product * stride, 2);
}

/** Positions of the last feature map of one scan: sizes are ceil(n / 2) at each stride 2, depth included. */
export function lastPositions({ supernet, input }: Options): number {
  const halve = (n: number): number =>
    [2, ...supernet.strides].reduce((size, stride) => Math.ceil(size / stride), n);
  return halve(input.slices) * halve(input.size) ** 2;
}

/** Patients of phantoms in training, never fewer than `splitByPatient` may leave. */
export function phantomTrainingScans({ data }: Options): number {
  const { phantom, split } = data;
  const patients =
    phantom.patients -
    Math.round(phantom.patients * split.validation) -
    Math.round(phantom.patients * split.test);
  return patients * phantom.scansPerPatient;
}

/** Steps of an epoch over `scans` training scans; what does not fill a batch waits for another epoch's order. */
export function stepsPerEpoch(scans: number, batch: number): number {
  return Math.floor(scans / batch);
}
