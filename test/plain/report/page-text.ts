/**
 * Reads numbers back out of a page, as a reader would: by the names of tables, columns and rows.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

/** Text of a piece of HTML: tags out, entities back, all kinds of space one space. */
export function textOf(html: string): string {
  return (
    html
      .replace(/<(style|title|desc)\b[\s\S]*?<\/\1>/g, ' ')
      // Inside a sentence a tag is no space.
      .replace(/<\/?(?:code|sub|em)\b[^>]*>/g, '')
      .replace(/<[^>]*>/g, ' ')
      .replace(/&[a-z#0-9]+;/g, (entity) => ENTITIES[entity] ?? entity)
      .replace(/\s+/g, ' ')
      .trim()
  );
}

export interface ReadTable {
  readonly columns: readonly string[];
  /** First cell → the row, cell by cell. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

/** The table whose name begins with `name`. */
export function readTable(page: string, name: string): ReadTable {
  const start = page.indexOf(`<table aria-label="${name}`);
  if (start < 0) throw new Error(`no table "${name}" on the page`);
  const table = page.slice(start, page.indexOf('</table>', start));
  const cells = (row: string): string[] =>
    [...row.matchAll(/<(th|td)\b[^>]*>([\s\S]*?)<\/\1>/g)].map((match) => textOf(match[2] ?? ''));
  const [head, ...body] = [...table.matchAll(/<tr\b[^>]*>([\s\S]*?)<\/tr>/g)].map((match) =>
    cells(match[1] ?? ''),
  );
  return { columns: head ?? [], rows: new Map(body.map((row) => [row[0] ?? '', row])) };
}

/** One cell by row and column. */
export function cellOf(table: ReadTable, row: string, column: string): string | undefined {
  return table.rows.get(row)?.[table.columns.indexOf(column)];
}
