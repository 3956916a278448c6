/**
 * The course of the search beside its figures: numbers by epoch, undefined potentials, and
 * individuals that failed.
 */
import type { Markup } from '../html.js';
import { html } from '../html.js';
import { counted, NONE, percent, whole } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import { undefinedPotentials } from '../summary.js';
import { table } from './table.js';

/** Failures that are listed one by one. */
const MOST_FAILURES = 50;

export function epochTable({ epochs, hypervolume }: ReportData): Markup {
  const shares = new Map(hypervolume?.points.map(({ epoch, share }) => [epoch, share]));
  const rows = epochs.map(({ epoch, individuals, accuracy }) => {
    const share = shares.get(epoch);
    const cells =
      accuracy === null
        ? [NONE, NONE, NONE, NONE]
        : [accuracy.p30, accuracy.median, accuracy.p70, accuracy.best].map((value) => percent(value));
    return { cells: [epoch, individuals, ...cells, share === undefined ? NONE : percent(share)] };
  });
  const columns = [
    'epoch',
    'individuals',
    '30th percentile',
    'median',
    '70th percentile',
    'best',
    'hypervolume',
  ].map((head) => ({ head, numeric: true }));
  return html`<details>
    <summary>Numbers by epoch</summary>
    ${table('Validation accuracy and hypervolume by epoch', columns, rows)}
  </details>`;
}

export function potentialNote({ run }: ReportData): Markup {
  const { count, total } = undefinedPotentials(run.history);
  if (total === 0) return html``;
  return html`<p>
    Potential is the slope of an individual’s accuracies over its epochs. It does not exist before the second
    accuracy and then counts as 0: ${whole(count)} of ${counted(total, 'evaluation')}
    (${percent(count / total)}).
  </p>`;
}

export function failures({ run }: ReportData): Markup {
  const all = run.history.flatMap((line) =>
    Object.entries(line.failed ?? {}).map(([objective, reason]) => ({
      epoch: line.epoch,
      id: line.id,
      objective,
      reason,
    })),
  );
  if (all.length === 0) return run.history.length === 0 ? html`` : html`<p>No measurement failed.</p>`;
  const shown = all.slice(0, MOST_FAILURES);
  const cut = all.length > shown.length ? `, the first ${shown.length} shown` : '';
  return table(
    `Measurements that failed: ${all.length}${cut}. They never became a value`,
    [{ head: 'epoch', numeric: true }, { head: 'individual' }, { head: 'objective' }, { head: 'reason' }],
    shown.map(({ epoch, id, objective, reason }) => ({
      cells: [epoch, html`<code>${id}</code>`, objective, html`<span class="prose">${reason}</span>`],
    })),
  );
}
