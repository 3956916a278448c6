/**
 * Shell of the taker: takes evaluations from the work queue, one at a time, the evaluator always, a
 * trainer between epochs. Lives in the bus thread; the TensorFlow thread measures.
 */
import type { Measured } from '../../objectives/objective.js';
import type {
  EvaluationKey,
  TakerCommand,
  TakerInput,
  TakerState,
} from '../../protocol/worker/evaluation-taker.js';
import { initialTaker, step } from '../../protocol/worker/evaluation-taker.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import type { Verdict, WorkTaker } from '../../runtime/bus/work-queue.js';
import { takeWork } from '../../runtime/bus/work-queue.js';
import { decode, WireError } from '../../wire/messages.js';
import { EVALUATION_CONSUMER } from '../../wire/permissions.js';
import type { Subjects } from '../../wire/subjects.js';
import { deadLetterBox } from '../setup/dead-letters.js';
import { MachineShell } from './machine-shell.js';
import type { BusClient } from '../../wire/bus-role.js';
import { textOf } from '../../errors/text.js';

export type { EvaluationKey } from '../../protocol/worker/evaluation-taker.js';

/** What the TensorFlow thread does for the taker. */
export interface Measurer {
  measure(key: EvaluationKey): Promise<Measured>;
}

/** After `maxDeliver` deliveries the worker that takes the request says that it cannot be done. */
export const EVALUATION_QUEUE = { consumer: EVALUATION_CONSUMER, ackWaitMs: 6000, maxDeliver: 5 };
const RESULT_MS = 5000;
const TICK_MS = 250;

export interface TakerParts {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly client: BusClient;
  readonly measurer: Measurer;
  readonly onError: (error: unknown) => void;
}

/** Starts paused: who is not welcome must not deliver. Ends when the handle is closed. */
export function takeEvaluations(parts: TakerParts): Handle & Pick<WorkTaker, 'pause' | 'resume'> {
  const { bus, subjects, client, measurer, onError } = parts;
  const setup = { worker: client.id, maxDeliver: EVALUATION_QUEUE.maxDeliver, resultMs: RESULT_MS };
  const ended = new AbortController();
  let giveBack: (verdict: Verdict) => void = () => undefined;
  const start = (command: TakerCommand): void => {
    if (command.kind === 'measure') {
      void measurer.measure(command.key).then(
        ({ value, confusion }) =>
          shell.take({ kind: 'measured', value, confusion: confusion === undefined ? [] : [...confusion] }),
        (error: unknown) =>
          shell.take({ kind: 'measured', failure: textOf(error), isVerdict: isModuleAtFault(error) }),
      );
      return;
    }
    if (command.reason !== null) say(command.reason);
    giveBack(command.verdict);
  };
  const shell = new MachineShell<TakerState, TakerInput, TakerCommand>({
    bus,
    subjects,
    client,
    initial: initialTaker,
    step: (state, input, now) => step(setup, state, input, now),
    start,
    tick: { everyMs: TICK_MS, input: () => ({ kind: 'tick' }) },
    onError,
  });
  shell.listenForAnswers('EvaluationResult', 'Receipt', (received) => received);
  const work = { stream: subjects.evaluationStream, ...EVALUATION_QUEUE, paused: true, onError: say };
  const dead = deadLetterBox(bus, subjects, client);
  let refused = 0;
  const refuse = (bytes: Uint8Array, reason: string): void =>
    dead({ expected: 'EvaluationRequest', subject: subjects.evaluate, reason, bytes, count: ++refused });
  const taker = takeWork(
    bus,
    work,
    (bytes, { deliveries }) => {
      try {
        const request = decode('EvaluationRequest', bytes);
        if (deliveries > EVALUATION_QUEUE.maxDeliver)
          refuse(bytes, `handed out ${deliveries} times: each worker that took it died or fell silent`);
        return new Promise<Verdict>((resolve) => {
          giveBack = resolve;
          shell.take({ kind: 'taken', request, deliveries });
        });
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        say(error);
        refuse(bytes, error.message);
        return Promise.resolve('term' as const);
      }
    },
    { signal: ended.signal },
  );
  const close = (): void => {
    ended.abort();
    shell.close();
    giveBack('nak');
  };
  return { pause: () => taker.pause(), resume: () => taker.resume(), close };
}

function say(error: unknown): void {
  process.stderr.write(`evaluation: ${textOf(error)}\n`);
}

/** A module of the user that failed in its sandbox has been tried again already. The class does not cross threads. */
function isModuleAtFault(error: unknown): boolean {
  return error instanceof Error && error.name === 'MeasurementFailed';
}
