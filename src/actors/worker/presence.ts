/** Shell of a worker's presence, in the bus thread: heartbeats live through a long TensorFlow step. */
import type {
  Identity,
  Position,
  PresenceCommand,
  PresenceInput,
  PresenceState,
} from '../../protocol/worker/presence.js';
import { initialPresence, step } from '../../protocol/worker/presence.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import { PROTOCOL } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';
import { MachineShell } from './machine-shell.js';

const TICK_MS = 100;

export interface PresenceParts {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly identity: Identity;
  readonly timing: { readonly heartbeatMs: number; readonly askMs: number; readonly silenceMs: number };
  /** What this worker holds, for its hello. */
  readonly position: () => Position;
  /** Each time: the first one admits this worker to work. */
  readonly onWelcome: (fence: number) => void;
  readonly onRefused: (reason: string) => void;
  /** Nothing is heard of the run any more, or again. */
  readonly onSilence: (isSilent: boolean) => void;
  readonly onError: (error: unknown) => void;
}

export interface RunningPresence extends Handle {
  /** Asks the run to do without this worker; resolves when it can, or when there is no run that answers. */
  leave(): Promise<void>;
}

/** Makes a worker known, until the handle is closed. */
export function startPresence(parts: PresenceParts): RunningPresence {
  const { bus, subjects, identity, timing, position, onWelcome, onRefused, onSilence, onError } = parts;
  const setup = { identity, protocol: PROTOCOL, ...timing };
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  const start = (command: PresenceCommand): void => {
    switch (command.kind) {
      case 'welcomed':
        onWelcome(command.fence);
        return;
      case 'refused':
        onRefused(command.reason);
        return;
      case 'released':
        release();
        return;
      case 'silent':
      case 'heard':
        onSilence(command.kind === 'silent');
        return;
    }
  };
  const tick = (): PresenceInput => ({ kind: 'tick', position: position() });
  const shell = new MachineShell<PresenceState, PresenceInput, PresenceCommand>({
    bus,
    subjects,
    client: identity,
    initial: initialPresence,
    step: (state, input, now) => step(setup, state, input, now),
    start,
    tick: { everyMs: Math.min(TICK_MS, timing.heartbeatMs), input: tick },
    onError,
  });
  shell.listenForAnswers('Hello', 'Welcome', (received) => received);
  shell.listenForAnswers('Leave', 'Receipt', (received) => received);
  shell.listen('RollCall', subjects.rollCall, (received) => received);
  shell.take(tick());
  return {
    leave: () => {
      shell.take({ kind: 'leave' });
      return released;
    },
    close: () => shell.close(),
  };
}
