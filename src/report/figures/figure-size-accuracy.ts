/**
 * Fig. 4 of the paper: every individual of every epoch, size against accuracy, first and last half
 * of the epochs apart.
 */
import { frame, horizontalMark, thinned } from './axes.js';
import type { Figure } from './figure.js';
import { html } from '../html.js';
import { counted, percent, whole, withUnit } from '../numbers.js';
import { PALETTE } from './palette.js';
import type { Measure } from '../../run/front.js';
import type { HistoryLine } from '../../run/history.js';
import { quantile } from '../quantile.js';
import type { Majority } from '../../run/majority.js';

/** Accuracy above which the paper counts individuals in Fig. 4. */
const PAPER_THRESHOLD = 0.7;

/** The last epoch of the first half: 50 of 100, 3 of 7. */
function halfOf(lastEpoch: number): number {
  return Math.floor(lastEpoch / 2);
}

/** Null if no individual has both a size and an accuracy. */
export function sizeAccuracyFigure(
  history: readonly HistoryLine[],
  size: Measure,
  baseline: Majority | null,
): Figure | null {
  const points = history.flatMap(({ epoch, values: { size: x, accuracy: y } }) =>
    x === undefined || y === undefined ? [] : [{ epoch, x, y }],
  );
  const last = history.at(-1)?.epoch;
  if (points.length === 0 || last === undefined) return null;
  const half = halfOf(last);
  const early = points.filter((point) => point.epoch <= half);
  const late = points.filter((point) => point.epoch > half);
  const medianSize = (list: readonly { x: number }[]): string =>
    list.length === 0
      ? ''
      : `, median size ${withUnit(
          quantile(
            list.map(({ x }) => x),
            0.5,
          ),
          size,
        )}`;
  const above = points.filter((point) => point.y > PAPER_THRESHOLD).length;
  const { shown: drawnEarly, stride: earlyStride } = thinned(early);
  const { shown: drawnLate, stride: lateStride } = thinned(late);
  const stride = Math.max(earlyStride, lateStride);
  // Many points are drawn smaller and fainter, so that their density shows.
  const density = points.length > 600 ? 0.72 : 1;
  const pair = ({ x, y }: { x: number; y: number }): [number, number] => [x, y];
  return {
    id: 'size-accuracy',
    title: 'Where the search went: size against accuracy',
    description:
      `Scatter plot of all ${whole(points.length)} evaluations. Epochs up to ${half}: ` +
      `${counted(early.length, 'evaluation')}${medianSize(early)}. Later epochs: ` +
      `${counted(late.length, 'evaluation')}${medianSize(late)}.`,
    caption: html`Every individual of every epoch (${whole(points.length)} evaluations), as in Fig. 4 of the
    paper: purple circles for epochs 1 to ${half}, amber diamonds for epochs ${half + 1} to ${last}. Above
    ${percent(PAPER_THRESHOLD, 0)} accuracy:
    ${whole(above)}.${stride > 1 && ` At most every ${String(stride)}th individual is drawn.`}`,
    option: (chart) => ({
      ...frame(chart, { name: `Model size (${size.unit})` }, { name: 'Validation accuracy', percent: true }),
      series: [
        {
          name: half === 0 ? 'first half' : `epochs 1–${half}`,
          type: 'scatter',
          symbol: 'circle',
          symbolSize: 8 * density * (chart === 'wide' ? 1 : 0.75),
          itemStyle: { color: PALETTE.early.light, opacity: 0.7 * density },
          data: drawnEarly.map(pair),
          ...(baseline === null
            ? {}
            : horizontalMark(baseline.share, `majority class ${percent(baseline.share)}`, chart)),
        },
        {
          name: `epochs ${half + 1}–${last}`,
          type: 'scatter',
          symbol: 'diamond',
          symbolSize: 10 * density * (chart === 'wide' ? 1 : 0.75),
          itemStyle: { color: PALETTE.late.light, opacity: 0.75 * density },
          data: drawnLate.map(pair),
        },
      ],
    }),
  };
}
