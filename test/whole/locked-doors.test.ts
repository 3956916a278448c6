/**
 * A client of a run's broker that means harm, and what others can see of a run. One search at work, whose only reference is
 * the same search left alone.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BusAccess } from '#emars/run/bus-access.js';
import { readBusAccess } from '#emars/run/bus-access.js';
import { loginFor } from '#emars/run/credentials.js';
import { connect } from '#emars/runtime/bus/connection.js';
import type { Bus } from '#emars/runtime/bus/bus.js';
import type { BusClient } from '#emars/wire/bus-role.js';
import { inboxOf } from '#emars/wire/bus-role.js';
import type { MessageName } from '#emars/wire/messages.js';
import { encode } from '#emars/wire/messages.js';
import { ROUTES } from '#emars/wire/permissions.js';
import { fromClient } from '#emars/wire/sender.js';
import { subjectOf, subjectsOf } from '#emars/wire/subjects.js';
import { until } from '../support/until.js';
import type { Ended, RunJson, RunningSearch } from './support/search-process.js';
import { emars, emarsExits, readRun } from './support/search-process.js';
import { inEpoch, whileStopped } from './support/stopped.js';

const root = mkdtempSync(join(tmpdir(), 'emars-doors-'));
const folder = (name: string): string => join(root, name);
const front = (name: string): string => readFileSync(join(folder(name), 'front.json'), 'utf8');
const search = (name: string): string[] => [
  ...['search', '--config', 'configs/smoke.yaml', '--seed', '11', '--trainers', '1', '--out', folder(name)],
  ...['--set', 'runtime.silenceSeconds=600'],
];
afterAll(() => rmSync(root, { recursive: true, force: true }));

const NAMES = Object.keys(ROUTES) as MessageName[];
const STRANGER: BusClient = { role: 'evaluator', id: 'stranger' };
const VICTIM = 'trainer-0';
/** So often that a log with a line for each would have them. */
const TIMES = 9;
/** Asked by anybody, on one subject for all. */
const OPEN: readonly MessageName[] = ['RunsRequest', 'SupplyRequest'];
/** An item of the work queue (broker/actors/dead-letters.test.ts), and what goes to an objective: there is none here. */
const HEARD_ELSEWHERE: readonly MessageName[] = ['EvaluationRequest', 'MeasureRequest'];

let access: BusAccess;
let ended: Ended;
const refused: string[] = [];
/** Of the processes of the run, while it was at work. */
const seen = { arguments: '', environment: '', withSecrets: [] as string[] };

function heardAt(name: MessageName): string {
  const subjects = subjectsOf(access.run);
  if (name === 'EvaluationRequest') return `${subjects.evaluate}.x`;
  if (ROUTES[name].answers !== undefined) {
    const [question] = ROUTES[name].answers;
    return `${inboxOf({ role: ROUTES[question!].from[0]!, id: VICTIM })}.x.1`;
  }
  const isAddressed = ['Credit', 'ChunkRequest', 'StateRequest', 'StateChunk', 'MeasureRequest'].includes(
    name,
  );
  return subjectOf(subjects, name, isAddressed ? VICTIM : null);
}

/** Where a message of somebody else is heard. */
function forgery(name: MessageName): string {
  const role = ROUTES[name].from.find((one) => one !== STRANGER.role) ?? STRANGER.role;
  return fromClient(heardAt(name), { role, id: VICTIM });
}

async function enter(client: BusClient): Promise<Bus> {
  return connect({
    ...{ url: access.url, login: loginFor(access, client), inboxPrefix: inboxOf(client), name: client.id },
    onError: (error) => void refused.push((error as { subject: string }).subject),
  });
}

/** Says in its own name what it may not say in another's. */
async function forges(): Promise<void> {
  const bus = await enter(STRANGER);
  const subjects = subjectsOf(access.run);
  const order = { members: [VICTIM], end: { commit: null, writer: VICTIM } };
  const orders: [string, Uint8Array][] = [
    ...[1, 99].map((fence): [string, Uint8Array] => [
      subjects.directive,
      encode('Directive', { ...order, fence, epoch: 2 }),
    ]),
    [subjects.farewell, encode('Farewell', { reason: null })],
    [subjects.rollCall, encode('RollCall', { fence: 99, present: [] })],
    [`$JS.API.STREAM.DELETE.${subjects.evaluationStream}`, new Uint8Array()],
  ];
  for (const [subject, bytes] of orders) bus.publish(subject, bytes);
  const others = NAMES.filter((name) => !OPEN.includes(name)).map(forgery);
  for (const subject of others) bus.publish(subject, Buffer.from('no such message'));
  await bus.flush();
  const wanted = new Set([...orders.map(([subject]) => subject), ...others]);
  await until(() => new Set(refused).size >= wanted.size, 60_000).catch(() => undefined);
  expect([...new Set(refused)].sort()).toEqual([...wanted].sort());
  await bus.close();
}

/** Says undecodable things as somebody who may say such messages: each process that hears them drops them. */
async function babbles(name: MessageName): Promise<void> {
  const role = ROUTES[name].from[0]!;
  const client: BusClient = { role, id: role === 'trainer' || role === 'evaluator' ? 'babbler' : role };
  const bus = await enter(client);
  const subject = fromClient(heardAt(name), client);
  for (let i = 0; i < TIMES; i++) bus.publish(subject, Buffer.from('no such message'));
  await bus.flush();
  await bus.close();
}

const babbled = NAMES.filter((name) => ROUTES[name].answers === undefined && !HEARD_ELSEWHERE.includes(name));
const secrets = (): string[] =>
  access.login.kind === 'keys' ? access.login.keys.map(({ seed }) => seed) : [];
const holdsSecret = (text: string): boolean => secrets().some((secret) => text.includes(secret));

function filesOf(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** What another user, or a look at the disk, could find of the run while it is at work. */
function look(running: RunningSearch, run: RunJson): void {
  const pids = [running.child.pid!, ...run.processes.flatMap(({ pid }) => (pid === null ? [] : [pid]))];
  for (const pid of pids) {
    seen.arguments += readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    seen.environment += readFileSync(`/proc/${pid}/environ`, 'utf8');
  }
  seen.withSecrets = filesOf(folder('forged')).filter((path) => holdsSecret(readFileSync(path, 'utf8')));
  for (const path of seen.withSecrets) expect(statSync(path).mode & 0o777, path).toBe(0o600);
}

beforeAll(async () => {
  await emarsExits(0, search('alone'));
  const running = emars(search('forged'));
  const target = { search: running, folder: folder('forged'), id: VICTIM };
  // Without its only trainer the search stands still until all is said.
  await whileStopped(target, inEpoch(2, 3), async (run) => {
    access = await readBusAccess(join(folder('forged'), 'bus.json'));
    look(running, run);
    await forges();
    for (const name of babbled) await babbles(name);
  });
  ended = await running.ended;
});

describe('a client with the key of another role', () => {
  it('that gives orders and forges each message of others is refused by the broker, and changes no byte', () => {
    expect(ended.code, ended.stderr).toBe(0);
    expect(refused).toContain(subjectsOf(access.run).directive);
    expect(front('forged')).toBe(front('alone'));
    expect(readRun(folder('forged'))).toMatchObject({ rolledBackEpochs: 0 });
  });

  it.each(babbled)('an undecodable %s is dropped by who hears it, and said once', (name) => {
    const logs = filesOf(folder('forged')).filter((path) => path.endsWith('.log'));
    const said = [...logs.map((path) => readFileSync(path, 'utf8')), ended.stderr].map(
      (text) => text.split('\n').filter((line) => line.startsWith(`expected a ${name} message`)).length,
    );
    expect(Math.max(...said)).toBe(1);
  });

  it('what was dropped is counted, kept with its first bytes, and stands in the report', () => {
    const { deadLetters } = readRun(folder('forged')) as unknown as { deadLetters: number };
    const kept = readFileSync(join(folder('forged'), 'dead-letters.jsonl'), 'utf8');
    expect(deadLetters).toBeGreaterThan(babbled.length);
    expect(kept).toContain(Buffer.from('no such message').toString('base64'));
    expect(readFileSync(join(folder('forged'), 'report.html'), 'utf8')).toMatch(/\d+ dead letters/);
  });
});

describe('the keys of a run', () => {
  it('stand in no argument, no environment, no output, and in one file of mode 0600 while it is at work', () => {
    expect(secrets().length).toBeGreaterThan(5);
    expect(seen.arguments).toContain('evolution');
    expect(holdsSecret(seen.arguments)).toBe(false);
    expect(holdsSecret(seen.environment)).toBe(false);
    expect(seen.withSecrets).toEqual([join(folder('forged'), 'bus.json')]);
  });

  it('are in none of what it leaves: logs, report, results, output', () => {
    const left = filesOf(folder('forged')).filter((path) => holdsSecret(readFileSync(path, 'utf8')));
    expect(left).toEqual([]);
    expect(holdsSecret(ended.stdout + ended.stderr)).toBe(false);
  });
});
