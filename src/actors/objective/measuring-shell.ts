/**
 * Runs the machine of an objective that joins a search: on the bus of a run, with a sandbox that measures.
 * A run that is cut off or resumed on another port is joined again, under the same membership.
 */
import { randomUUID } from 'node:crypto';
import type {
  Context,
  MeasureOutcome,
  MeasuringCommand,
  MeasuringInput,
  MeasuringState,
} from '../../protocol/objective/measuring.js';
import { initialMeasuring, step } from '../../protocol/objective/measuring.js';
import type { Bus } from '../../runtime/bus/bus.js';
import { after, monotonicMs } from '../../runtime/process/monotonic.js';
import { REMOVED } from '../../search/joined-objectives.js';
import type { Subjects } from '../../wire/subjects.js';
import { Listening } from '../setup/listening.js';
import { MachineShell } from '../worker/machine-shell.js';
import type { ObjectiveDescription } from './sandbox-messages.js';
import type { Sandbox } from './sandbox.js';
import { textOf } from '../../errors/text.js';

export interface MeasuringParts {
  readonly description: ObjectiveDescription;
  readonly sandbox: Pick<Sandbox, 'measure'>;
  /** The first epoch to take part in; null: the next. */
  readonly since: number | null;
  /** Joins the bus of the run, waiting until that can be done; null: the search is over. */
  readonly join: () => Promise<{ readonly bus: Bus; readonly subjects: Subjects } | null>;
  readonly tell: (event: MeasuringEvent) => void;
  readonly signal: AbortSignal;
}

export type MeasuringEvent =
  | { readonly kind: 'joined'; readonly since: number }
  | { readonly kind: 'measured'; readonly individual: string; readonly outcome: MeasureOutcome };

/** `isOver`: the search has ended. Otherwise evolution does without this objective, for a reason. */
export type MeasuringEnd =
  | { readonly isOver: true }
  | {
      readonly isOver: false;
      readonly reason: string;
      readonly wasJoined: boolean;
      readonly isRemoved: boolean;
    };

const TICK_MS = 200;
const HELLO_MS = 1000;
const BUSY_MS = 60_000;
/** A bus that is gone for so long may be back under another address. */
const CUT_OFF_MS = 5000;

/** Measures for the search until one of the two is over. Errors: the reason of `signal`; those of `join`. */
export async function measureForRun(parts: MeasuringParts): Promise<MeasuringEnd> {
  const known: Known = { incarnation: randomUUID(), context: null };
  for (;;) {
    parts.signal.throwIfAborted();
    const joined = await parts.join();
    if (joined === null) return { isOver: true };
    try {
      const end = await onBus(parts, known, joined.bus, joined.subjects);
      if (end !== 'cut off') return end;
    } finally {
      await joined.bus.close().catch(() => undefined);
    }
  }
}

/** What outlives a connection. */
interface Known {
  readonly incarnation: string;
  /** Null before the first welcome. */
  context: Context | null;
}

function onBus(
  parts: MeasuringParts,
  known: Known,
  bus: Bus,
  subjects: Subjects,
): Promise<MeasuringEnd | 'cut off'> {
  const { description, sandbox, since, tell, signal } = parts;
  const { name, unit, direction, needs } = description;
  const { incarnation } = known;
  const setup = {
    name,
    unit,
    direction,
    needs,
    incarnation,
    since: since ?? 0,
    helloMs: HELLO_MS,
    busyMs: BUSY_MS,
  };
  return new Promise((resolve, reject) => {
    const start = (command: MeasuringCommand): void => {
      switch (command.kind) {
        case 'welcomed':
          known.context = command.context;
          tell({ kind: 'joined', since: command.since });
          return;
        case 'measure':
          void measured(sandbox, subjectOf(description, known.context!, command)).then((outcome) => {
            const individual = command.subject.individual.id;
            tell({ kind: 'measured', individual, outcome });
            shell.take({ kind: 'measured', round: command.round, individual, outcome });
          });
          return;
        case 'end':
          settle({ ...command, isOver: false, isRemoved: command.reason === REMOVED });
      }
    };
    const shell = new MachineShell<MeasuringState, MeasuringInput, MeasuringCommand>({
      bus,
      subjects,
      client: { role: 'objective', id: name },
      initial: initialMeasuring(known.context !== null),
      step: (state, input, now) => step(setup, state, input, now),
      start,
      tick: { everyMs: TICK_MS, input: () => ({ kind: 'tick' }) },
      onError: (error) => fail(error),
    });
    const farewell = new Listening(bus);
    farewell.on('Farewell', subjects.farewell, () => settle({ isOver: true }));
    let connectedAt = monotonicMs();
    const watch = (): void => {
      if (bus.connected) connectedAt = monotonicMs();
      if (bus.closed || monotonicMs() - connectedAt > CUT_OFF_MS) settle('cut off');
      else timer = after(TICK_MS, watch);
    };
    let timer = after(TICK_MS, watch);
    const stop = (): void => fail(signal.reason);
    const close = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', stop);
      shell.close();
      farewell.close();
    };
    const settle = (end: MeasuringEnd | 'cut off'): void => {
      close();
      resolve(end);
    };
    const fail = (error: unknown): void => {
      close();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    signal.addEventListener('abort', stop);
    shell.listenForAnswers('ObjectiveHello', 'ObjectiveReply', (received) => received);
    shell.listen('MeasureRequest', subjects.measure(name), (received) => received);
    shell.take({ kind: 'tick' });
  });
}

/**
 * What `measure` of a module is called with: as objectives of the configuration are. For one of weights it is the
 * key of the evaluation; its process opens scans and snapshot by it.
 */
function subjectOf(
  { name, needs }: ObjectiveDescription,
  context: Context,
  { epoch, snapshot, subject: { individual, history } }: Extract<MeasuringCommand, { kind: 'measure' }>,
): object {
  switch (needs) {
    case 'history':
      return { history: history.map(({ epoch: at, accuracy }) => [at, accuracy]) };
    case 'weights':
      return { epoch, snapshot, genome: individual.genome, objective: name };
    case 'genome': {
      const { slices, size, ...space } = context;
      return { space, genome: individual.genome, input: { slices, size } };
    }
  }
}

async function measured(sandbox: MeasuringParts['sandbox'], subject: object): Promise<MeasureOutcome> {
  try {
    const { value, defined } = await sandbox.measure(subject);
    return { value, isUndefined: defined === false };
  } catch (error) {
    return { failure: textOf(error) };
  }
}
