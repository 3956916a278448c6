/**
 * The front over size and accuracy: its members joined by a line, the others of the last epoch and
 * of earlier ones pale. With more than two objectives the front is wider than its shadow in this plane.
 */
import { nonDominatedSort } from '../../evolution/nsga3/non-dominated-sort.js';
import { toMinimise } from '../../evolution/objective-values.js';
import { frame, horizontalMark, thinned } from './axes.js';
import { FRAMES } from './chart.js';
import type { Figure } from './figure.js';
import { html } from '../html.js';
import { counted, listed, percent, withUnit } from '../numbers.js';
import { PALETTE } from './palette.js';
import { quantile } from '../quantile.js';
import type { Measure } from '../../run/front.js';
import type { HistoryLine } from '../../run/history.js';
import type { Majority } from '../../run/majority.js';

const OFF_THE_LINE = ' A member off the line is better in an objective that is not drawn.';

export interface FrontMemberPoint {
  readonly id: string;
  readonly values: Readonly<Record<string, number>>;
}

/** Points that no other beats in size and accuracy alone, in order of size. */
function skyline<P extends { readonly x: number; readonly y: number }>(
  points: readonly P[],
  sizeDirection: Measure['direction'],
): P[] {
  const [first] = nonDominatedSort(
    toMinimise(
      points.map(({ x, y }) => [x, y]),
      [sizeDirection, 'max'],
    ),
  );
  return (first ?? []).map((index) => points[index]!);
}

export interface FrontPicture {
  readonly front: readonly FrontMemberPoint[];
  readonly history: readonly HistoryLine[];
  readonly objectives: readonly Measure[];
  readonly size: Measure;
  readonly best: HistoryLine | null;
  readonly baseline: Majority | null;
}

/** Null if no member of the front has both a size and an accuracy. */
export function frontFigure({
  front,
  history,
  objectives,
  size,
  best,
  baseline,
}: FrontPicture): Figure | null {
  const members = front.flatMap(({ id, values: { size: x, accuracy: y } }) =>
    x === undefined || y === undefined ? [] : [{ id, x, y }],
  );
  if (members.length === 0) return null;
  members.sort((a, b) => a.x - b.x || a.y - b.y);
  const last = history.at(-1)?.epoch;
  const onFront = new Set(members.map((member) => member.id));
  const point = ({ values: { size: x, accuracy: y } }: HistoryLine): [number, number][] =>
    x === undefined || y === undefined ? [] : [[x, y]];
  const peers = history.filter((line) => line.epoch === last && !onFront.has(line.id)).flatMap(point);
  const { shown: earlier, stride } = thinned(history.filter((line) => line.epoch !== last).flatMap(point));
  // Of equal accuracies the lowest id is the best individual; it need not be on the front.
  const star = best === null ? [] : point(best);
  const outline = skyline(members, size.direction);
  const shadowed = outline.length < members.length;
  const xs = history.flatMap((line) => line.values['size'] ?? []);
  const middle = xs.length === 0 ? 0 : (quantile(xs, 0) + quantile(xs, 1)) / 2;
  const smallest = members[0]!;
  const largest = members.at(-1)!;
  const names = listed(objectives.map((objective) => `${objective.name} (${objective.direction})`));
  return {
    id: 'front',
    title: 'The Pareto front of the last epoch',
    description:
      'Scatter plot of size against accuracy on the validation set. The front has ' +
      `${counted(members.length, 'member')}, from ${withUnit(smallest.x, size)} at ` +
      `${percent(smallest.y)} to ${withUnit(largest.x, size)} at ${percent(largest.y)}.`,
    caption: html`Non-dominated individuals of epoch ${last ?? 0} by ${names}. Filled: the front; a line joins
    those that no other beats in size and accuracy alone, a ring marks the best individual. Circles: dominated
    in the same epoch. Pale dots: earlier epochs, measured on other
    weights${stride > 1 && `, every ${String(stride)}th individual drawn`}.${shadowed && OFF_THE_LINE}`,
    option: (chart) => ({
      ...frame(chart, { name: `Model size (${size.unit})` }, { name: 'Validation accuracy', percent: true }, [
        'earlier epochs',
        'dominated',
        'Pareto front',
        'best accuracy',
      ]),
      series: [
        {
          name: 'earlier epochs',
          type: 'scatter',
          symbolSize: chart === 'wide' ? 5 : 3.5,
          itemStyle: { color: PALETTE.pale.light, opacity: 0.35 },
          data: earlier,
          silent: true,
        },
        {
          name: 'dominated',
          type: 'scatter',
          symbol: 'circle',
          symbolSize: 9,
          itemStyle: { color: 'none', borderColor: PALETTE.axis.light, borderWidth: 1.4 },
          data: peers,
          silent: true,
        },
        {
          name: 'outline',
          type: 'line',
          symbol: 'none',
          silent: true,
          z: 3,
          lineStyle: { color: PALETTE.accent.light, width: 1.8 },
          data: outline.map(({ x, y }) => [x, y]),
        },
        {
          name: 'Pareto front',
          type: 'scatter',
          symbol: 'circle',
          symbolSize: chart === 'wide' ? 11 : 9,
          itemStyle: {
            color: PALETTE.accent.light,
            borderColor: PALETTE.ground.light,
            borderWidth: 1.5,
            opacity: 1,
          },
          data: members.map(({ x, y }) => [x, y]),
          z: 4,
          ...(baseline === null
            ? {}
            : horizontalMark(baseline.share, `majority class ${percent(baseline.share)}`, chart)),
        },
        {
          name: 'best accuracy',
          type: 'scatter',
          symbol: 'circle',
          symbolSize: chart === 'wide' ? 20 : 17,
          itemStyle: { color: 'none', borderColor: PALETTE.late.light, borderWidth: 2.2, opacity: 1 },
          z: 5,
          label: {
            show: true,
            position: (star[0]?.[0] ?? 0) > middle ? 'left' : 'right',
            distance: 7,
            formatter: () => percent(star[0]?.[1] ?? 0),
            color: PALETTE.text.light,
            fontSize: FRAMES[chart].font,
            fontWeight: 'bold',
            textBorderColor: PALETTE.ground.light,
            textBorderWidth: 4,
          },
          data: star,
        },
      ],
    }),
  };
}
