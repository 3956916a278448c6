/**
 * Comma-separated values after RFC 4180: quoted fields, doubled quotes, CRLF or LF, an optional byte order
 * mark. Where the first line has a semicolon or a tab and no comma, that separates: spreadsheets of many
 * countries write so.
 */

export interface CsvRow {
  /** Line of the file on which the row starts, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Rows of a text; blank lines are left out. A quote that is never closed ends with the text. */
export function parseCsv(text: string): CsvRow[] {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const separator = separatorOf(source);
  const rows: CsvRow[] = [];
  let fields: string[] = [];
  let field = '';
  let quoted = false;
  let line = 1;
  let start = 1;
  const endRow = (): void => {
    fields.push(field);
    if (fields.length > 1 || fields[0] !== '')
      rows.push({ line: start, fields: fields.map((each) => each.trim()) });
    fields = [];
    field = '';
  };
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === '\n') line++;
    if (quoted) {
      if (c !== '"') field += c;
      else if (source[i + 1] === '"') field += source[++i]!;
      else quoted = false;
    } else if (c === '"') {
      quoted = true;
    } else if (c === separator) {
      fields.push(field);
      field = '';
    } else if (c === '\n') {
      endRow();
      start = line;
    } else if (c !== '\r') {
      field += c;
    }
  }
  if (field !== '' || fields.length > 0) endRow();
  return rows;
}

function separatorOf(source: string): string {
  const first = source.split('\n', 1)[0] ?? '';
  if (first.includes(',')) return ',';
  return [';', '\t'].find((each) => first.includes(each)) ?? ',';
}
