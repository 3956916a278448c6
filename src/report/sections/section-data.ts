/**
 * The data: patients and scans of each class on each side of the split, and what was left out.
 */
import type { Markup } from '../html.js';
import { html } from '../html.js';
import type { RunRecord } from '../../run/record.js';
import { counted, percent, whole } from '../numbers.js';
import type { ReportData } from '../report-data.js';
import { settingAt } from './settings.js';
import { leakingPatients, SIDES, sideCount } from './split-facts.js';
import { table } from './table.js';

/** Bad scans that are listed one by one. */
const MOST_BAD_SCANS = 50;

const NAMES = { train: 'training', validation: 'validation', test: 'test' } as const;

export function dataSection(data: ReportData): Markup {
  const { split, settings, record } = data.run;
  if (split === null) return html`<p>The data have not been split yet.</p>`;
  const path = settingAt(settings, 'data.path');
  const rows = [...split.classes, null].map((name) => ({
    strong: name === null,
    cells: [
      name === null
        ? 'all'
        : name === data.positive?.name
          ? html`${name} <span class="remark">(positive)</span>`
          : name,
      ...SIDES.flatMap((side) => {
        const { patients, scans } = sideCount(split, side, name);
        return [whole(patients), whole(scans)];
      }),
    ],
  }));
  const columns = [
    { head: 'class' },
    ...SIDES.flatMap((side) => [
      { head: `${NAMES[side]}: patients`, numeric: true },
      { head: 'scans', numeric: true },
    ]),
  ];
  const leaks = leakingPatients(split);
  const shares: Readonly<Record<string, number | undefined>> = { ...split.fractions };
  const fractions = Object.entries(shares).flatMap(([side, share]) =>
    share === undefined ? [] : [`${side} ${percent(share, 0)}`],
  );
  const ofPatients = fractions.length > 0 && ` (${fractions.join(', ')} of the patients)`;
  const origin =
    split.seed === null
      ? 'with a split by patient that was given'
      : html`split by patient${ofPatients} with seed ${split.seed}`;
  const leaking = html`<strong
    >Leak check: ${counted(leaks.length, 'patient')} with scans on more than one side.</strong
  >`;
  return html`<p>
      ${typeof path === 'string' ? html`Scans of <code>${path}</code>` : 'Synthetic chest phantoms, made for this run'},
      ${origin}. A patient may have scans of two classes and is counted in both.
    </p>
    ${table('Patients and scans by class and side', columns, rows)}
    <p>
      ${leaks.length === 0 ? 'Leak check: no patient has scans on two sides.' : leaking}
      ${split.test.length === 0 ? 'There is no test side in this split.' : 'The search has not used the test side.'}
    </p>
    ${badScans(record.badScans)}`;
}

function badScans(found: RunRecord['badScans']): Markup {
  const count = found.length;
  if (count === 0) return html`<p>No scan was left out.</p>`;
  const shown = found.slice(0, MOST_BAD_SCANS);
  return table(
    `Scans that were left out: ${count}${count > shown.length ? `, the first ${shown.length} shown` : ''}`,
    [{ head: 'file' }, { head: 'reason' }],
    shown.map(({ path, reason }) => ({
      cells: [html`<code class="prose">${path}</code>`, html`<span class="prose">${reason}</span>`],
    })),
  );
}
