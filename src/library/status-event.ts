/** A status from the bus as an event of the library. */
import type { Message } from '../wire/messages.js';
import type { StatusEvent } from './run-events.js';

/** What of a status concerns a caller; the rest is for `run.json`. */
export function statusEvent(status: Message<'Status'>): StatusEvent {
  return {
    kind: 'status',
    phase: status.phase,
    epoch: status.epoch,
    epochs: status.epochs,
    step: status.step,
    steps: status.steps,
    evaluated: status.evaluated,
    evaluations: status.evaluations,
    etaSeconds: status.etaSeconds,
    bestAccuracy: status.bestAccuracy,
    frontSize: status.frontSize,
    trainersAlive: status.trainersAlive,
    trainers: status.trainers,
  };
}
