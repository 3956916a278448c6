/**
 * Fig. 5 of the paper: accuracy over epochs, individuals as points, median as a line, 30th to 70th
 * percentile as a band. A narrow band is what the paper calls a robust search.
 */
import { epochAxis, frame, horizontalMark, thinned } from './axes.js';
import type { EpochSummary } from '../epoch-series.js';
import type { Figure } from './figure.js';
import { html } from '../html.js';
import { percent } from '../numbers.js';
import { PALETTE } from './palette.js';
import type { HistoryLine } from '../../run/history.js';
import type { Majority } from '../../run/majority.js';

/** What a custom series of ECharts hands to its drawing function, as far as it is used here. */
interface DrawingApi {
  readonly coord: (point: readonly number[]) => number[];
}

/** Null if no individual has an accuracy. */
export function accuracyEpochsFigure(
  history: readonly HistoryLine[],
  rows: readonly EpochSummary[],
  baseline: Majority | null,
): Figure | null {
  const band = rows.flatMap(({ epoch, accuracy }) => (accuracy === null ? [] : [{ epoch, ...accuracy }]));
  const first = band[0];
  const last = band.at(-1);
  if (first === undefined || last === undefined) return null;
  const { shown, stride } = thinned(
    history.flatMap(({ epoch, values: { accuracy } }) => (accuracy === undefined ? [] : [[epoch, accuracy]])),
  );
  const outline = [
    ...band.map(({ epoch, p70 }) => [epoch, p70]),
    ...[...band].reverse().map(({ epoch, p30 }) => [epoch, p30]),
  ];
  const width = percent(last.p70 - last.p30);
  return {
    id: 'accuracy-epochs',
    title: 'Accuracy over the epochs',
    description:
      `Accuracy on the validation set by epoch. The median goes from ${percent(first.median)} in ` +
      `epoch ${first.epoch} to ${percent(last.median)} in epoch ${last.epoch}; the band between ` +
      `the 30th and 70th percentile is then ${width} wide.`,
    caption: html`Points: individuals. Line: median of the epoch’s population. Band: 30th to 70th percentile
    (linear interpolation), as in Fig. 5 of the paper; ${width} wide in the last epoch. Epochs are counted
    from 1, warm-up included${stride > 1 && `; every ${String(stride)}th individual is drawn`}.`,
    option: (chart) => ({
      ...frame(chart, epochAxis(first.epoch, last.epoch), { name: 'Validation accuracy', percent: true }),
      series: [
        {
          name: '30/70 percentile',
          type: 'custom',
          itemStyle: { color: PALETTE.early.light, opacity: 0.24 },
          silent: true,
          z: 3,
          data: [[first.epoch, first.median]],
          renderItem: (_: unknown, api: DrawingApi) => ({
            type: 'polygon',
            shape: { points: outline.map((point) => api.coord(point)) },
            style: { fill: PALETTE.early.light, opacity: 0.24 },
          }),
        },
        {
          name: 'individuals',
          type: 'scatter',
          clip: false,
          symbolSize: (shown.length > 600 ? 4 : 6) * (chart === 'wide' ? 1 : 0.75),
          itemStyle: { color: PALETTE.axis.light, opacity: shown.length > 600 ? 0.4 : 0.55 },
          data: shown,
        },
        {
          name: 'median',
          type: 'line',
          z: 4,
          clip: false,
          symbol: 'circle',
          symbolSize: band.length > 40 ? 0 : 6,
          lineStyle: { color: PALETTE.early.light, width: 2.6 },
          itemStyle: { color: PALETTE.early.light },
          data: band.map(({ epoch, median }) => [epoch, median]),
          ...(baseline === null
            ? {}
            : horizontalMark(baseline.share, `majority class ${percent(baseline.share)}`, chart)),
        },
      ],
    }),
  };
}
