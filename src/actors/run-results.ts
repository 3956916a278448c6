/** What a search has found, as files for people and machines: `history.jsonl` and `front.json`. */
import { createHash } from 'node:crypto';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import type { EpochRow, SearchRules, SearchState } from '../search/state.js';
import type { RunFolder } from './run-folder.js';

/** Writes both files anew. Equal searches give equal bytes: nothing of time, place or process is in them. */
export async function writeResults(folder: RunFolder, rules: SearchRules, state: SearchState): Promise<void> {
  const history = historyText(rules, state);
  await writeFileAtomic(folder.history, history);
  await writeFileAtomic(
    folder.front,
    frontText(rules, state, createHash('sha256').update(history).digest('hex')),
  );
}

/** One line an individual and epoch, sorted by epoch, then id. */
function historyText(rules: SearchRules, state: SearchState): string {
  return state.history.map((row) => JSON.stringify(historyRow(rules, row)) + '\n').join('');
}

function historyRow(rules: SearchRules, row: EpochRow): object {
  const classes = rules.space.classes;
  const confusion = row.measurements['accuracy']?.confusion;
  const failed = rules.objectives.flatMap(({ name }) => {
    const failure = row.measurements[name]?.failure;
    return failure === undefined ? [] : [[name, failure] as const];
  });
  return {
    epoch: row.epoch,
    id: row.id,
    genome: row.genome,
    values: valuesOf(rules, row),
    trained: row.trained,
    ...(confusion === undefined
      ? {}
      : {
          confusion: Array.from({ length: classes }, (_, c) =>
            confusion.slice(c * classes, (c + 1) * classes),
          ),
        }),
    ...(row.measurements['potential'] === undefined
      ? {}
      : { potentialDefined: row.measurements['potential'].defined === true }),
    ...(failed.length === 0 ? {} : { failed: Object.fromEntries(failed) }),
    selected: row.selected,
  };
}

function valuesOf(rules: SearchRules, row: EpochRow): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { name } of rules.objectives) {
    const value = row.measurements[name]?.value;
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function frontText(rules: SearchRules, state: SearchState, historySha256: string): string {
  const lastEpoch = state.history.at(-1)?.epoch ?? 0;
  const rows = new Map(state.history.filter(({ epoch }) => epoch === lastEpoch).map((row) => [row.id, row]));
  const front = state.front.flatMap((id) => {
    const row = rows.get(id);
    const individual = state.individuals.get(id);
    return row === undefined || individual === undefined
      ? []
      : [{ id, genome: row.genome, values: valuesOf(rules, row), history: individual.history }];
  });
  const document = {
    format: 1,
    objectives: rules.objectives
      .filter(({ selects }) => selects)
      .map(({ name, direction, unit }) => ({ name, direction, unit })),
    epoch: lastEpoch,
    front,
    weights: { sha256: state.trainedSnapshot, step: state.step },
    history: { sha256: historySha256 },
  };
  return JSON.stringify(document, null, 2) + '\n';
}
