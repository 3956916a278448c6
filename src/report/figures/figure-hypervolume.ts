/**
 * Hypervolume over epochs, with its reference point.
 */
import { epochAxis, frame } from './axes.js';
import type { Figure } from './figure.js';
import { html } from '../html.js';
import type { HypervolumeSeries } from '../hypervolume-series.js';
import { listed, percent, withUnit } from '../numbers.js';
import { PALETTE } from './palette.js';
import type { Measure } from '../../run/front.js';

/** The reference point in words, as "accuracy 12.0 %, size 3.10 MB". */
function cornerText(corner: readonly number[], objectives: readonly Measure[]): string {
  return listed(
    objectives.map((objective, column) => `${objective.name} ${withUnit(corner[column] ?? NaN, objective)}`),
  );
}

export function hypervolumeFigure(
  { reference, ideal, points }: HypervolumeSeries,
  objectives: readonly Measure[],
): Figure {
  const first = points[0]!;
  const guests = objectives.flatMap(({ name, since }) =>
    since === undefined ? [] : [`${name} joined in epoch ${since}`],
  );
  const last = points.at(-1)!;
  return {
    id: 'hypervolume',
    title: 'Hypervolume over the epochs',
    description:
      `Share of the objective space that each epoch's population dominates: ` +
      `${percent(first.share)} in epoch ${first.epoch}, ${percent(last.share)} in epoch ` +
      `${last.epoch}. Reference point: ${cornerText(reference, objectives)}.`,
    caption: html`Hypervolume of each epoch’s population as a share of the box between the reference point
    (${cornerText(reference, objectives)}) and the best values seen (${cornerText(ideal, objectives)}). The
    reference point is the worst value of each objective in this run, a tenth of its range further out; runs
    may be compared only over the same
    box.${guests.length > 0 && ` Epochs without all objectives are left out: ${listed(guests)}.`}`,
    option: (chart) => ({
      ...frame(
        chart,
        epochAxis(first.epoch, last.epoch),
        { name: 'Hypervolume, share of the box', percent: true, min: 0 },
        [],
      ),
      series: [
        {
          name: 'hypervolume',
          type: 'line',
          clip: false,
          symbol: 'circle',
          symbolSize: points.length > 40 ? 0 : 7,
          lineStyle: { color: PALETTE.accent.light, width: 2.4 },
          itemStyle: { color: PALETTE.accent.light },
          areaStyle: { color: PALETTE.accent.light, opacity: 0.12 },
          data: points.map(({ epoch, share }) => [epoch, share]),
        },
      ],
    }),
  };
}
