/** What a search has found, from its state to the files for people and machines. */
import { createHash } from 'node:crypto';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { objectivesAt } from '../search/joined-objectives.js';
import type { EpochRow, JoinedObjective, ObjectiveRule, SearchRules, SearchState } from '../search/state.js';
import type { RunFolder } from './folder.js';
import type { FormerMeasure, Front, FrontMember } from './front.js';
import { formatFront } from './front.js';
import type { HistoryLine } from './history.js';
import { formatHistory } from './history.js';

/**
 * Writes `history.jsonl` and `front.json` anew, in this order: the front names the history it belongs
 * to. Equal searches give equal bytes: nothing of time, place or process is in them.
 */
export async function writeResults(folder: RunFolder, rules: SearchRules, state: SearchState): Promise<void> {
  const history = formatHistory(
    state.history.map((row) => historyLine(rules, objectivesAt(rules, state, row.epoch), row)),
  );
  const historySha256 = createHash('sha256').update(history).digest('hex');
  await writeFileAtomic(folder.history, history);
  await writeFileAtomic(folder.front, formatFront(frontOf(rules, state, historySha256)));
}

function historyLine(rules: SearchRules, objectives: readonly ObjectiveRule[], row: EpochRow): HistoryLine {
  const classes = rules.space.classes;
  const { accuracy, potential } = row.measurements;
  const confusion = accuracy?.confusion ?? null;
  const failed = objectives.flatMap(({ name }) => {
    const failure = row.measurements[name]?.failure;
    return failure === undefined ? [] : [[name, failure] as const];
  });
  return {
    epoch: row.epoch,
    id: row.id,
    genome: [...row.genome],
    values: valuesOf(objectives, row),
    trained: row.trained,
    confusion:
      confusion === null
        ? null
        : Array.from({ length: classes }, (_, c) => confusion.slice(c * classes, (c + 1) * classes)),
    potentialDefined: potential === undefined ? null : potential.defined === true,
    failed: failed.length === 0 ? null : Object.fromEntries(failed),
    selected: row.selected,
  };
}

function valuesOf(objectives: readonly ObjectiveRule[], row: EpochRow): Record<string, number> {
  const values: Record<string, number> = {};
  for (const { name } of objectives) {
    const value = row.measurements[name]?.value;
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function frontOf(rules: SearchRules, state: SearchState, historySha256: string): Front {
  const epoch = state.history.at(-1)?.epoch ?? 0;
  const objectives = objectivesAt(rules, state, epoch);
  const rows = new Map(state.history.filter((row) => row.epoch === epoch).map((row) => [row.id, row]));
  const front = state.front.flatMap((id): FrontMember[] => {
    const row = rows.get(id);
    const individual = state.individuals.get(id);
    if (row === undefined || individual === undefined) return [];
    return [
      {
        id,
        genome: [...row.genome],
        values: valuesOf(objectives, row),
        history: individual.history.map(([at, accuracy]) => [at, accuracy]),
      },
    ];
  });
  // One that failed in its first epoch, too: people are to know why it is not there.
  const former = state.joined.flatMap(({ rule, since, left }) =>
    left !== null && hasLeft(left, epoch) && left.epoch >= since
      ? [
          {
            name: rule.name,
            direction: rule.direction,
            unit: rule.unit,
            since,
            until: left.epoch - 1,
            reason: left.reason,
          },
        ]
      : [],
  );
  const gone = [...dismissedOf(rules, state), ...former];
  return {
    format: 1,
    objectives: objectives
      .filter(({ selects }) => selects)
      .map(({ name, direction, unit }) => {
        const guest = state.joined.find(({ rule, left }) => rule.name === name && !hasLeft(left, epoch));
        const late = guest !== undefined && guest.since > state.history[0]!.epoch;
        return { name, direction, unit, ...(late ? { since: guest.since } : {}) };
      }),
    ...(gone.length === 0 ? {} : { former: gone }),
    epoch,
    front,
    // Results are written once an epoch is selected, hence trained.
    weights: { sha256: state.trainedSnapshot!, step: state.step },
    ...(state.chosen === null ? {} : { chosen: { ...state.chosen } }),
    history: { sha256: historySha256 },
  };
}

/** Objectives of the configuration that failed too often; `until` is 0 for one that was never measured. */
function dismissedOf({ objectives }: SearchRules, { dismissed }: SearchState): FormerMeasure[] {
  return objectives.flatMap(({ name, direction, unit }) => {
    const found = dismissed.get(name);
    if (found === undefined) return [];
    return [{ name, direction, unit, since: 1, until: found.epoch - 1, reason: found.reason }];
  });
}

/** True for an objective that took no part in this epoch any more. */
function hasLeft(left: JoinedObjective['left'], epoch: number): boolean {
  return left !== null && left.epoch <= epoch;
}
