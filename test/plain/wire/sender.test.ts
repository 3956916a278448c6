/** Who says a message: subjects with the sender in them, and what a receiver makes of a message in another's name. */
import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { Listening } from '#emars/actors/setup/listening.js';
import { encode, type MessageName } from '#emars/wire/messages.js';
import { permissionsOf, ROUTES } from '#emars/wire/permissions.js';
import { fromClient, OwnSubjects } from '#emars/wire/sender.js';
import { subjectOf, subjectsOf } from '#emars/wire/subjects.js';
import { MemoryBroker } from '../../support/memory-bus.js';

const subjects = subjectsOf('run');
const SHA = 'ab'.repeat(32);
const me = { role: 'trainer', id: 'me' } as const;
const names = Object.keys(ROUTES) as MessageName[];
const toOf = (name: MessageName): string | null =>
  ['Credit', 'ChunkRequest', 'StateRequest', 'StateChunk', 'MeasureRequest'].includes(name) ? 'one' : null;

afterEach(() => vi.restoreAllMocks());

it('the subjects in the proto are those of the code', () => {
  const proto = readFileSync(new URL('../../../proto/emars.proto', import.meta.url), 'utf8');
  const written = new Map<string, string>();
  for (const [, comment, name] of proto.matchAll(/((?:\/\/.*\n)+)message (\w+)/g)) {
    const subject = /emars\.(?:<run>\.)?[a-z<>.-]+[a-z>]/.exec(comment!)?.[0];
    if (subject !== undefined) written.set(name!, subject);
  }
  for (const name of names) {
    if (ROUTES[name].answers !== undefined || name === 'EvaluationRequest') continue;
    const inCode = subjectOf(subjects, name, toOf(name));
    const inProto = written
      .get(name)!
      .replace('<run>', 'run')
      .replace('<role>', '*')
      .replace(/\.<\w+>$/, '.*')
      .replace(/<\w+>/, 'one');
    expect(`${name} ${inProto}`).toBe(`${name} ${inCode}`);
  }
});

it('a client sends where its role and id stand, and answers where it was asked', () => {
  const own = new OwnSubjects(subjects, me);
  expect(own.of('Hello', null)).toBe('emars.run.evolution.hello.trainer.me');
  expect(own.of('GradientChunk', null)).toBe('emars.run.trainer.gradient.me');
  expect(own.of('Credit', 'you')).toBe('emars.run.trainer.you.credit.me');
  expect(own.of('Directive', null)).toBe(subjects.directive);
  expect(own.of('Welcome', '_INBOX.trainer.x.1')).toBe('_INBOX.trainer.x.1');
});

it('no worker or objective may say what evolution says, and none may administer the broker', () => {
  const evolutions = names.filter((name) => ROUTES[name].from.includes('evolution') && name !== 'RollCall');
  for (const role of ['trainer', 'evaluator', 'objective', 'watcher'] as const) {
    const { publish } = permissionsOf({ role, id: 'x' }, '*');
    for (const name of evolutions)
      if (ROUTES[name].answers === undefined)
        expect(publish).not.toContain(fromClient(subjectOf(subjectsOf('*'), name, toOf(name)), me));
    const owners =
      /^\$(JS\.API\.STREAM\.(CREATE|DELETE|PURGE|UPDATE|RESTORE)|JS\.API\.>|JS\.API\.CONSUMER\.DURABLE|O\.|SYS)/;
    expect(publish.filter((subject) => owners.test(subject))).toEqual([]);
    expect(publish.filter((subject) => /^(emars\.)?(\*\.)*>$/.test(subject))).toEqual([]);
  }
});

/** One message of each kind that says who it is from: "me". */
const signed: readonly [MessageName, Uint8Array][] = [
  ['Heartbeat', encode('Heartbeat', { id: 'me', role: 'trainer', incarnation: 'i', fence: 1 })],
  [
    'Hello',
    encode('Hello', {
      ...{ protocol: 3, role: 'trainer', id: 'me', incarnation: 'i', device: 'cpu' },
      ...{ fingerprint: 'f', canary: SHA },
    }),
  ],
  ['Leave', encode('Leave', { id: 'me', incarnation: 'i' })],
  ['EpochReady', encode('EpochReady', { id: 'me' })],
  ['GradientChunk', encode('GradientChunk', { owner: 'me', dtype: 'f32', payload: new Uint8Array(4) })],
  ['Credit', encode('Credit', { from: 'me' })],
  ['ChunkRequest', encode('ChunkRequest', { from: 'me' })],
  ['StateRequest', encode('StateRequest', { from: 'me' })],
  ['StateChunk', encode('StateChunk', { from: 'me', digest: SHA, payload: new Uint8Array(4) })],
  ['SlotsHeld', encode('SlotsHeld', { id: 'me' })],
  ['EpochTrained', encode('EpochTrained', { id: 'me' })],
  [
    'EvaluationResult',
    encode('EvaluationResult', { worker: 'me', snapshot: SHA, individual: 'a'.repeat(16), objective: 'o' }),
  ],
  [
    'ObjectiveHello',
    encode('ObjectiveHello', { name: 'me', direction: 'min', needs: 'genome', incarnation: 'i' }),
  ],
  ['ObjectiveLeave', encode('ObjectiveLeave', { name: 'me' })],
  ['DeadLetter', encode('DeadLetter', { by: 'trainer.me', expected: 'Hello' })],
  ['MeasureResult', encode('MeasureResult', { name: 'me', incarnation: 'i', individual: 'a'.repeat(16) })],
];

it.each(signed)(
  'a %s in the name of another, or that is none, is dropped, counted and said once',
  async (name, bytes) => {
    const lines: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const broker = new MemoryBroker();
    const taken: string[] = [];
    const listening = new Listening(broker.connect());
    const heard = subjectOf(subjects, name, toOf(name));
    listening.on(name, heard, () => taken.push(name));
    const other = broker.connect();
    const forged = fromClient(heard, { role: 'trainer', id: 'other' });
    const own = fromClient(heard, me);
    for (let i = 0; i < 4; i++) other.publish(forged, bytes);
    for (let i = 0; i < 4; i++) other.publish(own, Buffer.from('not a message'));
    // The answer would go to whoever listens to directives.
    other.publish(own, bytes, subjects.directive);
    other.publish(own, bytes, '_INBOX.trainer.other.1');
    other.publish(own, bytes);
    other.publish(own, bytes, '_INBOX.trainer.me.1');
    await vi.waitFor(() => expect(taken).toHaveLength(2));
    listening.close();
    expect(lines.map((line) => /, (\d+) of this kind/.exec(line)?.[1])).toEqual(['1', '10']);
  },
);

it('every message that comes on a subject with a sender says who that is', () => {
  const withSender = names.filter(
    (name) => ROUTES[name].answers === undefined && subjectOf(subjects, name, toOf(name)).endsWith('.*'),
  );
  expect(withSender.sort()).toEqual(signed.map(([name]) => name).sort());
});
