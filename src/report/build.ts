/**
 * Builds the report of a run: `report.html` and `figures/`, from the run folder alone. The same
 * folder gives the same bytes; there is no clock in it.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULTS } from '../config/defaults.js';
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
import { readRunFolder } from './run-folder.js';

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
export async function buildReport(folder: string): Promise<BuiltReport> {
  const data = reportData(await readRunFolder(folder));
  const drawn = figuresOf(data).map((figure): DrawnFigure => ({
    figure,
    wide: drawChart(figure.option('wide'), 'wide', figure),
    narrow: drawChart(figure.option('narrow'), 'narrow', figure),
  }));
  const figures: string[] = [];
  if (drawn.length > 0) await mkdir(join(folder, 'figures'), { recursive: true });
  for (const { figure, wide } of drawn) {
    const svg = standalone(wide);
    const path = join(folder, 'figures', figure.id);
    await replace(`${path}.svg`, svg);
    await replace(`${path}.png`, await toPng(svg));
    figures.push(`${path}.svg`, `${path}.png`);
  }
  const path = join(folder, 'report.html');
  await replace(path, page(data, drawn, DEFAULTS));
  return { html: path, figures };
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
    frontFigure(front, history, objectives, size, best, baseline),
    sizeAccuracyFigure(history, size, baseline),
    accuracyEpochsFigure(history, epochs, baseline),
    hypervolume === null ? null : hypervolumeFigure(hypervolume, objectives),
  ].filter((figure) => figure !== null);
}

/** Writes beside and renames, so that a reader never sees half a file. */
async function replace(path: string, content: string | Buffer): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}
