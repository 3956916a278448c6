/**
 * A worker's presence on the bus, as a deterministic machine: hello until it is answered, hello again
 * when the roll call has another fence or does not name it, heartbeats in between. Ticks several times
 * within a heartbeat; the answer to a hello is passed in as a received Welcome. A worker that is told to end
 * asks whether it may, until the run can do without it; meanwhile it works on. Evolution calls the roll every
 * second: a run of which nothing is heard for long has been stopped, or cannot be reached.
 */
import { isMember } from '../../search/members.js';
import type { Message, Role } from '../../wire/messages.js';
import type { Received, Send, Step } from '../step.js';

export interface Identity {
  readonly role: Role;
  readonly id: string;
  /** New for each start of the process. */
  readonly incarnation: string;
  readonly pid: number;
  readonly device: string;
  readonly fingerprint: string;
  /** SHA-256, hexadecimal. */
  readonly canary: string;
  /** For people. */
  readonly seen: Message<'Hello'>['seen'];
}

export interface PresenceSetup {
  readonly identity: Identity;
  /** Version of the messages, see `proto/emars.proto`. */
  readonly protocol: number;
  readonly heartbeatMs: number;
  /** How long an answer to a hello is waited for. */
  readonly askMs: number;
  /** A run of which nothing is heard for so long is silent. */
  readonly silenceMs: number;
}

/** Where a trainer stands, as its hello says; null: it holds no weights. */
export type Position = Message<'Hello'>['position'];

export interface PresenceState {
  /** The fence this worker was welcomed under last; null before. */
  readonly fence: number | null;
  /** A hello is due. */
  readonly isDue: boolean;
  /** When the hello without an answer was sent; null when none is. */
  readonly askedAt: number | null;
  /** When the last heartbeat was sent. */
  readonly beatAt: number | null;
  /** This worker wants to go. `saidAt`: when it last said so; null before the first time. */
  readonly leaving: { readonly saidAt: number | null; readonly isReleased: boolean } | null;
  /** Since the run was last heard; `ms` counts what this worker lived through, not while it was stopped itself. */
  readonly quiet: { readonly ms: number; readonly tickAt: number | null; readonly isSaid: boolean };
}

export type PresenceInput =
  | Received<'RollCall' | 'Welcome' | 'Receipt'>
  /** This worker is told to end. */
  | { readonly kind: 'leave' }
  /** `position`: for the hello, should one be due. */
  | { readonly kind: 'tick'; readonly position: Position };

export type PresenceCommand =
  /** The run takes this worker. Comes again with each welcome; the fence never falls. */
  | { readonly kind: 'welcomed'; readonly fence: number }
  /** The run will not have this worker; starting it again would not help. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The run can do without this worker. */
  | { readonly kind: 'released' }
  /** Nothing is heard of the run any more. */
  | { readonly kind: 'silent' }
  /** It is heard again. */
  | { readonly kind: 'heard' };

/** A longer time between two ticks is none that a worker listened in. */
const LONGEST_TICK_MS = 1000;

export const initialPresence: PresenceState = {
  fence: null,
  isDue: true,
  askedAt: null,
  beatAt: null,
  leaving: null,
  quiet: { ms: 0, tickAt: null, isSaid: false },
};

export function step(
  setup: PresenceSetup,
  state: PresenceState,
  input: PresenceInput,
  now: number,
): Step<PresenceState, PresenceCommand> {
  switch (input.kind) {
    case 'received':
      return heard(receive(setup, state, input));
    case 'leave':
      // No one waits for a worker that was never welcome.
      if (state.fence === null) return { state, save: [{ kind: 'released' }], send: [] };
      return {
        state: { ...state, leaving: state.leaving ?? { saidAt: null, isReleased: false } },
        save: [],
        send: [],
      };
    case 'tick':
      return tick(setup, state, input.position, now);
    default:
      return input satisfies never;
  }
}

/** Whatever comes from evolution shows that the run is at work. */
function heard({
  state,
  save,
  send,
}: Step<PresenceState, PresenceCommand>): Step<PresenceState, PresenceCommand> {
  const { isSaid } = state.quiet;
  return {
    state: { ...state, quiet: { ...state.quiet, ms: 0, isSaid: false } },
    save: isSaid ? [{ kind: 'heard' }, ...save] : save,
    send,
  };
}

function receive(
  { identity }: PresenceSetup,
  state: PresenceState,
  input: Received<'RollCall' | 'Welcome' | 'Receipt'>,
): Step<PresenceState, PresenceCommand> {
  switch (input.name) {
    case 'RollCall': {
      const { fence, present } = input.message;
      const isKnown = fence === state.fence && isMember(present, identity.incarnation);
      return { state: isKnown ? state : { ...state, isDue: true }, save: [], send: [] };
    }
    case 'Welcome': {
      const { accepted, reason, fence } = input.message;
      // An empty message is neither welcome nor refusal.
      if (!accepted && reason === null) return { state, save: [], send: [] };
      if (!accepted)
        return {
          state: { ...state, isDue: false, askedAt: null },
          save: [{ kind: 'refused', reason: `${identity.id} was refused: ${reason!}` }],
          send: [],
        };
      // An answer to an earlier hello, overtaken by a later one.
      if (state.fence !== null && fence < state.fence) return { state, save: [], send: [] };
      return {
        state: { ...state, fence, isDue: false, askedAt: null },
        save: [{ kind: 'welcomed', fence }],
        send: [],
      };
    }
    case 'Receipt':
      // An empty message is no release.
      if (!input.message.accepted || state.leaving === null) return { state, save: [], send: [] };
      return {
        state: { ...state, leaving: { ...state.leaving, isReleased: true } },
        save: state.leaving.isReleased ? [] : [{ kind: 'released' }],
        send: [],
      };
    default:
      return input satisfies never;
  }
}

function tick(
  setup: PresenceSetup,
  before: PresenceState,
  position: Position,
  now: number,
): Step<PresenceState, PresenceCommand> {
  const { tickAt, isSaid } = before.quiet;
  const ms = before.quiet.ms + (tickAt === null ? 0 : Math.min(now - tickAt, LONGEST_TICK_MS));
  const isSilent = ms >= setup.silenceMs;
  const state = { ...before, quiet: { ms, tickAt: now, isSaid: isSilent } };
  const save: PresenceCommand[] = isSilent && !isSaid ? [{ kind: 'silent' }] : [];
  const { identity, protocol, heartbeatMs, askMs } = setup;
  const { id, role, incarnation } = identity;
  const send: Send[] = [];
  let { beatAt, askedAt, leaving } = state;
  // The run counts on it no more: another hello would take it in again.
  if (leaving?.isReleased === true) return { state, save, send };
  if (beatAt === null || now - beatAt >= heartbeatMs) {
    beatAt = now;
    send.push({ name: 'Heartbeat', message: { id, role, incarnation, fence: state.fence ?? 0 }, to: null });
  }
  if (state.isDue && (askedAt === null || now - askedAt >= askMs)) {
    askedAt = now;
    send.push({ name: 'Hello', message: { protocol, ...identity, position }, to: null });
  }
  if (leaving !== null && (leaving.saidAt === null || now - leaving.saidAt >= askMs)) {
    leaving = { ...leaving, saidAt: now };
    send.push({ name: 'Leave', message: { id, incarnation, fence: state.fence ?? 0 }, to: null });
  }
  return { state: { ...state, beatAt, askedAt, leaving }, save, send };
}
