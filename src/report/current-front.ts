/**
 * The front of a run: as `front.json` says, or, while there is none, the non-dominated individuals of
 * the last evaluated epoch. Values of other epochs were measured on other weights and do not count.
 */
import { toMinimise } from '../evolution/objective-values.js';
import { nonDominatedSort } from '../evolution/nsga3/non-dominated-sort.js';
import { byAccuracy } from '../run/best.js';
import type { Front, Measure } from '../run/front.js';
import type { HistoryLine } from '../run/history.js';
import { lastEpoch } from '../run/history.js';
import { objectiveValues } from './summary.js';

export interface FrontRow {
  readonly id: string;
  readonly genome: readonly string[];
  readonly values: Readonly<Record<string, number>>;
  /** Its line in the last epoch; null if the history does not have it. */
  readonly line: HistoryLine | null;
}

/** Rows of the front, highest accuracy first, then by id. */
export function currentFront(
  front: Front | null,
  history: readonly HistoryLine[],
  objectives: readonly Measure[],
): FrontRow[] {
  const lines = new Map(lastEpoch(history).map((line) => [line.id, line]));
  const members = front?.front ?? nonDominated([...lines.values()], objectives);
  return members
    .map(({ id, genome, values }) => {
      const line = lines.get(id) ?? null;
      // The history may know more than the objectives: the size in a search for accuracy alone.
      return { id, genome, values: { ...line?.values, ...values }, line };
    })
    .sort(byAccuracy);
}

function nonDominated(lines: readonly HistoryLine[], objectives: readonly Measure[]): HistoryLine[] {
  const measured = lines.flatMap((line) => {
    const values = objectiveValues(line, objectives);
    return values === null ? [] : [{ line, values }];
  });
  if (measured.length === 0 || objectives.length === 0) return [];
  const [first] = nonDominatedSort(
    toMinimise(
      measured.map(({ values }) => values),
      objectives.map(({ direction }) => direction),
    ),
  );
  return (first ?? []).map((index) => measured[index]!.line);
}
