/** What the best individual mistakes for what: its confusion matrix on D_val. */
import type { Markup } from '../html.js';
import { html } from '../html.js';
import { NONE, percent, whole } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import { table } from './table.js';

export function confusionTable({ best, run }: ReportData): Markup {
  const matrix = best?.confusion;
  const classes = run.split?.classes;
  if (best === null || matrix == null || classes === undefined) return html``;
  const rows = classes.map((name, index) => {
    const counts = matrix[index] ?? [];
    const total = counts.reduce((sum, count) => sum + count, 0);
    return {
      cells: [
        name,
        ...classes.map((_, predicted) => whole(counts[predicted] ?? 0)),
        total === 0 ? NONE : percent((counts[index] ?? 0) / total),
      ],
    };
  });
  return table(
    'Confusion matrix of the best individual: validation scans by true class (rows) and answer (columns)',
    [
      { head: 'true class' },
      ...classes.map((name) => ({ head: `answer ${name}`, numeric: true })),
      { head: 'recall', numeric: true },
    ],
    rows,
  );
}
