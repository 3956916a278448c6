/** What many seeds came to. */
import type { ControlName } from './faults/controls.js';
import { FaultCount } from './faults/count.js';
import { planOf, simulate } from './simulate.js';

export interface Failure {
  readonly seed: number;
  readonly failure: string;
}

export interface Tally {
  readonly seeds: number;
  readonly failures: readonly Failure[];
  readonly faults: Readonly<Record<string, number>>;
  readonly stages: Readonly<Record<string, number>>;
  /** By name of the search. */
  readonly searches: Readonly<Record<string, number>>;
  readonly messages: number;
  readonly virtualSeconds: number;
  readonly wallSeconds: number;
}

export interface Batch {
  readonly first: number;
  readonly count: number;
  readonly control: ControlName | null;
}

export function emptyTally(): Tally {
  return {
    seeds: 0,
    failures: [],
    faults: {},
    stages: {},
    searches: {},
    messages: 0,
    virtualSeconds: 0,
    wallSeconds: 0,
  };
}

export function runBatch({ first, count, control }: Batch): Tally {
  let tally = emptyTally();
  for (let seed = first; seed < first + count; seed++) {
    const plan = planOf(seed, control);
    const { failure, faults, stages, virtualMs, messages } = simulate(plan);
    tally = joinTallies(tally, {
      seeds: 1,
      failures: failure === null ? [] : [{ seed, failure }],
      faults,
      stages,
      searches: { [plan.search.name]: 1 },
      messages,
      virtualSeconds: virtualMs / 1000,
      wallSeconds: 0,
    });
  }
  return tally;
}

export function joinTallies(a: Tally, b: Tally): Tally {
  return {
    seeds: a.seeds + b.seeds,
    failures: [...a.failures, ...b.failures].sort((one, other) => one.seed - other.seed),
    faults: sums(a.faults, b.faults),
    stages: sums(a.stages, b.stages),
    searches: sums(a.searches, b.searches),
    messages: a.messages + b.messages,
    virtualSeconds: a.virtualSeconds + b.virtualSeconds,
    wallSeconds: a.wallSeconds + b.wallSeconds,
  };
}

function sums(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const both = new FaultCount();
  both.addAll(a);
  both.addAll(b);
  return both.counts;
}
