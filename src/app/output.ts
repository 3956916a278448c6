/**
 * What the command line writes: results on standard output, everything else on standard error. A
 * reader that goes away (`emars … | head`) ends the program quietly, except where something must be put
 * in order first (`onReaderGone`).
 */
import { once } from 'node:events';

const exitQuietly = (): void => process.exit(process.exitCode ?? 0);
let readerGone = exitQuietly;

/** Ends the program without a word once its output is no longer read. Called once, at start. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!isClosedPipe(error)) throw error;
      readerGone();
    });
  }
}

/**
 * Until the returned function is called, `action` stands in for the quiet end: a search that is still
 * running must stop its processes and write its record. It may be called more than once.
 */
export function onReaderGone(action: () => void): () => void {
  readerGone = action;
  return () => {
    readerGone = exitQuietly;
  };
}

const isClosedPipe = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === 'EPIPE';

/** Writes to standard output; resolves once there is room for more, or the reader has gone. */
export async function print(text: string): Promise<void> {
  if (process.stdout.write(`${text}\n`)) return;
  await once(process.stdout, 'drain').catch((error: unknown) => {
    if (!isClosedPipe(error)) throw error;
  });
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
