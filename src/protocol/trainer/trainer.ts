/**
 * The trainer's side of training, as a deterministic machine: epoch plan → step plans (apply the commit
 * before, compute, exchange) → epoch end. The evolution actor repeats its directive until it is done, so
 * the machine keeps the newest one and works towards it (advance.ts) whenever something has changed.
 *
 *   unloaded ─plan─▶ loaded ─step plan─▶ computing, exchanging ─commit─▶ applied ─▶ next plan
 *   no member ─step plan that names it as joining─▶ fetching the state of a member ─▶ loaded
 *   applied ─epoch end─▶ digested ─▶ snapshot written (one trainer) ─▶ loaded with the next plan
 *
 * Its shell passes `welcomed` on from presence, runs one replica command at a time, and ticks
 * several times a second.
 */
import { slotDigestOf } from '../../gradient/slot-digest.js';
import type { Step } from '../step.js';
import { advance } from './advance.js';
import { answer } from './answers.js';
import type { Directive, TrainerCommand, TrainerInput } from './commands.js';
import { chase, committedVectors, keep, takeChunk, takeCredit, want, withPeers } from './exchange.js';
import { chased, needsState, stateChunk } from './joining.js';
import { answer as answerRequest, drained } from './outgoing.js';
import { commitOf, isInEpoch, lengthOf } from './plan.js';
import type { TrainerSetup } from './setup.js';
import { copied, requested, shared } from './sharing.js';
import type { TrainerState } from './trainer-state.js';
import { becomeApplied, becomeFree, becomeJoined, becomeLoaded, becomeWelcome } from './trainer-state.js';
import { TrainerTurn } from './turn.js';

export function step(
  setup: TrainerSetup,
  state: TrainerState,
  input: TrainerInput,
  now: number,
): Step<TrainerState, TrainerCommand> {
  const turn = new TrainerTurn(setup, now);
  const handled = shared(turn, handle(turn, state, input));
  const exchange = drained(turn, handled.exchange);
  return { state: { ...handled, exchange }, save: turn.save, send: turn.send };
}

function handle(turn: TrainerTurn, state: TrainerState, input: TrainerInput): TrainerState {
  switch (input.kind) {
    case 'received':
      return receive(turn, state, input);
    case 'welcomed':
      return becomeWelcome(turn, state, input.fence);
    case 'epoch-loaded':
      return loaded(turn, state, input);
    case 'slot-computed':
      return computed(turn, state, input);
    case 'applied':
      return applied(turn, state, input);
    case 'digested':
      return digested(turn, state, input.sha256);
    case 'snapshot-written':
      return written(turn, state, input.error);
    case 'state-copied':
      return copied(state, input.copy);
    case 'evaluations-paused':
      if (state.evaluations !== 'pausing') return state;
      return settle(turn, { ...state, evaluations: 'paused' });
    case 'tick':
      return tick(turn, state);
    default:
      return input satisfies never;
  }
}

type Input<Kind extends TrainerInput['kind']> = Extract<TrainerInput, { readonly kind: Kind }>;

function receive(turn: TrainerTurn, state: TrainerState, input: Input<'received'>): TrainerState {
  const { exchange } = state;
  switch (input.name) {
    case 'Directive':
      return follow(turn, state, input.message);
    case 'GradientChunk': {
      const taken = takeChunk(turn, exchange, input.message);
      const next = { ...state, exchange: taken.state };
      return taken.completed ? settle(turn, next) : next;
    }
    case 'Credit':
      return { ...state, exchange: takeCredit(turn, exchange, input.message) };
    case 'ChunkRequest':
      return { ...state, exchange: answerRequest(turn, exchange, input.message) };
    case 'StateRequest':
      return requested(turn, state, input.message);
    case 'StateChunk': {
      const taken = stateChunk(turn, state, input.message);
      return taken.completed ? settle(turn, taken.state) : taken.state;
    }
    default:
      return input satisfies never;
  }
}

/** Does what can be done now, then tells the evolution actor where this trainer stands. */
function settle(turn: TrainerTurn, state: TrainerState): TrainerState {
  const next = advance(turn, state);
  answer(turn, next);
  return next;
}

// --- directives ---

/**
 * Only the fence of the welcome counts: another one is of an earlier life of the evolution actor, or
 * forged. A new fence comes with a new welcome, which the roll call brings about within a second.
 */
function follow(turn: TrainerTurn, state: TrainerState, directive: Directive): TrainerState {
  if (directive.fence !== state.fence || !isSound(turn, directive)) return state;
  if (state.directive !== null && isOlder(directive, state.directive)) return state;
  const peers = directive.members.filter((member) => member !== turn.setup.id);
  const next = { ...state, directive, exchange: withPeers(state.exchange, peers) };
  // A snapshot that could not be written is tried again for as long as it is asked for.
  const result = next.result === null ? null : { ...next.result, error: null };
  return settle(turn, wanted(turn, { ...next, result }, directive));
}

/** Slots within the step, individuals within the plan: what the machine looks up without asking again. */
function isSound({ setup }: TrainerTurn, { plan, step: stepPlan, end }: Directive): boolean {
  const slots = setup.individualsPerStep * setup.microBatches;
  const named = [
    ...(stepPlan?.leases ?? []),
    ...(stepPlan?.checks ?? []),
    ...(stepPlan?.commit?.slots ?? []),
    ...(end?.commit?.slots ?? []),
  ];
  return (
    named.every(({ slot }) => slot < slots) &&
    [plan, stepPlan?.joining?.plan ?? null].every(
      (each) => each === null || each.schedule.every((position) => position < each.individuals.length),
    )
  );
}

/** Messages may overtake each other; within a fence training only moves forward. */
function isOlder(directive: Directive, known: Directive): boolean {
  if (directive.epoch !== known.epoch) return directive.epoch < known.epoch;
  return rank(directive) < rank(known);
}

function rank({ plan, step: stepPlan }: Directive): number {
  return plan !== null ? -1 : (stepPlan?.step ?? Infinity);
}

/** Wants the slots of the step at once, whatever this trainer is doing: chunks come when they come. */
function wanted(turn: TrainerTurn, state: TrainerState, directive: Directive): TrainerState {
  const { epoch } = state;
  if (epoch?.epoch !== directive.epoch || !directive.members.includes(turn.setup.id)) return state;
  if (needsState(turn.setup.id, state, directive)) return state;
  let next = state;
  const { setup } = turn;
  const commit = commitOf(directive);
  if (commit?.step === state.appliedStep && isInEpoch(setup, epoch, commit.step)) {
    const vectors = committedVectors(state.exchange, commit.step, commit.slots);
    if (vectors === null) {
      const lengths = (slot: number): number => lengthOf(setup, epoch, commit.step, slot);
      const exchange = want(turn, next.exchange, { ...commit, leases: commit.slots, lengthOf: lengths });
      next = { ...next, exchange, stuckSince: next.stuckSince ?? turn.now };
    }
  }
  const plan = directive.step;
  if (plan !== null && isInEpoch(setup, epoch, plan.step)) {
    const lengths = (slot: number): number => lengthOf(setup, epoch, plan.step, slot);
    next = { ...next, exchange: want(turn, next.exchange, { ...plan, lengthOf: lengths }) };
  }
  return next;
}

// --- the ends of commands ---

/** The command that has ended, when it is of this kind; its end, coming twice, counts once. */
function ended<Kind extends NonNullable<TrainerState['work']>['command']['kind']>(
  state: TrainerState,
  kind: Kind,
): Extract<NonNullable<TrainerState['work']>['command'], { readonly kind: Kind }> | null {
  const command = state.work?.command;
  return command?.kind === kind
    ? (command as Extract<NonNullable<TrainerState['work']>['command'], { readonly kind: Kind }>)
    : null;
}

function loaded(turn: TrainerTurn, state: TrainerState, input: Input<'epoch-loaded'>): TrainerState {
  const command = ended(state, 'load-epoch') ?? ended(state, 'join-epoch');
  if (command === null) return state;
  const { fence, epoch, plan } = command;
  const next = becomeFree(state);
  if (input.error !== null) {
    if (command.kind === 'join-epoch') return failed(turn, next, input.error);
    turn.tell('EpochReady', { id: turn.setup.id, fence, epoch, error: input.error });
    return next;
  }
  const { firstStep, schedule, individuals } = plan;
  const genomes = individuals.map(({ genome }) => genome);
  const atWork = { epoch, firstStep, fence, genomes, schedule, lengths: input.lengths };
  const begun =
    command.kind === 'join-epoch'
      ? becomeJoined(next, atWork, command)
      : becomeLoaded(next, atWork, plan.startStep);
  return settle(turn, begun.directive === null ? begun : wanted(turn, begun, begun.directive));
}

function computed(turn: TrainerTurn, state: TrainerState, input: Input<'slot-computed'>): TrainerState {
  const command = ended(state, 'compute');
  if (command === null) return state;
  const next = becomeFree(state);
  if ('failure' in input) return failed(turn, next, input.failure);
  const { chunkBytes } = turn.setup.exchange;
  const result = 'bad' in input ? input : { ...input, digest: slotDigestOf(input.vector, chunkBytes) };
  if (command.isCheck) return settle(turn, withChecked(next, command, result));
  return settle(turn, { ...next, exchange: keep(next.exchange, command.step, command.lease, result) });
}

/** A slot that another trainer holds the lease of: what it came to counts while the step is at work. */
function withChecked(
  state: TrainerState,
  { step: at, lease: { slot } }: { readonly step: number; readonly lease: { readonly slot: number } },
  result: { readonly digest: string } | { readonly bad: string },
): TrainerState {
  if (at !== state.appliedStep) return state;
  const digest = 'bad' in result ? null : result.digest;
  const bad = 'bad' in result ? result.bad : null;
  return { ...state, checked: [...state.checked, { slot, digest, bad }] };
}

function applied(turn: TrainerTurn, state: TrainerState, input: Input<'applied'>): TrainerState {
  const command = ended(state, 'apply');
  if (command === null) return state;
  const next = becomeFree(state);
  if (input.failure !== null) return failed(turn, next, input.failure);
  return settle(turn, becomeApplied(next, command.step, input.digest));
}

function digested(turn: TrainerTurn, state: TrainerState, sha256: string): TrainerState {
  const command = ended(state, 'digest');
  if (command === null) return state;
  const result = { epoch: command.epoch, sha256, written: false, error: null };
  return settle(turn, { ...becomeFree(state), result });
}

function written(turn: TrainerTurn, state: TrainerState, error: string | null): TrainerState {
  const command = ended(state, 'write-snapshot');
  if (command === null) return state;
  const { epoch, sha256 } = command;
  return settle(turn, { ...becomeFree(state), result: { epoch, sha256, written: error === null, error } });
}

/** Not the slot's fault but this process's: it ends, and what it had leased is leased again. */
function failed(turn: TrainerTurn, state: TrainerState, reason: string): TrainerState {
  turn.save.push({ kind: 'fail', reason });
  return state;
}

// --- time ---

function tick(turn: TrainerTurn, state: TrainerState): TrainerState {
  const { work } = state;
  if (work !== null && turn.now - work.since > turn.setup.deadlines[work.command.kind]) {
    const seconds = turn.setup.deadlines[work.command.kind] / 1000;
    return failed(turn, state, `expected ${work.command.kind} to end within ${seconds} s, but it goes on`);
  }
  return chased(turn, { ...state, exchange: chase(turn, state.exchange) });
}
