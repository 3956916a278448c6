/** What the evolution actor tells those who watch: progress, workers, where the time went. */
import type { SearchRules, SearchState } from '../../search/state.js';
import type { Draft, RunPhase, WorkPhase } from '../../wire/messages.js';
import { FAILURES } from '../../search/own-objectives.js';
import type { Membership } from './membership.js';
import { trainersOf } from './membership.js';
import type { ObjectiveActors } from './objective-actors.js';
import type { Pace, Paces } from './pace.js';
import type { Tally } from './tally.js';

/** Seconds spent in each phase by this process, and the pace that tells the time left. Times in ms. */
export interface Stopwatch {
  readonly spent: ReadonlyMap<WorkPhase, number>;
  readonly phase: WorkPhase | null;
  readonly since: number;
  /** Length of an epoch, smoothed; null before the first has ended. */
  readonly epochMs: number | null;
  readonly epochStart: number;
}

export function startedStopwatch(now: number): Stopwatch {
  return { spent: new Map(), phase: null, since: now, epochMs: null, epochStart: now };
}

export function entered(watch: Stopwatch, phase: WorkPhase, now: number): Stopwatch {
  if (watch.phase === phase) return watch;
  const spent = new Map(watch.spent);
  if (watch.phase !== null) spent.set(watch.phase, spentIn(watch, watch.phase, now));
  if (!spent.has(phase)) spent.set(phase, 0);
  return { ...watch, spent, phase, since: now };
}

export function epochDone(watch: Stopwatch, now: number): Stopwatch {
  const length = now - watch.epochStart;
  const epochMs = watch.epochMs === null ? length : 0.5 * watch.epochMs + 0.5 * length;
  return { ...watch, epochMs, epochStart: now };
}

function spentIn({ spent, phase, since }: Stopwatch, wanted: WorkPhase, now: number): number {
  return (spent.get(wanted) ?? 0) + (phase === wanted ? now - since : 0);
}

/** Seconds left by the pace so far; null when there is none yet. `share`: of the epoch at work. */
function secondsLeft(watch: Stopwatch, epochsLeft: number, share: number, now: number): number | null {
  const elapsed = (now - watch.epochStart) / 1000;
  if (watch.epochMs !== null) return Math.max(0, (watch.epochMs / 1000) * (epochsLeft + 1) - elapsed);
  return share > 0.1 ? elapsed * (1 / share - 1 + epochsLeft / share) : null;
}

export interface StatusParts {
  readonly rules: SearchRules;
  readonly search: SearchState;
  readonly membership: Membership;
  readonly objectives: ObjectiveActors;
  readonly tally: Tally;
  readonly paces: Paces;
  readonly stopwatch: Stopwatch;
  readonly duplicates: number;
  readonly expectedTrainers: number;
  /** Measurements done and wanted in the epoch at work. */
  readonly evaluation: { readonly done: number; readonly total: number };
  readonly error: string | null;
  readonly now: number;
}

export function statusOf(parts: StatusParts): Draft<'Status'> {
  const { rules, search, membership, tally, stopwatch, evaluation, now } = parts;
  const epochs = rules.warmupEpochs + rules.epochs;
  const training = search.phase === 'training' && search.plan !== null;
  const step = training ? search.step - search.plan.firstStep : 0;
  return {
    phase: phaseOf(rules, search, parts.error),
    epoch: search.epoch,
    epochs,
    step,
    steps: rules.stepsPerEpoch,
    evaluated: evaluation.done,
    evaluations: evaluation.total,
    etaSeconds:
      search.phase === 'done' ? 0 : secondsLeft(stopwatch, epochs - search.epoch, shareOf(parts, step), now),
    bestAccuracy: bestAccuracyOf(search),
    frontSize: search.front.length,
    trainersAlive: trainersOf(membership).length,
    trainers: parts.expectedTrainers,
    workers: workersOf(parts),
    repeatedSlots: tally.repeatedSlots,
    checkedSlots: tally.checkedSlots,
    duplicateResults: parts.duplicates,
    rolledBack: search.rollbacks,
    phases: [...stopwatch.spent.keys()].map((name) => ({
      name,
      seconds: spentIn(stopwatch, name, now) / 1000,
    })),
    absoluteStep: search.step,
    objectives: objectivesOf(parts),
    error: parts.error,
  };
}

/** Those that joined, and those of the configuration that are done without. */
function objectivesOf({ search, objectives }: StatusParts): NonNullable<Draft<'Status'>['objectives']> {
  const joined = search.joined.map(({ rule, since, left, failures }) => ({
    name: rule.name,
    since,
    alive: objectives.present.has(rule.name),
    failures,
    left: left?.epoch ?? 0,
    reason: left?.reason ?? null,
  }));
  const dismissed = [...search.dismissed].map(([name, { epoch, reason }]) => ({
    name,
    since: 1,
    alive: false,
    failures: FAILURES,
    left: epoch,
    reason,
  }));
  return [...joined, ...dismissed];
}

/** Share of the epoch at work that is done; training counts for more of it than evaluation. */
function shareOf({ rules, search, evaluation }: StatusParts, step: number): number {
  if (search.phase === 'training') return (0.6 * step) / rules.stepsPerEpoch;
  if (search.phase !== 'evaluating') return 0;
  return 0.6 + (evaluation.total > 0 ? (0.4 * evaluation.done) / evaluation.total : 0);
}

/** Of the last evaluated epoch. */
function bestAccuracyOf({ history }: SearchState): number | null {
  const last = history.at(-1)?.epoch;
  let best: number | null = null;
  for (let i = history.length - 1; i >= 0 && history[i]!.epoch === last; i--) {
    const value = history[i]!.measurements['accuracy']?.value;
    if (value !== undefined && (best === null || value > best)) best = value;
  }
  return best;
}

/** Seconds to the millisecond; null: not known yet. */
function secondsOf(pace: Pace | undefined): number | null {
  return pace === undefined ? null : Math.round(pace.ms) / 1000;
}

function workersOf({
  membership,
  tally,
  paces,
  search,
}: StatusParts): NonNullable<Draft<'Status'>['workers']> {
  const { workers, known } = membership;
  const ids = new Set([...known.keys(), ...tally.slots.keys(), ...tally.evaluations.keys()]);
  return [...ids].sort().map((id) => ({
    id,
    role: known.get(id) ?? null,
    slots: tally.slots.get(id) ?? 0,
    evaluations: tally.evaluations.get(id) ?? 0,
    alive: workers.has(id),
    joinedAtStep: tally.joinedAt.get(id) ?? null,
    stepSeconds: secondsOf(paces.get(id)),
    device: workers.get(id)?.device ?? '',
    seen: workers.get(id)?.seen ?? null,
    quarantined: search.quarantined.get(id) ?? null,
  }));
}

function phaseOf(rules: SearchRules, search: SearchState, error: string | null): RunPhase {
  if (error !== null) return 'failed';
  switch (search.phase) {
    case 'done':
      return 'done';
    case 'evaluating':
    case 'selecting':
    case 'finishing':
      return 'evaluating';
    case 'new':
    case 'planning':
      return 'preparing';
    case 'training':
      return search.epoch <= rules.warmupEpochs ? 'warm-up' : 'search';
  }
}
