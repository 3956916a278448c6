/**
 * The evolution actor's side of evaluating one epoch. Objectives of genome and history are measured
 * beside this actor; those of weights go to the work queue, where evaluators and idle trainers take
 * them. The first result of a key (epoch, snapshot, individual, objective) wins; others are counted.
 * A failure is retried by the queue, then recorded as a failure: never as a value.
 */
import type { Measured } from '../../objectives/objective.js';
import { monotonicMs } from '../../runtime/process/monotonic.js';
import type { SearchEvent } from '../../search/events.js';
import type { ObjectiveRule, SearchRules, SearchState } from '../../search/state.js';
import type { Genome } from '../../space/genome.js';
import type { Draft, Message } from '../../wire/messages.js';

export interface LocalSubject {
  readonly genome: Genome;
  readonly history: readonly (readonly [number, number])[];
}

export interface EvaluationHost {
  state(): SearchState;
  recordAll(events: readonly SearchEvent[]): Promise<void>;
  /** Puts requests on the work queue, each with an id under which the broker drops repetitions. */
  enqueue(requests: readonly { id: string; request: Draft<'EvaluationRequest'> }[]): Promise<void>;
  /** Measures an objective that needs no weights. */
  measure(objective: string, subject: LocalSubject): Promise<Measured>;
}

/** Requests are put on the queue again after so long without any result: the broker may have lost them. */
const STALL_MS = 60_000;

export class EvaluationDriver {
  duplicates = 0;
  private movedAt = monotonicMs();

  constructor(
    private readonly rules: SearchRules,
    private readonly host: EvaluationHost,
  ) {}

  /** Measures what needs no weights and asks for the rest. Safe to call again. */
  async start(): Promise<void> {
    await this.measureLocally('genome', this.host.state().evaluees);
    await this.measureLocally('history', this.host.state().evaluees);
    await this.ask();
  }

  /** Takes a result in. True when it need not be sent again. */
  async result(result: Message<'EvaluationResult'>): Promise<boolean> {
    const state = this.host.state();
    const expected =
      state.phase === 'evaluating' &&
      result.epoch === state.epoch &&
      result.snapshot === state.trainedSnapshot &&
      state.evaluees.includes(result.individual);
    const rule = this.rules.objectives.find(
      ({ name, needs }) => name === result.objective && needs === 'weights',
    );
    if (!expected || rule === undefined || this.known(result.individual, rule)) {
      this.duplicates++;
      return true;
    }
    this.movedAt = monotonicMs();
    const key = { epoch: result.epoch, individual: result.individual, objective: result.objective };
    const reason =
      result.error ?? (Number.isFinite(result.value) ? null : `expected a finite value, got ${result.value}`);
    if (reason !== null) await this.host.recordAll([{ type: 'evaluation-failed', ...key, reason }]);
    else
      await this.host.recordAll([
        {
          type: 'evaluated',
          ...key,
          value: result.value,
          worker: result.worker,
          ...(result.confusion.length > 0 ? { confusion: [...result.confusion] } : {}),
        },
      ]);
    if (result.objective === 'accuracy') await this.measureLocally('history', [result.individual]);
    return true;
  }

  /** The broker is back or silent for long: ask for what is still open. */
  async ask(): Promise<void> {
    const { epoch, trainedSnapshot, fence, individuals } = this.host.state();
    const requests = this.open().map(({ id, objective }) => ({
      id: `${fence}-${epoch}-${trainedSnapshot.slice(0, 12)}-${id}-${objective}`,
      request: {
        epoch,
        snapshot: trainedSnapshot,
        individual: { id, genome: [...individuals.get(id)!.genome] },
        objective,
      },
    }));
    this.movedAt = monotonicMs();
    if (requests.length > 0) await this.host.enqueue(requests);
  }

  async tick(now: number): Promise<void> {
    if (now - this.movedAt < STALL_MS || this.host.state().phase !== 'evaluating') return;
    await this.ask();
  }

  /** Measurements done and wanted. */
  progress(): { done: number; total: number } {
    const total = this.host.state().evaluees.length * this.rules.objectives.length;
    const done = [...this.host.state().measured.values()].reduce(
      (sum, measurements) => sum + Object.keys(measurements).length,
      0,
    );
    return { done, total };
  }

  private open(): { id: string; objective: string }[] {
    const weights = this.rules.objectives.filter(({ needs }) => needs === 'weights');
    return this.host
      .state()
      .evaluees.flatMap((id) =>
        weights.filter((rule) => !this.known(id, rule)).map(({ name }) => ({ id, objective: name })),
      );
  }

  private known(id: string, { name }: ObjectiveRule): boolean {
    return name in (this.host.state().measured.get(id) ?? {});
  }

  /** History objectives wait for the accuracy of this epoch; where that failed, so do they. */
  private async measureLocally(needs: 'genome' | 'history', ids: readonly string[]): Promise<void> {
    const { epoch, individuals, measured } = this.host.state();
    const events: SearchEvent[] = [];
    for (const id of ids) {
      const accuracy = measured.get(id)?.['accuracy'];
      if (needs === 'history' && accuracy === undefined) continue;
      for (const rule of this.rules.objectives) {
        if (rule.needs !== needs || this.known(id, rule)) continue;
        const key = { epoch, individual: id, objective: rule.name };
        if (needs === 'history' && accuracy?.failure !== undefined) {
          events.push({ type: 'evaluation-failed', ...key, reason: 'no accuracy in this epoch' });
          continue;
        }
        const { genome, history } = individuals.get(id)!;
        events.push(
          await this.host.measure(rule.name, { genome, history }).then(
            ({ value, defined }): SearchEvent => ({
              type: 'evaluated',
              ...key,
              value,
              worker: 'evolution',
              ...(defined === undefined ? {} : { defined }),
            }),
            (reason: unknown): SearchEvent => {
              // The thread that measures is gone: no verdict on the individual. This process starts again with a new one.
              if (reason instanceof Error && reason.name === 'ThreadExited') throw reason;
              return {
                type: 'evaluation-failed',
                ...key,
                reason: reason instanceof Error ? reason.message : String(reason),
              };
            },
          ),
        );
      }
    }
    await this.host.recordAll(events);
  }
}
