/**
 * Names on the bus, `emars.<run>.<role>.<topic>`, as they are listened to: `*` stands for the sender's id, `*.*`
 * for its role and id (sender.ts). Each stands beside its message in `proto/emars.proto`; who may use it, in
 * permissions.ts.
 */
import { TOKEN } from './fields.js';
import type { MessageName } from './messages.js';

/** Where runs at work are asked who they are: the one subject of no run. */
export const RUNS_SUBJECT = 'emars.runs';

/** In place of a run or an id: all of them, in permissions. */
export const ANY = '*';

export interface Subjects {
  readonly supply: string;
  readonly hello: string;
  readonly rollCall: string;
  readonly heartbeat: string;
  readonly leave: string;
  readonly ready: string;
  readonly slots: string;
  readonly trained: string;
  readonly result: string;
  readonly objective: string;
  readonly objectiveLeave: string;
  readonly measured: string;
  readonly directive: string;
  readonly gradient: string;
  readonly evaluate: string;
  readonly status: string;
  readonly farewell: string;
  readonly dead: string;
  readonly credit: (trainer: string) => string;
  readonly chunkRequest: (trainer: string) => string;
  readonly stateRequest: (trainer: string) => string;
  readonly state: (trainer: string) => string;
  /** Requests to the process that measures an objective which joined. */
  readonly measure: (objective: string) => string;
  /** JetStream stream that holds the open evaluations. */
  readonly evaluationStream: string;
  /** JetStream stream that keeps the last dead letters. */
  readonly deadStream: string;
  /** JetStream object store with what workers elsewhere need. */
  readonly storeBucket: string;
}

/** The subjects of a run, or of any run for `*`. Errors: RangeError if an id is no subject token. */
export function subjectsOf(run: string): Subjects {
  const prefix = `emars.${token(run)}`;
  return {
    supply: `${prefix}.supply`,
    hello: `${prefix}.evolution.hello.*.*`,
    rollCall: `${prefix}.roll-call`,
    heartbeat: `${prefix}.evolution.heartbeat.*.*`,
    leave: `${prefix}.evolution.leave.*.*`,
    ready: `${prefix}.evolution.ready.*`,
    slots: `${prefix}.evolution.slots.*`,
    trained: `${prefix}.evolution.trained.*`,
    result: `${prefix}.evolution.result.*.*`,
    objective: `${prefix}.evolution.objective.*`,
    objectiveLeave: `${prefix}.evolution.objective-leave.*`,
    measured: `${prefix}.evolution.measured.*`,
    directive: `${prefix}.trainer.directive`,
    gradient: `${prefix}.trainer.gradient.*`,
    evaluate: `${prefix}.evaluate`,
    status: `${prefix}.status`,
    farewell: `${prefix}.farewell`,
    dead: `${prefix}.dead.*.*`,
    credit: (trainer) => `${prefix}.trainer.${token(trainer)}.credit.*`,
    chunkRequest: (trainer) => `${prefix}.trainer.${token(trainer)}.chunk-request.*`,
    stateRequest: (trainer) => `${prefix}.trainer.${token(trainer)}.state-request.*`,
    state: (trainer) => `${prefix}.trainer.${token(trainer)}.state.*`,
    measure: (objective) => `${prefix}.objective.${token(objective)}.measure`,
    evaluationStream: `emars_${run}_evaluate`,
    deadStream: `emars_${run}_dead`,
    storeBucket: `emars_${run}_store`,
  };
}

/**
 * Where a message goes. `to`: the trainer of a credit, request or piece of the state, the objective of a request
 * to measure; for an answer (RunInfo, SupplyReply, Welcome, Receipt, ObjectiveReply) the subject that the question
 * came with; null for everything else.
 * Errors: RangeError when `to` does not fit the message.
 */
export function subjectOf(subjects: Subjects, name: MessageName, to: string | null): string {
  switch (name) {
    case 'RunsRequest':
      return fixed(name, to, RUNS_SUBJECT);
    case 'SupplyRequest':
      return fixed(name, to, subjects.supply);
    case 'Hello':
      return fixed(name, to, subjects.hello);
    case 'RollCall':
      return fixed(name, to, subjects.rollCall);
    case 'Heartbeat':
      return fixed(name, to, subjects.heartbeat);
    case 'Leave':
      return fixed(name, to, subjects.leave);
    case 'Directive':
      return fixed(name, to, subjects.directive);
    case 'EpochReady':
      return fixed(name, to, subjects.ready);
    case 'GradientChunk':
      return fixed(name, to, subjects.gradient);
    case 'SlotsHeld':
      return fixed(name, to, subjects.slots);
    case 'EpochTrained':
      return fixed(name, to, subjects.trained);
    case 'EvaluationRequest':
      return fixed(name, to, subjects.evaluate);
    case 'EvaluationResult':
      return fixed(name, to, subjects.result);
    case 'Status':
      return fixed(name, to, subjects.status);
    case 'DeadLetter':
      return fixed(name, to, subjects.dead);
    case 'Farewell':
      return fixed(name, to, subjects.farewell);
    case 'ObjectiveHello':
      return fixed(name, to, subjects.objective);
    case 'ObjectiveLeave':
      return fixed(name, to, subjects.objectiveLeave);
    case 'MeasureResult':
      return fixed(name, to, subjects.measured);
    case 'MeasureRequest':
      return subjects.measure(addressed(name, to));
    case 'Credit':
      return subjects.credit(addressed(name, to));
    case 'ChunkRequest':
      return subjects.chunkRequest(addressed(name, to));
    case 'StateRequest':
      return subjects.stateRequest(addressed(name, to));
    case 'StateChunk':
      return subjects.state(addressed(name, to));
    case 'RunInfo':
    case 'SupplyReply':
    case 'Welcome':
    case 'Receipt':
    case 'ObjectiveReply':
      return addressed(name, to);
    default:
      return name satisfies never;
  }
}

function fixed(name: MessageName, to: string | null, subject: string): string {
  if (to !== null) throw new RangeError(`expected a ${name} for all, got one for "${to}"`);
  return subject;
}

function addressed(name: MessageName, to: string | null): string {
  if (to === null) throw new RangeError(`expected a ${name} for one trainer, got one for all`);
  return to;
}

function token(text: string): string {
  if (text === ANY) return text;
  if (!TOKEN.test(text))
    throw new RangeError(`expected an id of letters, digits, "-" and "_" (at most 64), got "${text}"`);
  return text;
}
