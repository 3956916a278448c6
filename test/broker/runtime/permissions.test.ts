/**
 * The table of permissions on a real nats-server: every client tries all that any other may say or hear, and more.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errors } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueKeys, type IssuedKeys } from '#emars/run/keys.js';
import { loginFor } from '#emars/run/credentials.js';
import { startBroker, type Broker } from '#emars/runtime/broker/broker.js';
import { connect, NotPermitted, type Bus } from '#emars/runtime/bus/connection.js';
import { inboxOf, type BusClient } from '#emars/wire/bus-role.js';
import type { MessageName } from '#emars/wire/messages.js';
import { ROUTES } from '#emars/wire/permissions.js';
import { fromClient } from '#emars/wire/sender.js';
import { subjectOf, subjectsOf } from '#emars/wire/subjects.js';
import { until } from '../../support/until.js';
import { natsBinary } from '../nats-binary.js';

const RUN = '0123456789ab';
const CLIENTS: readonly BusClient[] = [
  { role: 'evolution', id: 'evolution' },
  { role: 'parent', id: 'parent' },
  { role: 'trainer', id: 't-1' },
  { role: 'trainer', id: 't-2' },
  { role: 'evaluator', id: 'e-1' },
  { role: 'objective', id: 'memory' },
  { role: 'watcher', id: 'watcher' },
];
const ADDRESSED: readonly MessageName[] = ['Credit', 'ChunkRequest', 'StateRequest', 'StateChunk'];
const subjects = subjectsOf(RUN);

let folder = '';
let broker: Broker;
let issued: IssuedKeys;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-doors-'));
  issued = issueKeys(CLIENTS, RUN);
  broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
    users: issued.users,
  });
});
afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A bus of one client, and what the server has refused to it. */
async function enter(client: BusClient): Promise<{ bus: Bus; refused: Set<string> }> {
  const refused = new Set<string>();
  const bus = await connect({
    url: broker.url,
    login: loginFor(issued, client),
    name: client.id,
    inboxPrefix: inboxOf(client),
    onError: (error) => {
      if (error instanceof NotPermitted) refused.add(error.subject);
      else if (error instanceof errors.PermissionViolationError) refused.add(error.subject);
      else throw error;
    },
  });
  return { bus, refused };
}

function to(name: MessageName): string | null {
  if (ADDRESSED.includes(name)) return 't-1';
  return name === 'MeasureRequest' ? 'memory' : null;
}

/** What somebody says on a subject of the run, answers apart. */
const said = Object.entries(ROUTES).flatMap(([key, route]) => {
  const name = key as MessageName;
  if (route.answers !== undefined) return [];
  const heard = subjectOf(subjects, name, to(name));
  return CLIENTS.filter(({ role }) => route.from.includes(role)).map((sender) => ({
    ...{ name, heard, route, subject: fromClient(heard, sender) },
  }));
});

const OWNERS = ['evolution', 'parent'];
const ADMINISTRATION = [
  '$JS.API.INFO',
  '$JS.API.STREAM.CREATE.any',
  `$JS.API.STREAM.DELETE.${subjects.evaluationStream}`,
  `$JS.API.STREAM.PURGE.${subjects.evaluationStream}`,
  `$JS.API.STREAM.INFO.${subjects.evaluationStream}`,
  `$JS.API.CONSUMER.CREATE.${subjects.evaluationStream}.evaluators`,
  `$JS.API.CONSUMER.DELETE.${subjects.evaluationStream}.evaluators`,
  '$O.any.C.x',
];
const NOBODYS = [
  '$SYS.REQ.SERVER.PING',
  'emars.ba9876543210.trainer.directive',
  'emars.ba9876543210.evolution.hello.trainer.t-1',
  'anything',
];

describe.each(CLIENTS.map((client) => [`${client.role} ${client.id}`, client] as const))(
  '%s',
  (_, client) => {
    it('says what is its own to say, and nothing that is not', async () => {
      const { bus, refused } = await enter(client);
      const mine = said.filter(
        ({ route, heard, subject }) =>
          route.from.includes(client.role) && fromClient(heard, client) === subject,
      );
      const tried = [...said.map(({ subject }) => subject), ...ADMINISTRATION, ...NOBODYS];
      for (const subject of tried) bus.publish(subject, Buffer.from('x'));
      await bus.flush();
      const allowed = new Set(mine.map(({ subject }) => subject));
      if (OWNERS.includes(client.role)) for (const subject of ADMINISTRATION) allowed.add(subject);
      const wanted = tried.filter((subject) => !allowed.has(subject)).sort();
      await until(() => refused.size >= new Set(wanted).size, 5000).catch(() => undefined);
      expect([...refused].sort()).toEqual([...new Set(wanted)]);
      expect(mine.length).toBeGreaterThan(0);
      await bus.close();
    });

    it('hears what is for it, and nothing that is not', async () => {
      const { bus, refused } = await enter(client);
      const heard = new Map<string, boolean>();
      for (const [key, route] of Object.entries(ROUTES)) {
        if (route.answers !== undefined) continue;
        for (const { id } of CLIENTS) {
          const name = key as MessageName;
          const isAddressed = to(name) !== null;
          const mine = route.to.includes(client.role) && (!isAddressed || id === client.id);
          heard.set(subjectOf(subjects, name, isAddressed ? id : null), mine);
        }
      }
      for (const other of CLIENTS) heard.set(`${inboxOf(other)}.x`, other === client);
      for (const all of [
        '>',
        'emars.>',
        '_INBOX.>',
        '$SYS.>',
        '$JS.>',
        `emars.${RUN}.>`,
        `${subjects.evaluate}.*`,
      ])
        heard.set(all, false);
      for (const subject of heard.keys()) bus.subscribe(subject, () => undefined);
      await bus.flush();
      const wanted = [...heard].filter(([, mine]) => !mine).map(([subject]) => subject);
      await until(() => refused.size >= wanted.length, 5000).catch(() => undefined);
      expect([...refused].sort()).toEqual(wanted.sort());
      await bus.close();
    });
  },
);

describe('an answer', () => {
  it.each(['$JS.API.STREAM.INFO.any', 'emars.runs'])(
    'to a question on %s comes to its own inbox only',
    async (subject) => {
      const asker = await enter(CLIENTS[1]!);
      const other = await enter(CLIENTS[2]!);
      expect(asker.bus.inbox()).toMatch(/^_INBOX\.parent\.parent\./);
      other.bus.subscribe(`${inboxOf(CLIENTS[1]!)}.>`, () => undefined);
      await other.bus.flush();
      await until(() => other.refused.size === 1, 5000);
      asker.bus.subscribe('emars.runs', (bytes, { reply }) => void asker.bus.respond(reply!, bytes));
      await asker.bus.ask(subject, Buffer.from(''), 5000);
      await asker.bus.close();
      await other.bus.close();
    },
  );
});
