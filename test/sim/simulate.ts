/** One seed: what it simulates, and what came of it. */
import { generator } from '#emars/random/generator.js';
import type { SearchResult } from './check/result.js';
import { difference } from './check/result.js';
import type { Line, Plan } from './cluster/plan.js';
import { Cluster } from './cluster/cluster.js';
import type { SearchCase } from './cluster/rules.js';
import { CASES } from './cluster/rules.js';
import { HANG_MS, MAX_DELIVER } from './cluster/setup.js';
import type { ControlName } from './faults/controls.js';
import { drawAttendance, drawFaults } from './faults/draw.js';

export interface Outcome {
  /** What must not be and was; null when all is well. */
  readonly failure: string | null;
  /** False when the search stopped, as planned. */
  readonly isOver: boolean;
  readonly faults: Readonly<Record<string, number>>;
  readonly stages: Readonly<Record<string, number>>;
  readonly virtualMs: number;
  readonly messages: number;
  readonly lines: readonly Line[];
}

/** The plan of a seed. */
export function planOf(seed: number, control: ControlName | null = null): Plan {
  const random = generator(seed, 'plan');
  const search = random.pick(CASES);
  const trainers = 1 + random.integer(4);
  const evaluators = random.integer(3);
  const cast = {
    trainers: Array.from({ length: trainers }, (_, i) => `trainer-${i}`),
    evaluators: Array.from({ length: evaluators }, (_, i) => `evaluator-${i}`),
  };
  const drawn = drawFaults(random, cast);
  const coming = drawAttendance(generator(seed, 'attendance'), cast);
  // The replica that could tell a wrong bit must not leave before they are compared.
  const isWrong = drawn.some(({ kind }) => kind === 'weights');
  const attendance = coming.faults.filter(({ kind }) => kind === 'join' || !isWrong);
  const faults = [...drawn, ...attendance].sort((a, b) => a.at - b.at);
  return { ...plain(search), seed, trainers, evaluators, late: coming.late, faults, control };
}

/** A search without faults: two trainers, one evaluator. */
export function plain(search: SearchCase): Plan {
  return {
    seed: 1,
    search,
    trainers: 2,
    evaluators: 1,
    late: 0,
    faults: [],
    control: null,
    foreign: [],
    maxDeliver: MAX_DELIVER,
    hangMs: HANG_MS,
    mayStop: false,
  };
}

/** Undisturbed runs, by the name of the search. */
const undisturbed = new Map<string, SearchResult>();

/** What a search comes to when nothing goes wrong: two trainers, one evaluator, no fault. */
function undisturbedResult({ search, maxDeliver }: Plan): SearchResult {
  const key = `${search.name} ${maxDeliver}`;
  const known = undisturbed.get(key);
  if (known !== undefined) return known;
  const result = new Cluster({ ...plain(search), maxDeliver }).run()!;
  undisturbed.set(key, result);
  return result;
}

/** Runs a plan and compares it with the undisturbed run. */
export function simulate(plan: Plan, options: { readonly transcript?: boolean } = {}): Outcome {
  const expected = undisturbedResult(plan);
  const cluster = new Cluster(plan, options);
  let isOver = true;
  const failure = failureOf(() => {
    const result = cluster.run();
    isOver = result !== null;
    return result === null ? null : difference(expected, result);
  });
  return {
    failure,
    isOver,
    faults: cluster.faults.counts,
    stages: cluster.stages.counts,
    virtualMs: cluster.timeline.now,
    messages: cluster.bus.traffic.published,
    lines: cluster.lines ?? [],
  };
}

function failureOf(run: () => string | null): string | null {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error.name === 'Violation' ? error.message : `a machine threw ${error.stack ?? error.message}`;
  }
}
