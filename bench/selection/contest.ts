/** What both sides of the selection benchmark are asked, and answer. */
import { twoLayers } from '#emars/evolution/nsga3/reference-directions.js';
import { generator } from '#emars/random/generator.js';

export interface SelectionTask {
  readonly task: 'sort' | 'select';
  /** [n][M], to minimise. */
  readonly values: readonly (readonly number[])[];
  /** Of a selection: how many survive, and the reference directions [H][M]. */
  readonly keep?: number;
  readonly references?: readonly (readonly number[])[];
}

export interface SelectionAnswer {
  readonly milliseconds: number;
  /** Sizes of the fronts, or the number of survivors: both sides must agree. */
  readonly check: readonly number[];
}

export interface Discipline {
  readonly name: string;
  /** Peer's time / our time that is aimed at. */
  readonly goal: number;
  readonly task: SelectionTask;
}

function uniform(name: string, n: number, m: number): number[][] {
  const random = generator(1, name);
  return Array.from({ length: n }, () => Array.from({ length: m }, () => random.uniform()));
}

/** Near a flat front, so that most points are non-dominated and the reference lines decide. */
function nearFront(n: number, m: number): number[][] {
  return uniform('bench-selection', n, m).map((row) => {
    const sum = row.reduce((total, value) => total + value, 0);
    return row.map((value) => value / sum + 0.01 * row[0]!);
  });
}

export const disciplines: readonly Discipline[] = [
  {
    name: 'selection of 276 of 552, M 10, H 275',
    goal: 4.0 / 1.3,
    task: { task: 'select', values: nearFront(552, 10), keep: 276, references: twoLayers(10, 3, 2) },
  },
  {
    name: 'non-dominated sort of 20,000, M 3',
    goal: 13.5 / 7,
    task: { task: 'sort', values: uniform('bench-sort', 20_000, 3) },
  },
];
