/** `history.jsonl`: one line for each individual in each epoch, sorted by epoch, then id. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RunFolderError } from './error.js';
import { count, epochNumber, genome, individualId, longText, measureName, values } from './fields.js';
import type { RunFolder } from './folder.js';
import { parseJson, readRequired } from './read-file.js';

/** Lines a history may have: 100 epochs of 20 individuals are 2000. */
const MOST_LINES = 1_000_000;

/** One individual in one epoch. What is null here is left out of the file. */
export const historyLineSchema = z.object({
  /** Counted from 1, warm-up epochs included. */
  epoch: epochNumber,
  id: individualId,
  genome,
  values,
  /** Mini-batches this genotype was trained on, up to now. */
  trained: count,
  /** `[true class][predicted class]`, scans of D_val. */
  confusion: z.array(z.array(count).max(1000)).max(1000).nullable().default(null),
  /** False where fewer than two accuracies exist, so that the slope does not. */
  potentialDefined: z.boolean().nullable().default(null),
  /** Objective → why it could not be measured. */
  failed: z.record(measureName, longText).nullable().default(null),
  /** True if selection kept it. */
  selected: z.boolean().default(false),
});
/**
 * One line of `history.jsonl`.
 * @useDeclaredType
 */
export type HistoryLine = z.infer<typeof historyLineSchema>;

export interface History {
  readonly lines: readonly HistoryLine[];
  /** True if the last line was still being written; it is left out then. */
  readonly torn: boolean;
  /** SHA-256 (hex) of the whole file. */
  readonly sha256: string;
}

/** The text of the file. Equal lines, equal bytes. */
export function formatHistory(lines: readonly HistoryLine[]): string {
  return lines
    .map((line) => {
      const known = Object.fromEntries(Object.entries(line).filter(([, value]) => value !== null));
      return `${JSON.stringify(known)}\n`;
    })
    .join('');
}

/** Errors: RunFolderError for a missing or damaged file. */
export async function readHistory(folder: RunFolder): Promise<History> {
  const bytes = await readRequired(folder.history, 'no epoch of this run has been evaluated yet');
  return parseHistory(folder.history, bytes, false);
}

/** `alive`: the run may be writing, so that a cut last line is no damage. Errors: RunFolderError. */
export function parseHistory(path: string, bytes: Uint8Array, alive: boolean): History {
  const NEWLINE = 0x0a;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const lines: HistoryLine[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start);
    const number = lines.length + 1;
    if (end < 0) {
      if (alive) return { lines, torn: true, sha256 };
      throw new RunFolderError(path, `line ${number}: expected a line end; the file was cut off`);
    }
    if (number > MOST_LINES) throw new RunFolderError(path, `expected at most ${MOST_LINES} lines`);
    const line = parseJson(path, historyLineSchema, bytes.subarray(start, end), `line ${number}: `);
    const before = lines.at(-1);
    if (before !== undefined && !comesBefore(before, line))
      throw new RunFolderError(
        path,
        `line ${number}: expected lines sorted by epoch, then id, each once; ` +
          `epoch ${line.epoch}, ${line.id} comes after epoch ${before.epoch}, ${before.id}`,
      );
    lines.push(line);
    start = end + 1;
  }
  return { lines, torn: false, sha256 };
}

function comesBefore(a: HistoryLine, b: HistoryLine): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.id < b.id);
}

/** The epochs of a history in order, each with its lines in order of id. */
export function byEpoch(history: readonly HistoryLine[]): { epoch: number; lines: HistoryLine[] }[] {
  const epochs: { epoch: number; lines: HistoryLine[] }[] = [];
  for (const line of history) {
    const last = epochs.at(-1);
    if (last?.epoch === line.epoch) last.lines.push(line);
    else epochs.push({ epoch: line.epoch, lines: [line] });
  }
  return epochs;
}

/** Lines of the last evaluated epoch, the only ones measured on the run's last weights. */
export function lastEpoch(history: readonly HistoryLine[]): HistoryLine[] {
  return byEpoch(history).at(-1)?.lines ?? [];
}
