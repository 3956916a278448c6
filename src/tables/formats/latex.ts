/** Tables as LaTeX that needs no package: `table` and `tabular` with `\hline`. */
import { LEGEND } from '../assemble.js';
import type { Table } from '../table.js';
import { COLUMN_NAMES, LEADING, headTexts, rowTexts } from '../table.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '&': '\\&',
  '%': '\\%',
  $: '\\$',
  '#': '\\#',
  _: '\\_',
  '{': '\\{',
  '}': '\\}',
  // In a cell's first place these would be an option of the line before.
  '[': '{[}',
  ']': '{]}',
  '<': '$<$',
  '>': '$>$',
  '|': '$|$',
  '"': "''",
  '≈': '$\\approx$',
  '–': '--',
  '’': "'",
};

/** Text for LaTeX in any input encoding: what is not ASCII and has no escape becomes a question mark. */
function latexText(text: string): string {
  return text
    .replace(/[\\~^&%$#_{}[\]<>|"≈–’]/g, (character) => ESCAPES[character]!)
    .replace(/[^\u0020-\u007e]/gu, '?');
}

const line = (cells: readonly string[]): string => `${cells.map(latexText).join(' & ')} \\\\`;

export function latexTables(tables: readonly Table[]): string {
  return tables
    .map(({ number, title, rows, notes }) =>
      [
        '\\begin{table}',
        '\\centering\\scriptsize',
        `\\caption{Table ${number}. ${latexText(title)}}`,
        `\\begin{tabular}{${'l'.repeat(LEADING.length)}${'r'.repeat(COLUMN_NAMES.length)}}`,
        '\\hline',
        line(headTexts()),
        '\\hline',
        ...rows.map((row) => line(rowTexts(row))),
        '\\hline',
        '\\end{tabular}',
        '',
        ...[...notes, ...LEGEND].map((note) => `${latexText(note)}\\par`),
        '\\end{table}',
        '',
      ].join('\n'),
    )
    .join('\n');
}
