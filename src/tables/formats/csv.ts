/**
 * Tables as one CSV (RFC 4180): a row a network, each figure with its interval and n in columns of their own,
 * at the end of it DeLong's test of the AUC against the first model named.
 */
import type { Table } from '../table.js';
import { COLUMN_NAMES } from '../table.js';

/** A cell that a spreadsheet would take for a formula is text. */
function field(text: string): string {
  const safe = /^[=+@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Shares from 0 to 1, sizes in MB, empty where there is no figure; ends with a line end. */
export function csvTables(tables: readonly Table[]): string {
  const figures = COLUMN_NAMES.flatMap((name) =>
    name === 'size' ? ['size_mb'] : [name, `${name}_low`, `${name}_high`, `${name}_n`],
  );
  const head = [
    'table',
    'network',
    'source',
    'scans',
    ...figures,
    'derived',
    'delong_against',
    'delong_z',
    'delong_p',
  ];
  const lines = tables.flatMap(({ number, rows }) =>
    rows.map(({ network, source, data, cells, comparison }) => [
      number,
      network,
      source,
      data,
      ...COLUMN_NAMES.flatMap((name) => {
        const cell = cells[name];
        const { interval = null, n = null } = cell ?? {};
        const numbers = name === 'size' ? [cell?.value] : [cell?.value, interval?.low, interval?.high, n];
        return numbers.map((value) => (value == null ? '' : String(value)));
      }),
      COLUMN_NAMES.filter((name) => cells[name]?.derived === true).join(' '),
      ...[comparison?.against, comparison?.z, comparison?.p].map((value) =>
        value == null ? '' : String(value),
      ),
    ]),
  );
  return [head, ...lines].map((cells) => `${cells.map(field).join(',')}\n`).join('');
}
