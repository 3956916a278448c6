/**
 * One evaluation after the other, as a deterministic machine: measure, deliver the result until the
 * evolution actor has written it down, only then give the item back to the queue as done. Before that,
 * whatever dies, the queue hands it to another worker.
 *
 *   idle ──taken──▶ measuring ──measured──▶ delivering ──receipt──▶ idle
 *   measuring ──failed, and others may try──▶ idle (item given back)
 */
import type { Draft, Message } from '../../wire/messages.js';
import type { Received, Step } from '../step.js';

export interface EvaluationKey {
  readonly epoch: number;
  readonly snapshot: string;
  readonly genome: readonly string[];
  readonly objective: string;
}

export interface TakerSetup {
  readonly worker: string;
  /** After so many deliveries the worker that takes an item says that it cannot be done. */
  readonly maxDeliver: number;
  /** How long a receipt is waited for before the result is sent again. */
  readonly resultMs: number;
}

export type TakerState =
  | { readonly stage: 'idle' }
  | {
      readonly stage: 'measuring';
      readonly request: Message<'EvaluationRequest'>;
      readonly deliveries: number;
    }
  | { readonly stage: 'delivering'; readonly result: Draft<'EvaluationResult'>; readonly sentAt: number };

export type TakerInput =
  /** An item of the queue. `deliveries`: how often it has been handed out, from 1. */
  | { readonly kind: 'taken'; readonly request: Message<'EvaluationRequest'>; readonly deliveries: number }
  | { readonly kind: 'measured'; readonly value: number; readonly confusion: readonly number[] }
  /** `isVerdict`: another worker would find the same. */
  | { readonly kind: 'measured'; readonly failure: string; readonly isVerdict?: boolean }
  | Received<'Receipt'>
  | { readonly kind: 'tick' };

export type TakerCommand =
  /** Ends in `measured`. */
  | { readonly kind: 'measure'; readonly key: EvaluationKey }
  /** Tells the queue what became of the item: done, or to be tried again by whomever. */
  | { readonly kind: 'return-item'; readonly verdict: 'ack' | 'nak'; readonly reason: string | null };

export const initialTaker: TakerState = { stage: 'idle' };

type TakerStep = Step<TakerState, TakerCommand>;

export function step(setup: TakerSetup, state: TakerState, input: TakerInput, now: number): TakerStep {
  switch (input.kind) {
    case 'taken':
      if (state.stage !== 'idle')
        throw new Error(`expected one item at a time, got another one while ${state.stage}`);
      return becomeMeasuring(setup, input.request, input.deliveries, now);
    case 'measured':
      if (state.stage !== 'measuring') return stay(state);
      return measured(setup, state, input, now);
    case 'received':
      // An empty message is no receipt: a broker sends one where no subscriber is.
      if (state.stage !== 'delivering' || !input.message.accepted) return stay(state);
      return becomeIdle('ack', null);
    case 'tick':
      if (state.stage !== 'delivering' || now - state.sentAt < setup.resultMs) return stay(state);
      return becomeDelivering(state.result, now);
    default:
      return input satisfies never;
  }
}

function stay(state: TakerState): TakerStep {
  return { state, save: [], send: [] };
}

function becomeMeasuring(
  setup: TakerSetup,
  request: Message<'EvaluationRequest'>,
  deliveries: number,
  now: number,
): TakerStep {
  if (deliveries > setup.maxDeliver) {
    const error = `given up after ${setup.maxDeliver} deliveries: each worker that took it died or fell silent`;
    return becomeDelivering({ ...headOf(setup, request, deliveries), error }, now);
  }
  const { epoch, snapshot, objective, individual } = request;
  const key = { epoch, snapshot, genome: individual.genome, objective };
  return { state: { stage: 'measuring', request, deliveries }, save: [{ kind: 'measure', key }], send: [] };
}

function measured(
  setup: TakerSetup,
  { request, deliveries }: Extract<TakerState, { readonly stage: 'measuring' }>,
  input: Extract<TakerInput, { readonly kind: 'measured' }>,
  now: number,
): TakerStep {
  const head = headOf(setup, request, deliveries);
  if (!('failure' in input))
    return becomeDelivering({ ...head, value: input.value, confusion: input.confusion }, now);
  // Tried again elsewhere first: the fault may be this worker's, and must not become a verdict.
  if (deliveries < setup.maxDeliver && input.isVerdict !== true) return becomeIdle('nak', input.failure);
  return becomeDelivering({ ...head, error: input.failure }, now);
}

function becomeDelivering(result: Draft<'EvaluationResult'>, now: number): TakerStep {
  return {
    state: { stage: 'delivering', result, sentAt: now },
    save: [],
    send: [{ name: 'EvaluationResult', message: result, to: null }],
  };
}

function becomeIdle(verdict: 'ack' | 'nak', reason: string | null): TakerStep {
  return { state: { stage: 'idle' }, save: [{ kind: 'return-item', verdict, reason }], send: [] };
}

function headOf(
  { worker }: TakerSetup,
  { epoch, snapshot, objective, individual }: Message<'EvaluationRequest'>,
  deliveries: number,
): Draft<'EvaluationResult'> {
  return { epoch, snapshot, objective, individual: individual.id, worker, deliveries };
}
