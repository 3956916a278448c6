/**
 * The page of a study: what came out, and a link to every file. One file, no script, nothing fetched: pictures
 * are inside. Equal studies give equal bytes: there is no clock and no path of the machine in it.
 */
import type { ScoreReport } from '../metrics/scores.js';
import type { ModelDocument } from '../model/schema.js';
import { openingsRemark } from '../model/test-openings.js';
import type { Content, Markup } from '../report/html.js';
import { html, trusted } from '../report/html.js';
import { counted, NONE, percent } from '../report/numbers.js';
import { keyFigure } from '../report/sections/key-figure.js';
import type { PageSection } from '../report/sections/sectioned.js';
import { sectioned } from '../report/sections/sectioned.js';
import { table } from '../report/sections/table.js';
import { stylesheet } from '../report/stylesheet.js';
import { sizeMB } from '../space/cost.js';
import type { Table } from '../tables/table.js';
import { headTexts, rowTexts } from '../tables/table.js';
import type { StudyRecord } from './record.js';

export interface StudyPage {
  readonly record: StudyRecord;
  /** Name of each phase → what it is, one line. */
  readonly what: Readonly<Record<string, string>>;
  readonly model: ModelDocument;
  readonly tables: readonly Table[];
  /** What the tables' columns mean. */
  readonly legend: readonly string[];
  /** Of the model on the new scans. */
  readonly evaluation: Pick<ScoreReport, 'n' | 'patients' | 'accuracy' | 'auc' | 'intervals'>;
  /** Heat maps of scans found positive that point at the lesion; null where that was not looked at. */
  readonly pointing: { readonly hits: number; readonly of: number } | null;
  /** PNG of heat maps, each with what it shows. */
  readonly pictures: readonly { readonly png: Uint8Array; readonly caption: string; readonly path: string }[];
}

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
const STYLE = `
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:1.4rem}
.pictures img{width:100%;height:auto;image-rendering:auto}
.files{columns:22rem;font-size:.9rem;padding-left:1.1rem}`;

export function studyPage(page: StudyPage): string {
  const sections: readonly PageSection[] = [
    { id: 'model', title: 'Model', content: modelSection(page) },
    { id: 'tables', title: 'Tables', content: tablesSection(page) },
    { id: 'heat-maps', title: 'Heat maps', content: pictureSection(page) },
    { id: 'files', title: 'Files', content: filesSection(page) },
  ];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>EMARS study</title>
        <style>
          ${trusted(stylesheet() + STYLE)}
        </style>
      </head>
      <body>
        <main>
          <p class="kind">EMARS study</p>
          <h1>From scans to a model in use</h1>
          ${keyFigures(page)} ${sectioned(sections)}
        </main>
      </body>
    </html> `.text;
}

const share = (value: number | null | undefined): string => (value == null ? NONE : percent(value));

function keyFigures({ model, evaluation, pointing }: StudyPage): Markup {
  const { test } = model.metrics;
  const remark = openingsRemark(model);
  const range = ({ intervals }: Pick<ScoreReport, 'intervals'>): string =>
    `95 %: ${share(intervals.accuracy?.low)} to ${share(intervals.accuracy?.high)}`;
  const auc = evaluation.auc === null ? NONE : evaluation.auc.toFixed(3);
  const { parameters } = model.weights;
  const size = sizeMB(parameters).toFixed(2);
  return html`<dl class="key-figures">
    ${
      test !== null &&
      keyFigure(
        'Accuracy, test set',
        share(test.accuracy),
        [
          range(test),
          `${counted(test.n, 'scan')} of ${counted(test.patients, 'patient')}`,
          ...(remark === null ? [] : [remark]),
        ].join('; '),
      )
    }
    ${keyFigure(
      'Accuracy, new scans',
      share(evaluation.accuracy),
      `${range(evaluation)}; ${counted(evaluation.n, 'scan')} of ${counted(evaluation.patients, 'patient')}`,
    )}
    ${keyFigure('AUC, new scans', auc, 'one class against the rest')}
    ${
      pointing !== null &&
      keyFigure(
        'Heat maps on the lesion',
        percent(pointing.hits / pointing.of),
        `${pointing.hits} of ${counted(pointing.of, 'new scan')} found positive`,
      )
    }
    ${keyFigure('Size', `${size} MB`, counted(parameters, 'parameter'))}
  </dl>`;
}

const cropped = (crop: number): string => (crop === 1 ? '' : `, the middle ${(100 * crop).toFixed(1)} %`);

function modelSection({ model }: StudyPage): Markup {
  const { architecture, classes, positive, input, training, temperature } = model;
  const rows: [string, string][] = [
    ['network', architecture.kind === 'path' ? architecture.genome.join(' ') : architecture.baseline],
    ['classes', classes.join(', ')],
    ['positive class', positive ?? NONE],
    ['input', `${input.slices} slices of ${input.size} x ${input.size}${cropped(input.crop)}`],
    ['epochs', `${training.epochs}, weights of epoch ${(training.chosenEpoch ?? training.epochs - 1) + 1}`],
    ['temperature', temperature?.toFixed(3) ?? NONE],
  ];
  return table(
    'The model',
    [{ head: 'what' }, { head: 'value' }],
    rows.map(([what, value]) => ({ cells: [what, html`<span class="prose">${value}</span>`] })),
  );
}

function tablesSection({ tables, legend }: StudyPage): Content {
  const columns = headTexts().map((head, index) => ({ head, numeric: index > 2 }));
  return [
    ...tables.map(({ number, title, rows, notes }) => [
      table(
        `Table ${number}. ${title}`,
        columns,
        rows.map((row) => ({ cells: rowTexts(row), strong: row.source !== 'paper' })),
      ),
      ...notes.map((note) => html`<p class="fine">${note}</p>`),
    ]),
    ...legend.map((line) => html`<p class="fine">${line}</p>`),
  ];
}

function pictureSection({ pictures }: StudyPage): Content {
  if (pictures.length === 0) return html`<p>No new scan has the positive class.</p>`;
  return html`<div class="pictures">
    ${pictures.map(
      ({ png, caption, path }) =>
        html`<figure>
          <a href="${hrefOf(path)}"
            ><img alt="${caption}" src="data:image/png;base64,${Buffer.from(png).toString('base64')}"
          /></a>
          <figcaption>${caption}</figcaption>
        </figure>`,
    )}
  </div>`;
}

function filesSection({ record, what }: StudyPage): Content {
  return record.phases.map(
    ({ name, files }) =>
      html`<p><strong>${name}</strong>: ${what[name] ?? ''}</p>
        <ul class="files">
          ${files.map(({ path }) => html`<li><a href="${hrefOf(path)}">${path}</a></li>`)}
        </ul>`,
  );
}

/** A path below the page's folder as a relative URL. */
const hrefOf = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
