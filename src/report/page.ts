/**
 * The page: sections in the order in which a reader asks. One file, no script, nothing fetched; its
 * content security policy forbids both.
 */
import type { Figure } from './figures/figure.js';
import type { Content, Markup } from './html.js';
import { html, trusted } from './html.js';
import type { ReportData } from './report-data.js';
import { confusionTable } from './sections/section-confusion.js';
import { costSection } from './sections/section-cost.js';
import { dataSection } from './sections/section-data.js';
import { frontTable } from './sections/section-front.js';
import { epochTable, failures, potentialNote } from './sections/section-search.js';
import { settingsSection } from './sections/section-settings.js';
import { oneLine, pageTitle, summarySection } from './sections/section-summary.js';
import type { PageSection } from './sections/sectioned.js';
import { sectioned } from './sections/sectioned.js';
import { stylesheet } from './stylesheet.js';

/** A figure with its drawings, SVG text made by `drawChart`. */
export interface DrawnFigure {
  readonly figure: Figure;
  readonly wide: string;
  readonly narrow: string;
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Builds the page; `defaults` are the settings that a run without a configuration would have. */
export function page(data: ReportData, figures: readonly DrawnFigure[], defaults: unknown): string {
  const show = (id: string): Content => {
    const position = figures.findIndex(({ figure }) => figure.id === id);
    const drawn = figures[position];
    return drawn === undefined ? null : figureBlock(drawn, position + 1);
  };
  const sections: readonly PageSection[] = [
    { id: 'pareto-front', title: 'Front', content: [show('front'), frontTable(data), confusionTable(data)] },
    {
      id: 'search',
      title: 'Search',
      content: [
        show('size-accuracy'),
        show('accuracy-epochs'),
        show('hypervolume'),
        data.epochs.length > 0 && epochTable(data),
        potentialNote(data),
        failures(data),
      ],
    },
    { id: 'data', title: 'Data', content: dataSection(data) },
    { id: 'cost', title: 'Time and processes', content: costSection(data) },
    { id: 'settings', title: 'Configuration', content: settingsSection(data, defaults) },
  ];
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="description" content="${oneLine(data)}" />
        <title>${pageTitle(data)}</title>
        <style>
          ${trusted(stylesheet())}
        </style>
      </head>
      <body>
        <main>${summarySection(data)} ${sectioned(sections)} ${footer(data)}</main>
      </body>
    </html> `;
  return document.text;
}

function figureBlock({ figure, wide, narrow }: DrawnFigure, number: number): Markup {
  return html`<figure class="figure" id="figure-${figure.id}">
    <div class="wide">${trusted(wide)}</div>
    <div class="narrow">${trusted(narrow)}</div>
    <figcaption><strong>Figure ${number}. ${figure.title}.</strong> ${figure.caption}</figcaption>
  </figure> `;
}

function footer({ run: { front } }: ReportData): Markup {
  return html`<footer class="fine">
    ${
      front !== null &&
      html`<p>
        Weights of the SuperNet after step ${front.weights.step}:
        <code class="prose">${front.weights.sha256}</code><br />History:
        <code class="prose">${front.history.sha256}</code>
      </p>`
    }
    <p>
      Made by EMARS from the files of the run folder alone. The figures are in <code>figures/</code> as SVG
      and PNG.
    </p>
  </footer>`;
}
