/**
 * Negative controls: one safeguard taken away at a time. A suite that stays green without a safeguard does
 * not test it, so each must make seeds fail, which a test asserts. Each is taken away at the border of a
 * machine, in what the simulator puts around it; the machines themselves have no such switches.
 */
import type { EvolutionInput } from '#emars/protocol/evolution/commands.js';
import type { EvolutionState } from '#emars/protocol/evolution/evolution-state.js';
import type { AppliedSlot, ReplicaCommand, TrainerInput } from '#emars/protocol/trainer/commands.js';
import type { Message, MessageName } from '#emars/wire/messages.js';
import { checksumOf } from '#emars/wire/packing.js';

export const CONTROLS = [
  'fencing',
  'checksum',
  'journal-before-act',
  'ordered-sum',
  'dedupe',
  'double-check',
] as const;
export type ControlName = (typeof CONTROLS)[number];

type Apply = Extract<ReplicaCommand, { kind: 'apply' }>;

/** The one fence there is where nothing is fenced. */
const ONE = 1;

export class Controls {
  constructor(private readonly off: ControlName | null) {}

  /** The journal has an event before it is told; without it the disk comes second. */
  get journalBeforeAct(): boolean {
    return this.off !== 'journal-before-act';
  }

  /** Some slots are computed twice; without it none is. */
  checkShare(share: number): number {
    return this.off === 'double-check' ? 0 : share;
  }

  /** Slots are summed in their order; without it in the order of their coming. */
  slotOrder({ step, slots }: Apply, arrivals: ReadonlyMap<string, number>): Apply['slots'] {
    if (this.off !== 'ordered-sum') return slots;
    const when = ({ slot }: AppliedSlot): number => arrivals.get(`${step}/${slot}`) ?? 0;
    return [...slots].sort((a, b) => when(a) - when(b));
  }

  /**
   * A message's checksum is compared; without it each fits.
   */
  bytesOf(name: MessageName, bytes: Uint8Array): Uint8Array {
    if (this.off !== 'checksum') return bytes;
    const body = bytes.subarray(0, bytes.length - checksumOf(name, bytes).length);
    return Buffer.concat([body, checksumOf(name, body)]);
  }

  /**
   * Messages of an older fence are told apart; without it trainers know one fence only…
   */
  trainerInput(input: TrainerInput): TrainerInput {
    if (input.kind !== 'received') return input;
    if (this.off !== 'fencing') return input;
    switch (input.name) {
      case 'Directive':
        return { ...input, message: unfenced(input.message) };
      case 'GradientChunk':
        return { ...input, message: { ...input.message, fence: ONE } };
      case 'ChunkRequest':
        return { ...input, message: { ...input.message, fence: ONE } };
      case 'StateRequest':
        return { ...input, message: { ...input.message, fence: ONE } };
      case 'StateChunk':
        return { ...input, message: { ...input.message, fence: ONE } };
      case 'Credit':
        return input;
    }
  }

  welcomeFence(fence: number): number {
    return this.off === 'fencing' ? ONE : fence;
  }

  /** …and evolution takes every message for one of the fence at work. */
  evolutionInput(input: EvolutionInput, { search }: EvolutionState): EvolutionInput {
    if (this.off !== 'fencing' || input.kind !== 'received') return input;
    const { fence } = search;
    switch (input.name) {
      case 'SlotsHeld': {
        const held = input.message.held.map((attempt) => ({ ...attempt, fence }));
        return { ...input, message: { ...input.message, fence, held } };
      }
      case 'EpochReady':
        return { ...input, message: { ...input.message, fence } };
      case 'EpochTrained':
        return { ...input, message: { ...input.message, fence } };
      default:
        return input;
    }
  }

  /** A second result of an evaluation is known as such; without it the first one is forgotten. */
  evolutionState(state: EvolutionState, input: EvolutionInput): EvolutionState {
    if (this.off !== 'dedupe' || input.kind !== 'received' || input.name !== 'EvaluationResult') return state;
    const { individual, objective } = input.message;
    const { [objective]: known, ...others } = state.search.measured.get(individual) ?? {};
    if (known === undefined) return state;
    const measured = state.search.measured.with(individual, others);
    return { ...state, search: { ...state.search, measured } };
  }
}

function unfenced(directive: Message<'Directive'>): Message<'Directive'> {
  const { step, end } = directive;
  return {
    ...directive,
    fence: ONE,
    step: step && { ...step, leases: step.leases.map(withOne), commit: commitWithOne(step.commit) },
    end: end && { ...end, commit: commitWithOne(end.commit) },
  };
}

type Commit = NonNullable<Message<'Directive'>['end']>['commit'];

function commitWithOne(commit: Commit): Commit {
  return commit && { ...commit, slots: commit.slots.map(withOne) };
}

function withOne<Slot extends { readonly fence: number }>(slot: Slot): Slot {
  return { ...slot, fence: ONE };
}
