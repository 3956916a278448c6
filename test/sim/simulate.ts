/** One seed: what it simulates, and what came of it. */
import type { Generator } from '#emars/random/generator.js';
import { generator } from '#emars/random/generator.js';
import type { SearchResult } from './check/result.js';
import { difference } from './check/result.js';
import type { JoiningPlan, Line, Plan } from './cluster/plan.js';
import { Cluster } from './cluster/cluster.js';
import { OBJECTIVE_HOST } from './cluster/objective-host.js';
import type { SearchCase } from './cluster/rules.js';
import { CASES } from './cluster/rules.js';
import { HANG_MS, MAX_DELIVER } from './cluster/setup.js';
import type { ControlName } from './faults/controls.js';
import { drawAttendance, drawDrains, drawFaults, drawLies } from './faults/draw.js';

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
  const objective = drawJoining(generator(seed, 'objective'), search);
  const cast = {
    trainers: Array.from({ length: trainers }, (_, i) => `trainer-${i}`),
    evaluators: Array.from({ length: evaluators }, (_, i) => `evaluator-${i}`),
    objectives: objective === null ? [] : [OBJECTIVE_HOST],
  };
  const checking = generator(seed, 'double-check');
  const lies = checking.chance(0.2) ? drawLies(checking, cast) : null;
  const drawn = lies ?? drawFaults(random, cast);
  const coming = drawAttendance(generator(seed, 'attendance'), cast);
  // The replica that could tell a wrong bit must not leave before they are compared.
  const isWrong = drawn.some(({ kind }) => kind === 'weights' || kind === 'lie');
  const attendance = coming.faults.filter(({ kind }) => kind === 'join' || !isWrong);
  const drains = isWrong ? [] : drawDrains(generator(seed, 'drain'), cast);
  const faults = [...drawn, ...attendance, ...drains].sort((a, b) => a.at - b.at);
  // A lie that is in a snapshot unseen is there for good, so in these searches all slots are compared.
  const doubleCheck = lies === null ? checking.pick([0, 0.1, 1]) : 1;
  const { late } = coming;
  return { ...plain(search), seed, trainers, evaluators, late, objective, faults, control, doubleCheck };
}

/** A search without faults: two trainers, one evaluator. */
export function plain(search: SearchCase): Plan {
  return {
    seed: 1,
    search,
    trainers: 2,
    evaluators: 1,
    late: 0,
    objective: null,
    faults: [],
    control: null,
    foreign: [],
    maxDeliver: MAX_DELIVER,
    hangMs: HANG_MS,
    doubleCheck: 0,
    mayStop: false,
  };
}

/** An objective that joins somewhere in the search, and sometimes leaves again. */
function drawJoining(random: Generator, { rules }: SearchCase): JoiningPlan | null {
  if (!random.chance(0.4)) return null;
  const epochs = rules.warmupEpochs + rules.epochs;
  const since = 2 + random.integer(Math.max(1, epochs - 1));
  const leavesIn = random.chance(0.4) ? since + random.integer(2) : null;
  return { since, leavesIn, needs: random.pick(['genome', 'history'] as const) };
}

/** Undisturbed runs, by the name of the search. */
const undisturbed = new Map<string, SearchResult>();

/**
 * What a search comes to when nothing goes wrong: two trainers, one evaluator, no fault. When an objective
 * joins and leaves is told by the journal: in that the undisturbed run follows the disturbed one.
 */
function undisturbedResult(
  { search, maxDeliver, objective }: Plan,
  joined: SearchResult['joined'],
): SearchResult {
  const guest = joined[0] ?? null;
  const joining =
    objective === null || guest === null ? null : { ...objective, since: guest.since, leavesIn: guest.left };
  const key = JSON.stringify([search.name, maxDeliver, joining]);
  const known = undisturbed.get(key);
  if (known !== undefined) return known;
  const result = new Cluster({ ...plain(search), objective: joining, maxDeliver }).run()!;
  undisturbed.set(key, result);
  return result;
}

/** Runs a plan and compares it with the undisturbed run. */
export function simulate(plan: Plan, options: { readonly transcript?: boolean } = {}): Outcome {
  const cluster = new Cluster(plan, options);
  let isOver = true;
  const failure = failureOf(() => {
    const result = cluster.run();
    isOver = result !== null;
    return result === null ? null : difference(undisturbedResult(plan, result.joined), result);
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
