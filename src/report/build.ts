/**
 * Builds the report of a run: `report.html` and `figures/`, from the run folder alone. The same
 * folder gives the same bytes; there is no clock in it.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULTS } from '../config/defaults.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { drawChart, standalone, toPng } from './figures/chart.js';
import type { Figure } from './figures/figure.js';
import { accuracyEpochsFigure } from './figures/figure-accuracy-epochs.js';
import { frontFigure } from './figures/figure-front.js';
import { hypervolumeFigure } from './figures/figure-hypervolume.js';
import { sizeAccuracyFigure } from './figures/figure-size-accuracy.js';
import type { DrawnFigure } from './page.js';
import { page } from './page.js';
import type { ReportData } from './report-data.js';
import { reportData } from './report-data.js';
import { readRun } from '../run/contents.js';

export interface BuiltReport {
  /** Path of `report.html`. */
  readonly html: string;
  /** Paths of the figures, an SVG and a PNG each. */
  readonly figures: string[];
}

/**
 * Writes `report.html`, `figures/*.svg` and `figures/*.png` into the run folder, in place of older
 * ones. Errors: RunFolderError for a missing or damaged file; nothing is written then.
 */
export async function buildReport(root: string): Promise<BuiltReport> {
  const data = reportData(await readRun(root));
  const { folder } = data.run;
  const drawn = figuresOf(data).map((figure): DrawnFigure => ({
    figure,
    wide: drawChart(figure.option('wide'), 'wide', figure),
    narrow: drawChart(figure.option('narrow'), 'narrow', figure),
  }));
  const figures: string[] = [];
  if (drawn.length > 0) await mkdir(folder.figures, { recursive: true });
  for (const { figure, wide } of drawn) {
    const svg = standalone(wide);
    const path = join(folder.figures, figure.id);
    await writeFileAtomic(`${path}.svg`, svg);
    await writeFileAtomic(`${path}.png`, await toPng(svg));
    figures.push(`${path}.svg`, `${path}.png`);
  }
  await writeFileAtomic(folder.report, page(data, drawn, DEFAULTS));
  return { html: folder.report, figures };
}

function figuresOf({
  run: { history },
  front,
  objectives,
  size,
  best,
  baseline,
  epochs,
  hypervolume,
}: ReportData): Figure[] {
  return [
    frontFigure({ front, history, objectives, size, best, baseline }),
    sizeAccuracyFigure(history, size, baseline),
    accuracyEpochsFigure(history, epochs, baseline),
    hypervolume === null ? null : hypervolumeFigure(hypervolume, objectives),
  ].filter((figure) => figure !== null);
}
