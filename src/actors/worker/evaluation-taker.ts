/**
 * Takes evaluations from the work queue, one at a time: the evaluator always, a trainer between
 * epochs. Lives in the bus thread. A request is acknowledged after the evolution actor has written
 * the result down; before that, whatever dies, the queue hands it to somebody else.
 */
import type { Measured } from '../../objectives/objective.js';
import type { Bus } from '../../runtime/bus/connection.js';
import { sleep } from '../../runtime/process/monotonic.js';
import type { Taken, WorkTaker } from '../../runtime/bus/work-queue.js';
import { takeWork } from '../../runtime/bus/work-queue.js';
import type { Draft, Message } from '../../wire/messages.js';
import { decode, encode } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';

export interface EvaluationKey {
  readonly epoch: number;
  readonly snapshot: string;
  readonly genome: readonly string[];
  readonly objective: string;
}

/** What the TensorFlow thread does for the taker. */
export interface Measurer {
  measure(key: EvaluationKey): Promise<Measured>;
}

/** After `maxDeliver` deliveries whoever takes the request says that it cannot be done. */
export const EVALUATION_QUEUE = { ackWaitMs: 6000, maxDeliver: 5 };
const RESULT_MS = 10_000;
const RETRY_MS = 500;

/** Starts paused: who is not welcome must not deliver. */
export function takeEvaluations(bus: Bus, subjects: Subjects, worker: string, measurer: Measurer): WorkTaker {
  const onError = (error: unknown): void =>
    void process.stderr.write(`evaluation: ${error instanceof Error ? error.message : String(error)}\n`);
  const work = { stream: subjects.evaluationStream, consumer: 'evaluators', paused: true, onError };
  return takeWork(
    bus,
    work,
    async (bytes, taken) => {
      const request = decode('EvaluationRequest', bytes);
      const result = await measured(request, taken, worker, measurer);
      return (await delivered(bus, subjects, result)) ? 'ack' : 'nak';
    },
    { signal: new AbortController().signal },
  );
}

/** Insists: while nobody answers, the evolution actor is being started again, and the work is done. */
async function delivered(bus: Bus, subjects: Subjects, result: Draft<'EvaluationResult'>): Promise<boolean> {
  for (;;) {
    try {
      return decode('Receipt', await bus.ask(subjects.result, encode('EvaluationResult', result), RESULT_MS))
        .accepted;
    } catch (error) {
      if (bus.closed) throw error;
      await sleep(RETRY_MS);
    }
  }
}

async function measured(
  request: Message<'EvaluationRequest'>,
  { deliveries, exhausted }: Taken,
  worker: string,
  measurer: Measurer,
): Promise<Draft<'EvaluationResult'>> {
  const { epoch, snapshot, objective, individual } = request;
  const base = { epoch, snapshot, objective, individual: individual.id, worker, deliveries };
  if (exhausted)
    return {
      ...base,
      error: `given up after ${EVALUATION_QUEUE.maxDeliver} deliveries: each worker that took it died or fell silent`,
    };
  try {
    const { value, confusion } = await measurer.measure({
      epoch,
      snapshot,
      genome: individual.genome,
      objective,
    });
    return { ...base, value, confusion: [...(confusion ?? [])] };
  } catch (error) {
    // Tried again elsewhere first: the fault may be this worker's, and must not become a verdict.
    if (deliveries < EVALUATION_QUEUE.maxDeliver) throw error;
    return { ...base, error: error instanceof Error ? error.message : String(error) };
  }
}
