/**
 * The front as a table: values with units, balanced accuracy, sensitivity of the positive class, and
 * a picture of each genome.
 */
import type { FrontRow } from '../current-front.js';
import { genomeKey, genomeLegend, genomePicture } from '../figures/genome-picture.js';
import type { Content, Markup } from '../html.js';
import { html } from '../html.js';
import { NONE, percent, unitText, valueText, whole } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import { metricsOf } from '../report-data.js';
import type { Measure } from '../../run/front.js';
import { cellSizes, settingAt } from './settings.js';
import type { SparkScale } from '../figures/sparkline.js';
import { sparkline } from '../figures/sparkline.js';
import { table } from './table.js';

/** Rows of the table; a front of many objectives can be larger than a page should be. */
const MOST_ROWS = 200;

/** Longer genomes get a table of their own. */
const BLOCKS_IN_A_ROW = 8;

const ARROW = { max: '↑', min: '↓' } as const;

/** The objectives, and the size even if it was no objective. */
function shownMeasures({ objectives, size, front }: ReportData): Measure[] {
  const known =
    objectives.some(({ name }) => name === 'size') || front.every((row) => row.values['size'] === undefined);
  return known ? [...objectives] : [...objectives, size];
}

function headOf(measure: Measure, objectives: readonly Measure[]): Content {
  const unit = unitText(measure);
  const direction =
    objectives.includes(measure) &&
    html`  <span class="arrow" title="${measure.direction === 'max' ? 'more is better' : 'less is better'}"
        >${ARROW[measure.direction]}</span
      >`;
  return html`${measure.name}${direction}${unit !== '' && html` <span class="unit">${unit}</span>`}`;
}

function valueOf(row: FrontRow, measure: Measure): Content {
  const value = row.values[measure.name];
  if (value === undefined) return NONE;
  if (measure.name === 'potential' && row.line?.potentialDefined === false)
    return html`<span title="fewer than two accuracies: the slope does not exist">${NONE}</span>`;
  return valueText(value, measure);
}

function operationsOf(data: ReportData): string[] {
  const configured = settingAt(data.run.settings, 'supernet.operations');
  const named = Array.isArray(configured)
    ? configured.filter((name): name is string => typeof name === 'string')
    : [];
  return named.length > 0 ? named : data.front.flatMap((row) => [...row.genome]);
}

/** Accuracies of the shown genotypes, by id, and the scale that all their lines share. */
function courses(
  rows: readonly FrontRow[],
  data: ReportData,
): { of: (id: string) => [number, number][]; scale: SparkScale } {
  const wanted = new Map(rows.map((row) => [row.id, [] as [number, number][]]));
  for (const { id, epoch, values } of data.run.history) {
    const accuracy = values['accuracy'];
    if (accuracy !== undefined) wanted.get(id)?.push([epoch, accuracy]);
  }
  let low = Infinity;
  let high = -Infinity;
  for (const points of wanted.values()) {
    for (const [, accuracy] of points) {
      low = Math.min(low, accuracy);
      high = Math.max(high, accuracy);
    }
  }
  return {
    of: (id) => wanted.get(id) ?? [],
    scale: { firstEpoch: data.epochs[0]?.epoch ?? 1, lastEpoch: data.epochs.at(-1)?.epoch ?? 1, low, high },
  };
}

export function frontTable(data: ReportData): Markup {
  const { front, objectives, positive, baseline, best, run } = data;
  if (front.length === 0) return html`<p>No individual has a value for every objective yet.</p>`;
  const measures = shownMeasures(data);
  const rows = front.slice(0, MOST_ROWS);
  const legend = genomeLegend(operationsOf(data));
  const cells = cellSizes(run.settings, front[0]!.genome.length);
  const course = courses(rows, data);
  const bestShown = rows.some((row) => row.id === best?.id);
  const apart = front[0]!.genome.length > BLOCKS_IN_A_ROW;
  const columns = [
    { head: 'Individual' },
    ...measures.map((measure) => ({ head: headOf(measure, objectives), numeric: true })),
    { head: 'balanced accuracy', numeric: true },
    ...(positive === null ? [] : [{ head: `sensitivity ${positive.name}`, numeric: true }]),
    { head: 'batches', numeric: true },
    { head: 'accuracy by epoch' },
    ...(apart ? [] : [{ head: 'genome' }]),
  ];
  const body = rows.map((row) => {
    const metrics = metricsOf(row.line, data);
    return {
      strong: row.id === best?.id,
      cells: [
        html`<code>${row.id}</code>`,
        ...measures.map((measure) => valueOf(row, measure)),
        metrics === null ? NONE : percent(metrics.balancedAccuracy),
        ...(positive === null ? [] : [metrics?.sensitivity == null ? NONE : percent(metrics.sensitivity)]),
        row.line === null ? NONE : whole(row.line.trained),
        sparkline(course.of(row.id), course.scale),
        ...(apart ? [] : [genomePicture(row.genome, cells, legend)]),
      ],
    };
  });
  const majority =
    baseline === null
      ? []
      : [
          {
            cells: [
              html`<em>always “${baseline.class}”</em>`,
              ...columns.slice(1).map(({ head }, index) => baselineCell(data, measures[index]?.name, head)),
            ],
          },
        ];
  const cut = front.length > rows.length ? `, ${rows.length} of ${front.length} members` : '';
  const bold = bestShown ? '; in bold the best individual' : '';
  const caption = `The front${cut}, highest accuracy first${bold}`;
  return html`${table(caption, columns, [...body, ...majority])}
    ${
      apart &&
      table(
        'Their genomes, in the same order',
        [{ head: 'Individual' }, { head: 'genome' }],
        rows.map((row) => ({
          strong: row.id === best?.id,
          cells: [html`<code>${row.id}</code>`, genomePicture(row.genome, cells, legend)],
        })),
      )
    }
    ${genomeKey(legend)} ${bestOffFront(data)}
    <p class="fine">
      Arrows: objectives and their direction. Batches: mini-batches this genotype was trained on. Balanced
      accuracy: mean recall of the classes. All values are of the last epoch, on D<sub>val</sub>. Size:
      parameters × 4 bytes, 1 MB = 2²⁰ bytes.
    </p>`;
}

/** Why the best individual is missing from the table, where it is. */
function bestOffFront({ best, front, objectives }: ReportData): Content {
  if (best === null || front.some((row) => row.id === best.id)) return null;
  const reason = objectives.some(({ name }) => name === 'accuracy')
    ? 'another is as accurate and better otherwise; of equal accuracies the lowest id counts'
    : 'accuracy was no objective of this search';
  return html`<p>The best individual, <code>${best.id}</code>, is not on the front: ${reason}.</p>`;
}

/** What always answering with the largest class would score in a column. */
function baselineCell(
  { baseline, positive, run }: ReportData,
  measure: string | undefined,
  head: Content,
): Content {
  if (baseline === null) return '';
  if (measure === 'accuracy') return percent(baseline.share);
  if (head === 'balanced accuracy')
    return percent(1 / new Set(run.split?.validation.map((scan) => scan.class)).size);
  if (positive !== null && head === `sensitivity ${positive.name}`)
    return percent(baseline.class === positive.name ? 1 : 0);
  return '';
}
