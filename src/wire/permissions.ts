/**
 * Who may say and hear what: one table, from which the configuration of a broker is written
 * (docs/guides/cluster.md shows it). What is not here is denied.
 */
import type { BusRole } from './bus-role.js';
import { BUS_ROLES, inboxOf } from './bus-role.js';
import type { MessageName } from './messages.js';
import { fromClient } from './sender.js';
import { ANY, subjectOf, subjectsOf } from './subjects.js';

interface Route {
  readonly from: readonly BusRole[];
  /** Who listens. */
  readonly to: readonly BusRole[];
  /** The questions that this answers: it goes to the inbox of who asked. */
  readonly answers?: readonly MessageName[];
}

const EVOLUTION = ['evolution'] as const;
const TRAINER = ['trainer'] as const;
const WORKERS = ['trainer', 'evaluator'] as const;
const OBJECTIVE = ['objective'] as const;

export const ROUTES: Readonly<Record<MessageName, Route>> = {
  RunsRequest: { from: ['parent', ...WORKERS, 'objective', 'watcher'], to: ['parent'] },
  RunInfo: { from: ['parent'], to: [], answers: ['RunsRequest'] },
  SupplyRequest: { from: WORKERS, to: ['parent'] },
  SupplyReply: { from: ['parent'], to: [], answers: ['SupplyRequest'] },
  Hello: { from: WORKERS, to: EVOLUTION },
  Welcome: { from: EVOLUTION, to: [], answers: ['Hello'] },
  // Evolution hears its own: then it knows that the broker carries.
  RollCall: { from: EVOLUTION, to: [...WORKERS, 'evolution'] },
  Heartbeat: { from: WORKERS, to: EVOLUTION },
  Leave: { from: WORKERS, to: EVOLUTION },
  Directive: { from: EVOLUTION, to: TRAINER },
  EpochReady: { from: TRAINER, to: EVOLUTION },
  GradientChunk: { from: TRAINER, to: TRAINER },
  Credit: { from: TRAINER, to: TRAINER },
  ChunkRequest: { from: TRAINER, to: TRAINER },
  // Evolution takes the state of an epoch that was trained on other hosts.
  StateRequest: { from: [...TRAINER, 'evolution'], to: TRAINER },
  StateChunk: { from: TRAINER, to: [...TRAINER, 'evolution'] },
  SlotsHeld: { from: TRAINER, to: EVOLUTION },
  EpochTrained: { from: TRAINER, to: EVOLUTION },
  // Through the work queue, from which workers pull.
  EvaluationRequest: { from: EVOLUTION, to: [] },
  EvaluationResult: { from: WORKERS, to: EVOLUTION },
  Receipt: { from: EVOLUTION, to: [], answers: ['EvaluationResult', 'Leave'] },
  ObjectiveHello: { from: OBJECTIVE, to: EVOLUTION },
  ObjectiveReply: { from: EVOLUTION, to: [], answers: ['ObjectiveHello', 'ObjectiveLeave'] },
  ObjectiveLeave: { from: OBJECTIVE, to: EVOLUTION },
  MeasureRequest: { from: EVOLUTION, to: OBJECTIVE },
  MeasureResult: { from: OBJECTIVE, to: EVOLUTION },
  Status: { from: EVOLUTION, to: ['parent', 'watcher'] },
  DeadLetter: { from: [...WORKERS, 'evolution'], to: ['parent'] },
  Farewell: { from: EVOLUTION, to: [...WORKERS, 'objective'] },
};

/** The consumer of a run's work queue; its owner makes it, all workers share it. */
export const EVALUATION_CONSUMER = 'evaluators';

export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Of what `publish` allows. */
  readonly denied: readonly string[];
}

/** A key's holder: null for an id means any. */
export interface KeyHolder {
  readonly role: BusRole;
  readonly id: string | null;
}

/** What the holder of a key may do in the run of this id; `*`: in any run of the broker. */
export function permissionsOf({ role, id }: KeyHolder, run: string): Permissions {
  const client = { role, id: id ?? ANY };
  const subjects = subjectsOf(run);
  const publish = new Set<string>();
  const subscribe = new Set([`${inboxOf(client)}.>`]);
  for (const [name, route] of Object.entries(ROUTES) as [MessageName, Route][]) {
    if (route.answers !== undefined) {
      if (!route.from.includes(role)) continue;
      for (const asker of route.answers.flatMap((question) => ROUTES[question].from))
        publish.add(`${inboxOf({ role: asker, id: ANY })}.>`);
      continue;
    }
    if (route.from.includes(role))
      publish.add(fromClient(subjectOf(subjects, name, addressee(name)), client));
    if (route.to.includes(role)) subscribe.add(subjectOf(subjects, name, addressee(name) && client.id));
  }
  if (role === 'evolution') publish.add(`${subjects.evaluate}.*`);
  const { allowed, denied } = jetStream(role, run);
  for (const subject of allowed) publish.add(subject);
  return { publish: [...publish].sort(), subscribe: [...subscribe].sort(), denied };
}

/** Messages for one of several: their subject names it. */
function addressee(name: MessageName): string | null {
  return ADDRESSED.has(name) ? ANY : null;
}
const ADDRESSED: ReadonlySet<MessageName> = new Set([
  'Credit',
  'ChunkRequest',
  'StateRequest',
  'StateChunk',
  'MeasureRequest',
]);

/** Streams and consumers are made by the owner of the broker; workers pull and acknowledge, and read contents. */
function jetStream(role: BusRole, run: string): { allowed: readonly string[]; denied: readonly string[] } {
  switch (role) {
    case 'evolution':
    case 'parent':
      return { allowed: ['$JS.API.>', '$JS.FC.>', '$O.>'], denied: [] };
    case 'trainer':
    case 'evaluator': {
      const { evaluationStream, storeBucket } = subjectsOf(run);
      const queue = run === ANY ? ANY : evaluationStream;
      const store = run === ANY ? ANY : `OBJ_${storeBucket}`;
      return {
        allowed: [
          `$JS.API.CONSUMER.MSG.NEXT.${queue}.${EVALUATION_CONSUMER}`,
          `$JS.ACK.${queue}.${EVALUATION_CONSUMER}.>`,
          ...reading(store),
        ],
        // A stream of any name is one token: the queue of another run is spared by the name of its consumer.
        denied: ['CREATE', 'DELETE'].flatMap((act) => [
          `$JS.API.CONSUMER.${act}.*.${EVALUATION_CONSUMER}`,
          `$JS.API.CONSUMER.${act}.*.${EVALUATION_CONSUMER}.>`,
        ]),
      };
    }
    default:
      return { allowed: [], denied: [] };
  }
}

/** What the client's object store asks to read an object. */
function reading(stream: string): string[] {
  return [
    ...['STREAM.INFO', 'STREAM.MSG.GET'].map((ask) => `$JS.API.${ask}.${stream}`),
    ...['DIRECT.GET', 'CONSUMER.CREATE'].map((ask) => `$JS.API.${ask}.${stream}.>`),
    ...['CONSUMER.INFO', 'CONSUMER.DELETE', 'CONSUMER.MSG.NEXT'].map((ask) => `$JS.API.${ask}.${stream}.*`),
    `$JS.FC.${stream}.>`,
  ];
}

/** Every role with any id: what a run's own broker lets the processes of its folder be. */
export const ANYBODY: readonly KeyHolder[] = BUS_ROLES.map((role) => ({ role, id: null }));
