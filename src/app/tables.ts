/** `emars tables RUN…`: the paper's tables II to V, ours under the paper's figures. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { requireFile, requireFolder } from '../library/request.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import type { Table } from '../tables/table.js';
import { LEADING, headTexts, rowTexts } from '../tables/table.js';
import { assembleTables, LEGEND } from '../tables/assemble.js';
import { csvTables } from '../tables/formats/csv.js';
import { latexTables } from '../tables/formats/latex.js';
import { markdownTables } from '../tables/formats/markdown.js';
import { print, textTable } from './output.js';

export const TABLE_FORMATS = { text: textTables, csv: csvTables, md: markdownTables, latex: latexTables };
export type TableFormat = keyof typeof TABLE_FORMATS;

interface Flags {
  readonly format: TableFormat;
  readonly out?: string;
}

export function registerTables(program: Command): void {
  program
    .command('tables')
    .description(
      'Tables II to V of the paper: size, accuracy, precision, sensitivity, F1 and AUC of the networks of ' +
        'searches, retrainings and models, with n and 95 % intervals by patient, under what the paper says.',
    )
    .argument(
      '<runs...>',
      'folders of finished searches, retrainings or models, a model.json, or a folder of such; NAME=PATH names one',
    )
    .addOption(
      new Option('--format <format>', 'form of the tables')
        .choices(Object.keys(TABLE_FORMATS))
        .default('text'),
    )
    .option('--out <file>', 'file to write, replaced in one step (default: standard output)')
    .addHelpText(
      'after',
      `
A search counts for the experiment that its objectives repeat (configs/experiments/a.yaml to e.yaml).

Examples:
  emars tables runs/nodules
  emars tables a=runs/a e=runs/e runs/baselines --format latex --out tables.tex
  emars tables runs/transfer --format csv`,
    )
    .action(tables);
}

async function tables(paths: readonly string[], { format, out }: Flags): Promise<void> {
  const file = out === undefined ? null : resolve(out);
  if (file !== null) requireFolder(dirname(file), 'an existing folder for --out');
  const made = await tablesOf(paths);
  const text = TABLE_FORMATS[format](made);
  if (file === null) return print(text.trimEnd());
  await writeFileAtomic(file, text);
  await print(file);
}

/** Reads all that is named and makes the tables. Errors: those of reading. */
export async function tablesOf(paths: readonly string[]): Promise<Table[]> {
  // Networks take a while to load, which other commands need not wait for.
  const { readEntries } = await import('../tables/sources.js');
  const entries = [];
  for (const each of paths) {
    const { label, path } = labelled(each);
    if (path.endsWith('.json')) requireFile(path, 'a model.json');
    else requireFolder(path, 'the folder of a run, of a retraining or of a model');
    entries.push(...(await readEntries(path, label)));
  }
  return assembleTables(entries);
}

/** `NAME=PATH`, unless that is a path as it stands. */
function labelled(text: string): { readonly label: string | null; readonly path: string } {
  const at = text.indexOf('=');
  if (at < 1 || existsSync(text)) return { label: null, path: text };
  return { label: text.slice(0, at), path: text.slice(at + 1) };
}

function textTables(all: readonly Table[]): string {
  const columns = headTexts().map((head, index) => ({
    head,
    align: index < LEADING.length ? ('left' as const) : ('right' as const),
  }));
  const parts = all.map(({ number, title, rows, notes }) =>
    [`Table ${number}. ${title}`, textTable(columns, rows.map(rowTexts)), ...notes, ''].join('\n'),
  );
  return [...parts, ...LEGEND, ''].join('\n');
}
