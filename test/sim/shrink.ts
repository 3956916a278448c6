/** A failing plan with as few and as simple faults as still make it fail. */
import type { Plan } from './cluster/plan.js';
import type { Fault } from './faults/fault.js';
import { simulate } from './simulate.js';

/** Runs that a shrinking may take. */
const RUNS = 400;

export interface Shrunk {
  readonly plan: Plan;
  readonly failure: string;
  readonly runs: number;
}

/** `fails`: runs a plan, and says why it fails. */
export function shrink(
  plan: Plan,
  failure: string,
  fails: (plan: Plan) => string | null = (tried) => simulate(tried).failure,
): Shrunk {
  let best: Shrunk = { plan, failure, runs: 0 };
  let runs = 0;
  const better = (faults: readonly Fault[]): boolean => {
    if (runs >= RUNS) return false;
    runs++;
    const tried = { ...plan, faults };
    const why = fails(tried);
    if (why !== null) best = { plan: tried, failure: why, runs };
    return why !== null;
  };
  for (let progress = true; progress && runs < RUNS;) {
    progress = fewer(best.plan.faults, better) || simpler(best.plan.faults, better);
  }
  return { ...best, runs };
}

/** Leaves faults out, the latest first. True when one was not needed. */
function fewer(faults: readonly Fault[], better: (faults: readonly Fault[]) => boolean): boolean {
  for (let i = faults.length - 1; i >= 0; i--) if (better(faults.filter((_, at) => at !== i))) return true;
  return false;
}

/** Makes one fault shorter or plainer. */
function simpler(faults: readonly Fault[], better: (faults: readonly Fault[]) => boolean): boolean {
  return faults.some((fault, i) =>
    plainer(fault).some((plain) => better(faults.map((other, at) => (at === i ? plain : other)))),
  );
}

function plainer(fault: Fault): Fault[] {
  const plain: Fault[] = [];
  if ('tail' in fault && fault.tail.kind !== 'kept') plain.push({ ...fault, tail: { kind: 'kept' } });
  if (fault.kind === 'kill' && fault.point !== 'now') plain.push({ ...fault, point: 'now' });
  if (fault.kind === 'broker' && fault.wiped) plain.push({ ...fault, wiped: false });
  if ('ms' in fault && fault.ms > 200) plain.push({ ...fault, ms: fault.ms / 2 });
  return plain;
}
