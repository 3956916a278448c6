/**
 * A chart as SVG text, drawn by ECharts without a browser, and as PNG by sharp.
 *
 * ECharts numbers its ids through the life of the process and adds hover rules for a browser that
 * runs it. Both are taken out: equal data give equal bytes, several charts fit on one page, and a
 * drawing has no style of its own that could leak out.
 */
import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components';
import type { EChartsCoreOption } from 'echarts/core';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import sharp from 'sharp';
import { escape } from '../html.js';
import { PALETTE } from './palette.js';

use([ScatterChart, LineChart, CustomChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

/** `wide` for page and paper, `narrow` for a telephone: the same chart with letters that stay readable. */
export type ChartSize = 'wide' | 'narrow';

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly font: number;
}

export const FRAMES: Readonly<Record<ChartSize, Frame>> = {
  wide: { width: 880, height: 440, font: 14 },
  narrow: { width: 400, height: 340, font: 12.5 },
};

const CHART_FONT = "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif";

/** Pixels of a PNG for each unit of the drawing: 1760 pixels wide, 300 dpi at 15 cm. */
const PNG_SCALE = 2;

/** Title and description for those who cannot see the chart. */
export interface ChartText {
  /** Prefix of ids, unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

/** Draws a chart; equal options give equal text. */
export function drawChart(option: EChartsCoreOption, size: ChartSize, text: ChartText): string {
  const { width, height, font } = FRAMES[size];
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: CHART_FONT, fontSize: font, color: PALETTE.text.light },
      ...option,
    });
    return settle(chart.renderToSVGString(), `${text.id}-${size}`, text);
  } finally {
    chart.dispose();
  }
}

/**
 * A filled disc as ECharts draws it: a unit circle of two arcs, scaled. Thousands of them make up most
 * of a scatter plot.
 */
const DISC = new RegExp(
  [
    '<path d="M1 0A1 1 0 1 1 1 -0\\.1A1 1 0 0 1 1 0"',
    'transform="matrix\\(([\\d.]+),0,0,\\1,([\\d.]+),([\\d.]+)\\)"',
    '(fill="[^"]*"(?: fill-opacity="[^"]*")?)></path>',
  ].join(' '),
  'g',
);

const tenth = (text: string): string => String(Math.round(Number(text) * 10) / 10);

/** Takes out what depends on the process, names the parts after the chart, adds title and description. */
function settle(svg: string, id: string, { title, description }: ChartText): string {
  const clips = new Map<string, string>();
  const bare = svg
    .replace(/<style\s*>[\s\S]*?<\/style>\s*/g, '')
    .replace(/ (?:class|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/ pointer-events="[^"]*"/g, '')
    .replace(
      DISC,
      (...[, radius, x, y, fill]: string[]) =>
        `<circle cx="${tenth(x!)}" cy="${tenth(y!)}" r="${radius!}" ${fill!}/>`,
    )
    .replace(/<rect [^>]*fill="none"[^>]*><\/rect>\n?/, '')
    .replace(/\bzr\d+-[a-z]+\d+\b/g, (name) => {
      const known = clips.get(name) ?? `${id}-${clips.size}`;
      clips.set(name, known);
      return known;
    });
  const labels = `role="img" aria-labelledby="${id}-title ${id}-text"`;
  const words = `<title id="${id}-title">${escape(title)}</title><desc id="${id}-text">${escape(description)}</desc>`;
  return bare.replace(/^<svg ([^>]*)>/, (_, attributes: string) => `<svg ${labels} ${attributes}>${words}`);
}

/** The drawing as a file of its own: on white ground. */
export function standalone(svg: string): string {
  const ground = `<rect width="100%" height="100%" fill="${PALETTE.ground.light}"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg.replace('</desc>', `</desc>${ground}`)}\n`;
}

/** A standalone drawing as PNG bytes, without a time stamp. */
export async function toPng(svg: string): Promise<Buffer> {
  return await sharp(Buffer.from(svg), { density: 72 * PNG_SCALE, limitInputPixels: 2 ** 26 })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
