/**
 * The accuracy of one genotype over the epochs in which it was evaluated, as a line the height of a word.
 */
import type { Content } from '../html.js';
import { html } from '../html.js';
import { percent } from '../numbers.js';

const WIDTH = 72;
const HEIGHT = 20;
const EDGE = 3;

export interface SparkScale {
  readonly firstEpoch: number;
  readonly lastEpoch: number;
  /** Accuracies at the lower and the upper edge. */
  readonly low: number;
  readonly high: number;
}

/** `points`: [epoch, accuracy] in order; nothing for none, a dot for one. */
export function sparkline(points: readonly (readonly [number, number])[], scale: SparkScale): Content {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return null;
  const place = (value: number, from: number, to: number): number =>
    to > from ? (value - from) / (to - from) : 0.5;
  const at = ([epoch, accuracy]: readonly [number, number]): [string, string] => [
    (EDGE + place(epoch, scale.firstEpoch, scale.lastEpoch) * (WIDTH - 2 * EDGE)).toFixed(1),
    (HEIGHT - EDGE - place(accuracy, scale.low, scale.high) * (HEIGHT - 2 * EDGE)).toFixed(1),
  ];
  const [x, y] = at(last);
  const words =
    points.length === 1
      ? `epoch ${last[0]}: ${percent(last[1])}`
      : `epoch ${first[0]}: ${percent(first[1])}, epoch ${last[0]}: ${percent(last[1])}`;
  return html`<svg
    class="spark"
    role="img"
    width="${WIDTH}"
    height="${HEIGHT}"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
  >
    <title>${words}</title>
    <polyline points="${points.map((point) => at(point).join(',')).join(' ')}" />
    <circle cx="${x}" cy="${y}" r="2.2" />
  </svg>`;
}
