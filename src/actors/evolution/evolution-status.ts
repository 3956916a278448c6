/** What the evolution actor tells those who watch: progress, workers, where the time went. */
import { monotonicMs } from '../../runtime/process/monotonic.js';
import type { SearchRules, SearchState } from '../../search/state.js';
import type { Draft, RunPhase, WorkPhase } from '../../wire/messages.js';
import type { Membership } from './membership.js';
import type { Tally } from './search-log.js';

/** Seconds spent in each phase by this process, and the pace that tells the time left. */
export class Stopwatch {
  private readonly spent = new Map<WorkPhase, number>();
  private phase: WorkPhase | null = null;
  private since = monotonicMs();
  private epochSeconds = 0;
  private epochStart = monotonicMs();

  enter(phase: WorkPhase): void {
    const now = monotonicMs();
    if (this.phase !== null) this.spent.set(this.phase, this.seconds(this.phase) + (now - this.since) / 1000);
    this.phase = phase;
    this.since = now;
  }

  epochDone(): void {
    const now = monotonicMs();
    const seconds = (now - this.epochStart) / 1000;
    this.epochSeconds = this.epochSeconds === 0 ? seconds : 0.5 * this.epochSeconds + 0.5 * seconds;
    this.epochStart = now;
  }

  /** Seconds left by the pace so far; null when there is none yet. `share`: of the epoch at work. */
  secondsLeft(epochsLeft: number, share: number): number | null {
    if (this.epochSeconds > 0)
      return Math.max(0, this.epochSeconds * (epochsLeft + 1) - (monotonicMs() - this.epochStart) / 1000);
    const elapsed = (monotonicMs() - this.epochStart) / 1000;
    return share > 0.1 ? elapsed * (1 / share - 1 + epochsLeft / share) : null;
  }

  phases(): { name: WorkPhase; seconds: number }[] {
    return [...this.spent.keys()].map((name) => ({
      name,
      seconds: this.seconds(name) + (name === this.phase ? (monotonicMs() - this.since) / 1000 : 0),
    }));
  }

  private seconds(phase: WorkPhase): number {
    return this.spent.get(phase) ?? 0;
  }
}

export interface StatusParts {
  readonly rules: SearchRules;
  readonly state: SearchState;
  readonly membership: Membership;
  readonly tally: Tally;
  readonly stopwatch: Stopwatch;
  readonly duplicates: number;
  readonly expectedTrainers: number;
  readonly evaluation: { readonly done: number; readonly total: number };
  readonly error: string | null;
}

export function statusOf({
  rules,
  state,
  membership,
  tally,
  stopwatch,
  duplicates,
  expectedTrainers,
  evaluation,
  error,
}: StatusParts): Draft<'Status'> {
  const epochs = rules.warmupEpochs + rules.epochs;
  const step = state.plan === null || state.phase !== 'training' ? 0 : state.step - state.plan.firstStep;
  const trainingShare =
    state.phase === 'training' ? step / rules.stepsPerEpoch : state.phase === 'evaluating' ? 1 : 0;
  const evaluationShare =
    evaluation.total > 0 && state.phase === 'evaluating' ? evaluation.done / evaluation.total : 0;
  const lastEpoch = state.history.at(-1)?.epoch;
  const accuracies = state.history
    .filter(({ epoch }) => epoch === lastEpoch)
    .flatMap(({ measurements }) => measurements['accuracy']?.value ?? []);
  const ids = new Set([...membership.known.keys(), ...tally.slots.keys(), ...tally.evaluations.keys()]);
  return {
    phase: phaseName(rules, state, error),
    epoch: state.epoch,
    epochs,
    step,
    steps: rules.stepsPerEpoch,
    evaluated: evaluation.done,
    evaluations: evaluation.total,
    etaSeconds:
      state.phase === 'done'
        ? 0
        : stopwatch.secondsLeft(epochs - state.epoch, 0.6 * trainingShare + 0.4 * evaluationShare),
    bestAccuracy: accuracies.length === 0 ? null : Math.max(...accuracies),
    frontSize: state.front.length,
    trainersAlive: membership.trainers().length,
    trainers: expectedTrainers,
    workers: [...ids].sort().map((id) => ({
      id,
      role: membership.known.get(id) ?? null,
      slots: tally.slots.get(id) ?? 0,
      evaluations: tally.evaluations.get(id) ?? 0,
      alive: membership.alive(id),
    })),
    repeatedSlots: tally.repeatedSlots,
    duplicateResults: duplicates,
    rolledBack: state.rollbacks,
    phases: stopwatch.phases(),
    absoluteStep: state.step,
    error,
  };
}

function phaseName(rules: SearchRules, state: SearchState, error: string | null): RunPhase {
  if (error !== null) return 'failed';
  if (state.phase === 'done') return 'done';
  if (state.phase === 'evaluating' || state.phase === 'selecting' || state.phase === 'finishing')
    return 'evaluating';
  if (state.phase === 'new' || state.plan === null) return 'preparing';
  return state.epoch <= rules.warmupEpochs ? 'warm-up' : 'search';
}
