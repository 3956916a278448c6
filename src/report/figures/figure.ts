/**
 * A figure: what is drawn, what is said under it, and what is said to those who cannot see it.
 */
import type { EChartsCoreOption } from 'echarts/core';
import type { ChartSize } from './chart.js';
import type { Markup } from '../html.js';

export interface Figure {
  /** Name of its files in `figures/`, without extension; also the prefix of its ids on the page. */
  readonly id: string;
  readonly title: string;
  /** The figure in words, with its main numbers. */
  readonly description: string;
  /** What stands under it: how it was made and how to read it. */
  readonly caption: Markup;
  readonly option: (size: ChartSize) => EChartsCoreOption;
}
