/**
 * What the command line writes: results on standard output, everything else on standard error. A
 * reader that goes away (`emars … | head`) ends the program quietly.
 */
import { once } from 'node:events';

/** Ends the program without a word once nobody reads its output any more. Called once, at start. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      throw error;
    });
  }
}

/** Writes to standard output; resolves once there is room for more. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
}

/** One JSON value on one line. */
export async function printJson(value: unknown): Promise<void> {
  await print(JSON.stringify(value));
}

export interface Column {
  readonly head: string;
  /** Numbers are set to the right. */
  readonly align?: 'left' | 'right';
}

/** Columns a text takes: what we print has no wide and no combining characters. */
const width = (text: string): number => text.length;

function pad(text: string, columns: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, columns - width(text)));
  return align === 'right' ? space + text : text + space;
}

/** A table of plain text: a head, a rule, one line a row; two spaces between columns. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ head }, index) =>
    Math.max(width(head), ...rows.map((row) => width(row[index] ?? ''))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align = 'left' }, index) => pad(cells[index] ?? '', widths[index] ?? 0, align))
      .join('  ')
      .trimEnd();
  return [
    line(columns.map(({ head }) => head)),
    widths.map((columnWidth) => '─'.repeat(columnWidth)).join('  '),
    ...rows.map(line),
  ].join('\n');
}
