/** Tables in Markdown, as GitHub shows it. */
import { LEGEND } from '../assemble.js';
import type { Table } from '../table.js';
import { LEADING, headTexts, rowTexts } from '../table.js';

/** Names are text: no pipe ends a cell, no character begins markup or HTML. */
const escaped = (text: string): string =>
  text
    .replace(/[\u0000-\u001f]/g, ' ')
    .replace(/[\\`*_{}[\]<>#|~]/g, '\\$&')
    .replaceAll('&', '&amp;');

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function markdownTables(tables: readonly Table[]): string {
  const parts = tables.map(({ number, title, rows, notes }) =>
    [
      `## Table ${number}. ${escaped(title)}`,
      '',
      line(headTexts()),
      line(headTexts().map((_, index) => (index < LEADING.length ? '---' : '---:'))),
      ...rows.map((row) => line(rowTexts(row).map(escaped))),
      '',
      ...notes.map((note) => `- ${escaped(note)}`),
      '',
    ].join('\n'),
  );
  return [...parts, ...LEGEND.map((text) => `${escaped(text)}\n`)].join('\n');
}
