/** Names on the bus, `emars.<run>.<role>.<topic>`; each stands beside its message in `proto/emars.proto`. */

export interface Subjects {
  readonly hello: string;
  readonly rollCall: string;
  readonly heartbeat: string;
  readonly ready: string;
  readonly slots: string;
  readonly trained: string;
  readonly result: string;
  readonly directive: string;
  readonly gradient: string;
  readonly evaluate: string;
  readonly status: string;
  readonly farewell: string;
  readonly credit: (trainer: string) => string;
  readonly chunkRequest: (trainer: string) => string;
  /** JetStream stream that holds the open evaluations. */
  readonly evaluationStream: string;
}

/** Run and worker ids become tokens of a subject, so they hold nothing a subject could trip over. */
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;

/** The subjects of a run. Errors: RangeError if the id is no subject token. */
export function subjectsOf(run: string): Subjects {
  const prefix = `emars.${token(run)}`;
  return {
    hello: `${prefix}.evolution.hello`,
    rollCall: `${prefix}.roll-call`,
    heartbeat: `${prefix}.evolution.heartbeat`,
    ready: `${prefix}.evolution.ready`,
    slots: `${prefix}.evolution.slots`,
    trained: `${prefix}.evolution.trained`,
    result: `${prefix}.evolution.result`,
    directive: `${prefix}.trainer.directive`,
    gradient: `${prefix}.trainer.gradient`,
    evaluate: `${prefix}.evaluate`,
    status: `${prefix}.status`,
    farewell: `${prefix}.farewell`,
    credit: (trainer) => `${prefix}.trainer.${token(trainer)}.credit`,
    chunkRequest: (trainer) => `${prefix}.trainer.${token(trainer)}.chunk-request`,
    evaluationStream: `emars_${run}_evaluate`,
  };
}

function token(text: string): string {
  if (!TOKEN.test(text))
    throw new RangeError(`expected an id of letters, digits, "-" and "_" (at most 64), got "${text}"`);
  return text;
}
