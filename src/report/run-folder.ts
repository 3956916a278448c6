/**
 * Reads a run folder, finished or not, into checked values.
 *
 * `config.yaml` and `run.json` exist from the first second of a run. The others appear on the way and
 * may be missing, except in a finished run. While a run is alive its last history line may be half
 * written: such a line is left out and noted, since it is not damage. Likewise its front may be that of
 * the epoch before, or none yet: it then counts as not written.
 */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import type { Front, HistoryLine, RunFileName, RunState, Settings, Split } from './run-files.js';
import {
  FILE_LIMITS,
  frontSchema,
  historyLineSchema,
  runStateSchema,
  settingsSchema,
  splitSchema,
} from './run-files.js';
import { RunFolderError } from './run-folder-error.js';

/** Lines a history may have: 100 epochs of 20 individuals are 2000. */
const HISTORY_LINES = 1_000_000;

export interface RunFolder {
  /** The folder as it was given. */
  readonly folder: string;
  /** Name of the run: the last part of its path. */
  readonly name: string;
  readonly settings: Settings;
  /** The bytes of `config.yaml` as text. */
  readonly settingsText: string;
  readonly run: RunState;
  /** Null before the data is split. */
  readonly split: Split | null;
  /** Sorted by epoch, then id; empty before the first evaluation. */
  readonly history: readonly HistoryLine[];
  /** SHA-256 of `history.jsonl`; null where there is none. */
  readonly historySha256: string | null;
  /** True if the last line of the history was still being written. */
  readonly historyTorn: boolean;
  /** Null until there is one for the last epoch of the history. */
  readonly front: Front | null;
}

/** Reads and checks all files. Errors: RunFolderError with the file and the reason. */
export async function readRunFolder(folder: string): Promise<RunFolder> {
  const kind = await stat(folder).catch(() => null);
  if (kind?.isDirectory() !== true)
    throw new RunFolderError(
      folder,
      'expected a run folder, found none; give the folder that a search wrote with --out',
    );
  const run = parseJson(
    join(folder, 'run.json'),
    runStateSchema,
    await required(folder, 'run.json', 'is this a run folder?'),
  );
  const settingsText = (await required(folder, 'config.yaml', 'is this a run folder?')).toString('utf8');
  const finished = run.status === 'finished';
  const read = (name: RunFileName): Promise<Buffer | null> =>
    finished ? required(folder, name, 'run.json says that the run has finished') : optional(folder, name);
  const splitBytes = await read('split.json');
  const historyBytes = await read('history.jsonl');
  const frontBytes = await read('front.json');
  const history =
    historyBytes === null
      ? { lines: [], torn: false }
      : parseHistory(join(folder, 'history.jsonl'), historyBytes, !finished);
  const historySha256 =
    historyBytes === null ? null : createHash('sha256').update(historyBytes).digest('hex');
  const front = frontBytes === null ? null : parseJson(join(folder, 'front.json'), frontSchema, frontBytes);
  const result: RunFolder = {
    folder,
    name: basename(resolve(folder)),
    settings: parseSettings(join(folder, 'config.yaml'), settingsText),
    settingsText,
    run,
    split: splitBytes === null ? null : parseJson(join(folder, 'split.json'), splitSchema, splitBytes),
    history: history.lines,
    historySha256,
    historyTorn: history.torn,
    front:
      front === null || finished || (front.history.sha256 === historySha256 && front.front.length > 0)
        ? front
        : null,
  };
  checkTogether(result);
  return result;
}

async function optional(folder: string, name: RunFileName): Promise<Buffer | null> {
  const path = join(folder, name);
  try {
    const { size } = await stat(path);
    if (size > FILE_LIMITS[name])
      throw new RunFolderError(path, `expected at most ${FILE_LIMITS[name]} bytes, got ${size}`);
    return await readFile(path);
  } catch (error) {
    if (error instanceof RunFolderError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new RunFolderError(path, `cannot be read: ${(error as Error).message}`);
  }
}

async function required(folder: string, name: RunFileName, why: string): Promise<Buffer> {
  const bytes = await optional(folder, name);
  if (bytes === null) throw new RunFolderError(join(folder, name), `expected this file, found none; ${why}`);
  return bytes;
}

/** The first complaint of a schema as one line: where, and what. */
function complaint(error: z.ZodError): string {
  const [first] = error.issues;
  if (first === undefined) return 'not as expected';
  const where = first.path.length === 0 ? '' : `"${first.path.map(String).join('.')}": `;
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  return where + first.message + more;
}

function parseJson<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  bytes: Buffer,
  line = '',
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new RunFolderError(path, `${line}expected JSON: ${(error as Error).message}`);
  }
  const checked = schema.safeParse(value);
  if (!checked.success) throw new RunFolderError(path, line + complaint(checked.error));
  return checked.data;
}

function parseSettings(path: string, text: string): Settings {
  let value: unknown;
  try {
    value = parseYaml(text, { maxAliasCount: 0, prettyErrors: true });
  } catch (error) {
    throw new RunFolderError(path, `expected YAML: ${firstLine((error as Error).message)}`);
  }
  const checked = settingsSchema.safeParse(value);
  if (!checked.success) throw new RunFolderError(path, complaint(checked.error));
  return checked.data;
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

function parseHistory(path: string, bytes: Buffer, alive: boolean): { lines: HistoryLine[]; torn: boolean } {
  const NEWLINE = 0x0a;
  const lines: HistoryLine[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(NEWLINE, start);
    const number = lines.length + 1;
    if (end < 0) {
      if (alive) return { lines, torn: true };
      throw new RunFolderError(path, `line ${number}: expected a line end; the file was cut off`);
    }
    if (number > HISTORY_LINES) throw new RunFolderError(path, `expected at most ${HISTORY_LINES} lines`);
    const line = parseJson(path, historyLineSchema, bytes.subarray(start, end), `line ${number}: `);
    const before = lines.at(-1);
    if (before !== undefined && !comesBefore(before, line))
      throw new RunFolderError(
        path,
        `line ${number}: expected lines sorted by epoch, then id, each once; epoch ${line.epoch}, ${line.id} comes after epoch ${before.epoch}, ${before.id}`,
      );
    lines.push(line);
    start = end + 1;
  }
  return { lines, torn: false };
}

function comesBefore(a: HistoryLine, b: HistoryLine): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.id < b.id);
}

/** What must agree between files: classes and confusion matrices, the length of genomes, the front and its epoch. */
function checkTogether({ folder, split, history, front }: RunFolder): void {
  const historyPath = join(folder, 'history.jsonl');
  const blocks = history[0]?.genome.length;
  history.forEach((line, index) => {
    if (line.genome.length !== blocks)
      throw new RunFolderError(
        historyPath,
        `line ${index + 1}: expected a genome of ${blocks ?? 0} blocks as in line 1, got ${line.genome.length}`,
      );
    const matrix = line.confusion;
    const classes = split?.classes.length ?? matrix?.length;
    if (matrix != null && (matrix.length !== classes || matrix.some((row) => row.length !== classes))) {
      throw new RunFolderError(
        historyPath,
        `line ${index + 1}: expected a confusion matrix of ${classes} × ${classes} as in split.json, got ${matrix.length} rows of ${[...new Set(matrix.map((row) => row.length))].join(', ')}`,
      );
    }
  });
  if (front === null) return;
  const frontPath = join(folder, 'front.json');
  const lastEpoch = history.at(-1)?.epoch;
  if (lastEpoch !== undefined && front.epoch !== lastEpoch)
    throw new RunFolderError(
      frontPath,
      `expected the epoch of the last history line, ${lastEpoch}, got ${front.epoch}`,
    );
  const evaluated = new Set(history.filter((line) => line.epoch === front.epoch).map((line) => line.id));
  for (const { id, genome } of front.front) {
    if (!evaluated.has(id))
      throw new RunFolderError(
        frontPath,
        `expected individuals of epoch ${front.epoch} in history.jsonl, ${id} is not there`,
      );
    if (genome.length !== blocks)
      throw new RunFolderError(
        frontPath,
        `${id}: expected a genome of ${blocks ?? 0} blocks as in the history, got ${genome.length}`,
      );
  }
}
