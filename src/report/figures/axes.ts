/**
 * Axes, legends and marks that all figures share, so that they look like one set.
 */
import type { ChartSize } from './chart.js';
import { FRAMES } from './chart.js';
import { PALETTE } from './palette.js';

export interface AxisText {
  readonly name: string;
  /** Shows values as percentages. */
  readonly percent?: boolean;
  /** Whole numbers only. */
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
}

/** The axis of epochs, both ends included; room beside the only one. */
export function epochAxis(first: number, last: number): AxisText {
  const ends = first === last ? { min: first - 1, max: first + 1 } : { min: first, max: last };
  return { name: 'Epoch', integer: true, ...ends };
}

/** A numeric axis; `nameGap` in units of the drawing. */
function axis(text: AxisText, size: ChartSize, side: 'x' | 'y'): object {
  const { font } = FRAMES[size];
  const label =
    text.percent === true
      ? (value: number): string => `${String(Math.round(value * 1000) / 10)} %`
      : (value: number): string => String(value).replace('-', '−');
  return {
    type: 'value',
    scale: true,
    // Room for marks at the edge, where the axis has no fixed end.
    ...(text.integer === true || text.min !== undefined ? {} : { boundaryGap: ['3%', '5%'] }),
    name: text.name,
    nameLocation: 'middle',
    nameGap: side === 'x' ? font * 2.5 : size === 'wide' ? 58 : 48,
    nameTextStyle: { color: PALETTE.muted.light, fontSize: font },
    axisLabel: { color: PALETTE.muted.light, fontSize: font - 1, formatter: label, hideOverlap: true },
    axisLine: { show: side === 'x', onZero: false, lineStyle: { color: PALETTE.axis.light } },
    axisTick: { show: side === 'x', lineStyle: { color: PALETTE.axis.light } },
    splitLine: { show: side === 'y', lineStyle: { color: PALETTE.grid.light } },
    splitNumber: size === 'wide' ? 6 : 4,
    ...(text.integer === true ? { minInterval: 1 } : {}),
    // No accuracy is below 0 or above 100 %, whatever room the marks would like.
    ...(text.min !== undefined
      ? { min: text.min }
      : text.percent === true
        ? { min: ({ min }: { min: number }): number | null => (min < 0.1 ? 0 : null) }
        : {}),
    ...(text.max !== undefined
      ? { max: text.max }
      : text.percent === true
        ? { max: ({ max }: { max: number }): number | null => (max > 0.9 ? 1 : null) }
        : {}),
  };
}

/** Grid, axes and legend of a figure; `named`: the series in the legend, all if absent, no legend if empty. */
export function frame(size: ChartSize, x: AxisText, y: AxisText, named?: readonly string[]): object {
  const { font } = FRAMES[size];
  return {
    grid: {
      left: size === 'wide' ? 78 : 62,
      right: size === 'wide' ? 24 : 14,
      top: named?.length === 0 ? 16 : size === 'wide' ? 46 : 58,
      bottom: font * 4,
    },
    legend: {
      show: named?.length !== 0,
      ...(named === undefined ? {} : { data: named }),
      top: 4,
      left: size === 'wide' ? 72 : 4,
      itemWidth: 16,
      itemHeight: 9,
      itemGap: size === 'wide' ? 22 : 10,
      selectedMode: false,
      textStyle: { color: PALETTE.text.light, fontSize: font - 0.5 },
    },
    xAxis: axis(x, size, 'x'),
    yAxis: axis(y, size, 'y'),
  };
}

/** A dashed horizontal line with its name, to be spread into a series. */
export function horizontalMark(value: number, label: string, size: ChartSize): object {
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      animation: false,
      data: [{ yAxis: value }],
      lineStyle: { color: PALETTE.muted.light, type: 'dashed', width: 1.2 },
      label: {
        position: 'insideEndTop',
        formatter: label,
        color: PALETTE.muted.light,
        fontSize: FRAMES[size].font - 1.5,
      },
    },
  };
}

/** Most points a figure draws; above it every n-th individual is shown, and the caption says so. */
const MOST_POINTS = 4000;

/** At most `MOST_POINTS` of a list, evenly, and the stride that was taken. */
export function thinned<T>(list: readonly T[]): { shown: readonly T[]; stride: number } {
  const stride = Math.max(1, Math.ceil(list.length / MOST_POINTS));
  return { shown: stride === 1 ? list : list.filter((_, index) => index % stride === 0), stride };
}
