/**
 * The evolution actor's side of evaluating one epoch. Objectives of genome and history are measured beside
 * this actor; those of weights go to the work queue, where evaluators and idle trainers take them. The
 * first result of a key (epoch, snapshot, individual, objective) wins; others are counted. A failure is
 * retried by the queue, then recorded as a failure: never as a value.
 *
 *   idle ─epoch trained─▶ checking ─the snapshot can be read─▶ emptying ─queue empty─▶ measuring
 *   checking ─it cannot─▶ idle, epoch rolled back
 *   measuring ─every evaluee has a value or a failure for every objective─▶ idle
 */
import { MAX_MAGNITUDE } from '../../evolution/objective-values.js';
import type { SearchEvent } from '../../search/events.js';
import { NO_ACCURACY, objectivesAt } from '../../search/joined-objectives.js';
import type { ObjectiveRule } from '../../search/state.js';
import type { Message } from '../../wire/messages.js';
import type { LocalMeasurement, Outcome } from './commands.js';
import { configured, sayDismissed } from './configured-objectives.js';
import { mayReplay, rollBack } from './roll-back.js';
import type { Turn } from './turn.js';

export type EvaluationStage =
  | { readonly name: 'idle' }
  | { readonly name: 'checking' }
  | { readonly name: 'emptying'; readonly queue: Queue }
  | {
      readonly name: 'measuring';
      readonly queue: Queue;
      /** When a result last came in, or was asked for. */
      readonly movedAt: number;
      /** Local measurements at work, by key. */
      readonly local: ReadonlySet<string>;
    };

/** How we stand with the work queue, which is gone while the broker is. */
interface Queue {
  /** `asked`: a command is at work; `owed`: what failed is tried again from `at` on. */
  readonly state: 'settled' | 'asked' | 'owed';
  readonly at: number;
  /** Since when every try failed; null: the last one did not. */
  readonly failingSince: number | null;
}

export interface Evaluation {
  readonly stage: EvaluationStage;
  /** Results that came after the first one of their key, or of another epoch. */
  readonly duplicates: number;
}

export const idleEvaluation: Evaluation = { stage: { name: 'idle' }, duplicates: 0 };

/** Requests are put on the queue again after so long without any result: the broker may have lost them. */
const STALL_MS = 60_000;
const RETRY_MS = 500;
/** A queue that cannot be reached for so long ends the search; it can be resumed. */
const QUEUE_PATIENCE_MS = 600_000;

// --- transitions ---

export function becomeIdle(evaluation: Evaluation): Evaluation {
  return { ...evaluation, stage: { name: 'idle' } };
}

/** Damaged, the snapshot would make every evaluation fail: it is read before one is asked for. */
export function becomeChecking(turn: Turn, evaluation: Evaluation): Evaluation {
  turn.save.push({ kind: 'check-snapshot', sha256: turn.search.trainedSnapshot!, holders: null });
  return { ...evaluation, stage: { name: 'checking' } };
}

function becomeEmptying(turn: Turn, evaluation: Evaluation, failingSince: number | null): Evaluation {
  turn.save.push({ kind: 'empty-queue' });
  return {
    ...evaluation,
    stage: { name: 'emptying', queue: { state: 'asked', at: turn.now, failingSince } },
  };
}

function becomeMeasuring(turn: Turn, evaluation: Evaluation): Evaluation {
  const queue: Queue = { state: 'settled', at: turn.now, failingSince: null };
  const local = new Set<string>();
  const started: Evaluation = {
    ...evaluation,
    stage: { name: 'measuring', queue, movedAt: turn.now, local },
  };
  return ask(turn, measureLocally(turn, started));
}

/** The epoch is trained again from the snapshot before: the one it left cannot be read. */
function becomeRolledBack(turn: Turn, evaluation: Evaluation, problem: string): Evaluation {
  const { epoch, rollbacks } = turn.search;
  if (!mayReplay(turn.search)) {
    turn.stop(`the snapshot of epoch ${epoch} cannot be read, after ${rollbacks} replays: ${problem}`, true);
    return evaluation;
  }
  rollBack(turn, `its snapshot cannot be read: ${problem}`);
  return becomeIdle(evaluation);
}

// --- ends of commands ---

export function snapshotChecked(
  turn: Turn,
  evaluation: Evaluation,
  { sha256, problem }: { readonly sha256: string; readonly problem: string | null },
): Evaluation {
  if (evaluation.stage.name !== 'checking' || sha256 !== turn.search.trainedSnapshot) return evaluation;
  return problem === null
    ? becomeEmptying(turn, evaluation, null)
    : becomeRolledBack(turn, evaluation, problem);
}

export function queueEmptied(turn: Turn, evaluation: Evaluation): Evaluation {
  return evaluation.stage.name === 'emptying' ? becomeMeasuring(turn, evaluation) : evaluation;
}

export function enqueued(turn: Turn, evaluation: Evaluation): Evaluation {
  const { stage } = evaluation;
  if (stage.name !== 'measuring' || stage.queue.state !== 'asked') return evaluation;
  const queue: Queue = { state: 'settled', at: turn.now, failingSince: null };
  return { ...evaluation, stage: { ...stage, queue } };
}

export function queueFailed(turn: Turn, evaluation: Evaluation, reason: string): Evaluation {
  const { stage } = evaluation;
  if (stage.name !== 'emptying' && stage.name !== 'measuring') return evaluation;
  const failingSince = stage.queue.failingSince ?? turn.now;
  if (turn.now - failingSince > QUEUE_PATIENCE_MS)
    turn.stop(
      `the work queue cannot be reached for ${Math.round(QUEUE_PATIENCE_MS / 1000)} s: ${reason}; ` +
        'the run can be resumed',
    );
  const queue: Queue = { state: 'owed', at: turn.now + RETRY_MS, failingSince };
  return { ...evaluation, stage: { ...stage, queue } };
}

/** The end of a measurement beside this actor. */
export function measured(
  turn: Turn,
  evaluation: Evaluation,
  key: LocalMeasurement,
  outcome: Outcome,
): Evaluation {
  const { stage } = evaluation;
  if (stage.name !== 'measuring' || !stage.local.has(nameOf(key))) return evaluation;
  const local = new Set(stage.local);
  local.delete(nameOf(key));
  const { epoch, individual, objective } = key;
  const { dismissed } = turn.search;
  // Another one of an objective that is done without by now.
  if (dismissed.has(objective)) return { ...evaluation, stage: { ...stage, local } };
  const about = { epoch, individual, objective };
  if ('failure' in outcome) turn.commit({ type: 'evaluation-failed', ...about, reason: outcome.failure });
  else {
    const { value, defined } = outcome;
    const undefinedMark = defined ? {} : { defined: false };
    count(turn, { ...about, value, worker: 'evolution', ...undefinedMark }, problemOf(value));
  }
  sayDismissed(turn, objective, dismissed);
  return { ...evaluation, stage: { ...stage, movedAt: turn.now, local } };
}

/** Lets a value count; one with a problem is recorded as a failure. */
function count(
  turn: Turn,
  measured: Omit<Extract<SearchEvent, { type: 'evaluated' }>, 'type'>,
  problem: string | null,
): void {
  const { epoch, individual, objective } = measured;
  if (problem === null) turn.commit({ type: 'evaluated', ...measured });
  else turn.commit({ type: 'evaluation-failed', epoch, individual, objective, reason: problem });
}

/** A worker's result. Whatever becomes of it, it need not be sent again. */
export function result(turn: Turn, evaluation: Evaluation, message: Message<'EvaluationResult'>): Evaluation {
  const { search, rules } = turn;
  const { epoch, individual, objective, value, error, worker, confusion } = message;
  const { stage } = evaluation;
  const rule = configured(turn).find(({ name, needs }) => name === objective && needs === 'weights');
  const wanted =
    stage.name === 'measuring' &&
    epoch === search.epoch &&
    message.snapshot === search.trainedSnapshot &&
    search.evaluees.includes(individual) &&
    rule !== undefined &&
    !isKnown(turn, individual, rule);
  if (!wanted) return { ...evaluation, duplicates: evaluation.duplicates + 1 };
  const { dismissed } = search;
  const problem = error ?? problemOf(value) ?? tableProblem(confusion, rules.space.classes);
  const table = confusion.length > 0 ? { confusion: [...confusion] } : {};
  count(turn, { epoch, individual, objective, value, worker, ...table }, problem);
  sayDismissed(turn, objective, dismissed);
  const moved: Evaluation = { ...evaluation, stage: { ...stage, movedAt: turn.now } };
  return objective === 'accuracy' ? measureLocally(turn, moved) : moved;
}

// --- time, and asking ---

/** The broker is back: what it held may be lost. */
export function reconnected(turn: Turn, evaluation: Evaluation): Evaluation {
  return evaluation.stage.name === 'measuring' ? ask(turn, evaluation) : evaluation;
}

export function tick(turn: Turn, evaluation: Evaluation): Evaluation {
  const { stage } = evaluation;
  if (stage.name !== 'emptying' && stage.name !== 'measuring') return evaluation;
  const { queue } = stage;
  const due = queue.state === 'owed' && turn.now >= queue.at;
  if (stage.name === 'emptying')
    return due ? becomeEmptying(turn, evaluation, queue.failingSince) : evaluation;
  const stalled = queue.state === 'settled' && turn.now - stage.movedAt >= STALL_MS;
  return due || stalled ? ask(turn, evaluation) : evaluation;
}

/** Measurements done and wanted. */
export function progressOf({ search, rules }: Turn): { readonly done: number; readonly total: number } {
  let done = 0;
  for (const measurements of search.measured.values()) done += Object.keys(measurements).length;
  return { done, total: search.evaluees.length * objectivesAt(rules, search, search.epoch).length };
}

/** Puts every open evaluation on the queue; the broker drops those it holds already. */
function ask(turn: Turn, evaluation: Evaluation): Evaluation {
  const { stage } = evaluation;
  if (stage.name !== 'measuring') return evaluation;
  const { epoch, trainedSnapshot: snapshot, fence, individuals, evaluees } = turn.search;
  const rules = configured(turn).filter(({ needs }) => needs === 'weights');
  const requests = evaluees.flatMap((id) =>
    rules
      .filter((rule) => !isKnown(turn, id, rule))
      .map(({ name: objective }) => ({
        id: `${fence}-${epoch}-${snapshot!.slice(0, 12)}-${id}-${objective}`,
        request: {
          epoch,
          snapshot: snapshot!,
          individual: { id, genome: individuals.get(id)!.genome },
          objective,
        },
      })),
  );
  if (requests.length === 0) return evaluation;
  turn.save.push({ kind: 'enqueue', requests });
  const queue: Queue = { ...stage.queue, state: 'asked', at: turn.now };
  return { ...evaluation, stage: { ...stage, queue, movedAt: turn.now } };
}

/** History objectives wait for the accuracy of this epoch; where that failed, so do they. */
function measureLocally(turn: Turn, evaluation: Evaluation): Evaluation {
  const { stage } = evaluation;
  if (stage.name !== 'measuring') return evaluation;
  const { epoch, fence, individuals, evaluees } = turn.search;
  const local = new Set(stage.local);
  for (const individual of evaluees) {
    for (const rule of configured(turn)) {
      const key = { fence, epoch, individual, objective: rule.name };
      if (rule.needs === 'weights' || isKnown(turn, individual, rule) || local.has(nameOf(key))) continue;
      const accuracy = turn.search.measured.get(individual)?.['accuracy'];
      if (rule.needs === 'history' && accuracy === undefined) continue;
      if (rule.needs === 'history' && accuracy!.failure !== undefined) {
        turn.commit({
          type: 'evaluation-failed',
          epoch,
          individual,
          objective: rule.name,
          reason: NO_ACCURACY,
        });
        continue;
      }
      const { genome } = individuals.get(individual)!;
      const { history } = turn.search.individuals.get(individual)!;
      turn.save.push({ kind: 'measure', key, subject: { genome, history } });
      local.add(nameOf(key));
    }
  }
  return { ...evaluation, stage: { ...stage, local } };
}

/** A worker that counts other classes than ours measures something else. */
function tableProblem(confusion: readonly number[], classes: number): string | null {
  return confusion.length === 0 || confusion.length === classes ** 2
    ? null
    : `expected a confusion table of ${classes} x ${classes} classes, got ${confusion.length} entries`;
}

/** What selection cannot compare is not journalled as a value: the run could never be read again. */
export function problemOf(value: number): string | null {
  return Math.abs(value) <= MAX_MAGNITUDE
    ? null
    : `expected a finite value of magnitude at most ${MAX_MAGNITUDE}, got ${value}`;
}

function isKnown({ search }: Turn, individual: string, { name }: ObjectiveRule): boolean {
  return name in (search.measured.get(individual) ?? {});
}

function nameOf({ fence, individual, objective }: LocalMeasurement): string {
  return `${fence} ${individual} ${objective}`;
}
