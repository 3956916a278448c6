/**
 * The machine of a process that measures an objective for a running search: it says hello every second,
 * keeps the request at hand, measures its subjects one after the other, and tells each result. What is
 * measured is told again when it is asked for again; a new fence, epoch or snapshot makes all of it void.
 *
 *   asking ─accepted─▶ joined ─refused, removed, search over─▶ over
 *   asking ─another process measures it─▶ asking, for as long as that may still be found dead
 */
import type { Message } from '../../wire/messages.js';
import { PROTOCOL } from '../../wire/messages.js';
import type { Received, Send, Step } from '../step.js';

export interface MeasuringSetup {
  readonly name: string;
  readonly unit: string;
  readonly direction: 'max' | 'min';
  readonly needs: 'genome' | 'history' | 'weights';
  readonly incarnation: string;
  /** The first epoch to take part in; 0: the next. */
  readonly since: number;
  /** Between two hellos. */
  readonly helloMs: number;
  /** How long it asks while another process measures the objective. */
  readonly busyMs: number;
}

export type Subject = Message<'MeasureRequest'>['subjects'][number];

export type MeasuringCommand =
  | { readonly kind: 'welcomed'; readonly since: number; readonly context: Context }
  /** Ends in `measured`. */
  | {
      readonly kind: 'measure';
      readonly round: string;
      readonly epoch: number;
      /** Null where no weights are needed. */
      readonly snapshot: string | null;
      readonly subject: Subject;
    }
  | { readonly kind: 'end'; readonly reason: string; readonly wasJoined: boolean };
export type Context = NonNullable<Message<'ObjectiveReply'>['context']>;

export type MeasureOutcome =
  { readonly value: number; readonly isUndefined: boolean } | { readonly failure: string };

export type MeasuringInput =
  | { readonly kind: 'tick' }
  | Received<'ObjectiveReply' | 'MeasureRequest'>
  | {
      readonly kind: 'measured';
      readonly round: string;
      readonly individual: string;
      readonly outcome: MeasureOutcome;
    };

export interface MeasuringState {
  readonly stage: 'asking' | 'joined' | 'over';
  readonly helloAt: number;
  /** Since when another process is said to measure it; null: it is not. */
  readonly busySince: number | null;
  readonly request: Message<'MeasureRequest'> | null;
  /** What was measured for the fence, epoch and snapshot of the request, by individual. */
  readonly known: ReadonlyMap<string, MeasureOutcome>;
  /** The individual that is being measured, and for which fence, epoch and snapshot. */
  readonly work: { readonly round: string; readonly individual: string } | null;
}

/** `wasJoined`: an earlier life of this process was accepted, so that it must not join anew. */
export function initialMeasuring(wasJoined: boolean): MeasuringState {
  return {
    stage: wasJoined ? 'joined' : 'asking',
    helloAt: -Infinity,
    busySince: null,
    request: null,
    known: new Map(),
    work: null,
  };
}

export function step(
  setup: MeasuringSetup,
  state: MeasuringState,
  input: MeasuringInput,
  now: number,
): Step<MeasuringState, MeasuringCommand> {
  if (state.stage === 'over') return { state, save: [], send: [] };
  switch (input.kind) {
    case 'tick':
      return onTick(setup, state, now);
    case 'received':
      return input.name === 'ObjectiveReply'
        ? onReply(setup, state, input.message, now)
        : onRequest(setup, state, input.message);
    case 'measured':
      return onMeasured(setup, state, input);
  }
}

function onTick(
  setup: MeasuringSetup,
  state: MeasuringState,
  now: number,
): Step<MeasuringState, MeasuringCommand> {
  if (now - state.helloAt < setup.helloMs) return { state, save: [], send: [] };
  const { name, unit, direction, needs, incarnation, since } = setup;
  const message = {
    protocol: PROTOCOL,
    ...{ name, unit, direction, needs, incarnation, since },
    joined: state.stage === 'joined',
  };
  return {
    state: { ...state, helloAt: now },
    save: [],
    send: [{ name: 'ObjectiveHello', message, to: null }],
  };
}

function onReply(
  setup: MeasuringSetup,
  state: MeasuringState,
  { accepted, reason, busy, since, context }: Message<'ObjectiveReply'>,
  now: number,
): Step<MeasuringState, MeasuringCommand> {
  if (accepted && context !== null) {
    const next: MeasuringState = { ...state, stage: 'joined', busySince: null };
    const isNew = state.stage === 'asking';
    return { state: next, save: isNew ? [{ kind: 'welcomed', since, context }] : [], send: [] };
  }
  const busySince = state.busySince ?? now;
  if (busy && now - busySince < setup.busyMs) return { state: { ...state, busySince }, save: [], send: [] };
  return {
    state: { ...state, stage: 'over', request: null },
    save: [{ kind: 'end', reason: reason ?? 'without a reason', wasJoined: state.stage === 'joined' }],
    send: [],
  };
}

function onRequest(
  setup: MeasuringSetup,
  state: MeasuringState,
  request: Message<'MeasureRequest'>,
): Step<MeasuringState, MeasuringCommand> {
  if (state.stage !== 'joined' || request.name !== setup.name || request.incarnation !== setup.incarnation)
    return { state, save: [], send: [] };
  const known =
    state.request !== null && roundOf(state.request) === roundOf(request) ? state.known : new Map();
  const next: MeasuringState = { ...state, request, known };
  const send = request.subjects.flatMap(({ individual: { id } }) => {
    const outcome = known.get(id) as MeasureOutcome | undefined;
    return outcome === undefined ? [] : [resultOf(setup, request, id, outcome)];
  });
  return withNextWork(next, send);
}

function onMeasured(
  setup: MeasuringSetup,
  state: MeasuringState,
  { round, individual, outcome }: Extract<MeasuringInput, { kind: 'measured' }>,
): Step<MeasuringState, MeasuringCommand> {
  const { work, request } = state;
  if (work?.round !== round || work.individual !== individual) return { state, save: [], send: [] };
  const idle: MeasuringState = { ...state, work: null };
  if (request === null || roundOf(request) !== round) return withNextWork(idle, []);
  const known = new Map(state.known).set(individual, outcome);
  return withNextWork({ ...idle, known }, [resultOf(setup, request, individual, outcome)]);
}

/** One measurement at a time, in the order they are asked for. */
function withNextWork(state: MeasuringState, send: readonly Send[]): Step<MeasuringState, MeasuringCommand> {
  const { request, known, work } = state;
  const subject = request?.subjects.find(({ individual: { id } }) => !known.has(id));
  if (work !== null || request === null || subject === undefined) return { state, save: [], send };
  const round = roundOf(request);
  return {
    state: { ...state, work: { round, individual: subject.individual.id } },
    save: [{ kind: 'measure', round, epoch: request.epoch, snapshot: request.snapshot, subject }],
    send,
  };
}

function roundOf({ fence, epoch, snapshot }: Message<'MeasureRequest'>): string {
  return snapshot === null ? `${fence}/${epoch}` : `${fence}/${epoch}/${snapshot}`;
}

function resultOf(
  { name, incarnation }: MeasuringSetup,
  { fence, epoch, snapshot }: Message<'MeasureRequest'>,
  individual: string,
  outcome: MeasureOutcome,
): Send {
  const measured =
    'failure' in outcome
      ? { value: 0, isUndefined: false, error: outcome.failure }
      : { value: outcome.value, isUndefined: outcome.isUndefined, error: null };
  return {
    name: 'MeasureResult',
    message: { name, incarnation, fence, epoch, snapshot, individual, ...measured },
    to: null,
  };
}
