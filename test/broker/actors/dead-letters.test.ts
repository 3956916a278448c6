/** Messages that nobody can use, on a real broker with the rights of a run: to the stream, the run folder, the terminal. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDeadLetterDesk } from '#emars/actors/parent/dead-letter-desk.js';
import { RunRecorder } from '#emars/actors/parent/run-recorder.js';
import { deadLetterBox } from '#emars/actors/setup/dead-letters.js';
import { Listening } from '#emars/actors/setup/listening.js';
import { EVALUATION_QUEUE, takeEvaluations } from '#emars/actors/worker/evaluation-taker.js';
import { runFolder } from '#emars/run/folder.js';
import { loginFor } from '#emars/run/credentials.js';
import { issueKeys, type IssuedKeys } from '#emars/run/keys.js';
import { startBroker, type Broker } from '#emars/runtime/broker/broker.js';
import { connect, type Bus } from '#emars/runtime/bus/connection.js';
import { natsOf } from '#emars/runtime/bus/nats-bus.js';
import { keepRecordStream } from '#emars/runtime/bus/record-stream.js';
import { declareWorkQueue, takeWork } from '#emars/runtime/bus/work-queue.js';
import { inboxOf, type BusClient } from '#emars/wire/bus-role.js';
import { decode, encode } from '#emars/wire/messages.js';
import { fromClient } from '#emars/wire/sender.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { until } from '../../support/until.js';
import { natsBinary } from '../nats-binary.js';

const RUN = '0123456789ab';
const EVOLUTION = { role: 'evolution', id: 'evolution' } as const;
const PARENT = { role: 'parent', id: 'parent' } as const;
const EVALUATOR = { role: 'evaluator', id: 'evaluator-0' } as const;
const subjects = subjectsOf(RUN);
const root = mkdtempSync(join(tmpdir(), 'emars-dead-'));
const folder = runFolder(join(root, 'run'));
const buses: Bus[] = [];
let broker: Broker;
let issued: IssuedKeys;

beforeAll(async () => {
  mkdirSync(folder.root);
  issued = issueKeys([EVOLUTION, PARENT, EVALUATOR], RUN);
  const files = { storeDir: join(root, 'broker'), logFile: join(root, 'broker.log') };
  broker = await startBroker({ binary: await natsBinary(), ...files, users: issued.users });
});
afterAll(async () => {
  for (const bus of buses) await bus.close();
  await broker.stop();
  rmSync(root, { recursive: true, force: true });
});

async function enter(client: BusClient): Promise<Bus> {
  const login = loginFor(issued, client);
  const bus = await connect({ url: broker.url, login, name: client.id, inboxPrefix: inboxOf(client) });
  buses.push(bus);
  return bus;
}

it('go to the stream with reason and first 4 KiB, to the folder and the record, and a flood of them does not', async () => {
  const [evolution, parent, evaluator] = [
    await enter(EVOLUTION),
    await enter(PARENT),
    await enter(EVALUATOR),
  ];
  const stream = { stream: subjects.deadStream, subject: subjects.dead, mostMessages: 5, mostBytes: 2 ** 20 };
  const kept = await keepRecordStream(evolution, stream);
  const record = new RunRecorder(folder, { hash: '', facts: {} } as never, false, () => []);
  const notes: string[] = [];
  const desk = openDeadLetterDesk(parent, subjects, { folder, record }, (line) => notes.push(line));
  const heard: string[] = [];
  const listening = new Listening(evolution, deadLetterBox(evolution, subjects, EVOLUTION));
  listening.on('Heartbeat', subjects.heartbeat, ({ message }) => heard.push(message.id));
  await evolution.flush();
  await parent.flush();

  const heartbeats = fromClient(subjects.heartbeat, EVALUATOR);
  evaluator.publish(heartbeats, Buffer.alloc(10_000, 7));
  const beat = { role: 'evaluator', incarnation: 'i', fence: 1 } as const;
  evaluator.publish(heartbeats, encode('Heartbeat', { ...beat, id: 'evaluator-9' }));
  for (let i = 0; i < 998; i++) evaluator.publish(heartbeats, Buffer.from([i & 255]));
  evaluator.publish(heartbeats, encode('Heartbeat', { ...beat, id: EVALUATOR.id }));
  await evaluator.flush();
  await until(() => heard.length > 0);
  expect(heard).toEqual([EVALUATOR.id]);
  // Of 1000: the first eight, the tenth, the hundredth, the thousandth.
  await until(() => record.deadLetters >= 11);
  expect(record.deadLetters).toBe(11);
  expect(notes[0]).toMatch(
    /^evolution\.evolution refused a message: expected a Heartbeat .*another checksum/,
  );
  const lines = (): { by: string; reason: string; bytes: number; count: number; head: string }[] =>
    // The last line may be half written.
    readFileSync(folder.deadLetters, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as ReturnType<typeof lines>[number]);
  await until(() => lines().length === 11);
  expect(lines()[0]).toMatchObject({ by: 'evolution.evolution', bytes: 10_000, count: 1 });
  expect(Buffer.from(lines()[0]!.head, 'base64').equals(Buffer.alloc(4096, 7))).toBe(true);
  expect(lines()[1]!.reason).toContain('in the name of another');
  expect(lines().at(-1)!.count).toBe(1000);

  const manager = await jetstreamManager(natsOf(evolution));
  const { state } = await manager.streams.info(subjects.deadStream);
  expect(state.messages).toBe(5);
  const last = await manager.streams.getMessage(subjects.deadStream, { seq: state.last_seq });
  expect(decode('DeadLetter', last!.data)).toMatchObject({ expected: 'Heartbeat', count: 1000 });
  await kept.remove();
  listening.close();
  desk.close();
});

it('are items of the work queue that cannot be read, too', async () => {
  const [evolution, evaluator] = [await enter(EVOLUTION), await enter(EVALUATOR)];
  const letters: string[] = [];
  const desk = new Listening(await enter(PARENT));
  desk.on('DeadLetter', subjects.dead, ({ message }) => {
    letters.push(`${message.by}: ${message.reason ?? ''}`);
  });
  const queue = await declareWorkQueue(evolution, {
    ...{ stream: subjects.evaluationStream, subject: subjects.evaluate },
    ...EVALUATION_QUEUE,
    storage: 'memory',
  });
  await queue.enqueue(Buffer.from('no request'), 'one');
  const taker = takeEvaluations({
    ...{ bus: evaluator, subjects, client: EVALUATOR },
    measurer: { measure: () => Promise.reject(new Error('cannot be measured')) },
    onError: (error) => letters.push(String(error)),
  });
  taker.resume();
  await until(() => letters.length > 0);
  expect(letters[0]).toMatch(
    /^evaluator\.evaluator-0: expected a EvaluationRequest message, got bytes that do not decode/,
  );
  taker.close();
  desk.close();
  await queue.remove();
});

it('are evaluations that were handed out too often, with what was asked for', async () => {
  const [evolution, evaluator, parent] = [
    await enter(EVOLUTION),
    await enter(EVALUATOR),
    await enter(PARENT),
  ];
  const letters: { reason: string | null; head: Uint8Array }[] = [];
  const desk = new Listening(parent);
  desk.on('DeadLetter', subjects.dead, ({ message: { reason, head } }) => {
    letters.push({ reason, head: Uint8Array.from(head) });
  });
  await parent.flush();
  const queue = await declareWorkQueue(evolution, {
    ...{ stream: subjects.evaluationStream, subject: subjects.evaluate },
    ...EVALUATION_QUEUE,
    storage: 'memory',
  });
  const request = encode('EvaluationRequest', {
    ...{ epoch: 1, snapshot: 'ab'.repeat(32), objective: 'accuracy' },
    individual: { id: '0123456789abcdef', genome: ['skip'] },
  });
  await queue.enqueue(request, 'one');
  // Workers that take it and cannot do it, as many as may try.
  let tries = 0;
  const tired = new AbortController();
  const options = { stream: subjects.evaluationStream, ...EVALUATION_QUEUE, onError: () => undefined };
  const first = takeWork(
    evaluator,
    options,
    () => {
      if (++tries === EVALUATION_QUEUE.maxDeliver) tired.abort();
      return Promise.resolve('nak' as const);
    },
    { signal: tired.signal },
  );
  await until(() => tries === EVALUATION_QUEUE.maxDeliver);
  await first.pause();
  const measured: unknown[] = [];
  const taker = takeEvaluations({
    ...{ bus: evaluator, subjects, client: EVALUATOR },
    measurer: { measure: (key) => Promise.reject(new Error(String(measured.push(key)))) },
    onError: () => undefined,
  });
  taker.resume();
  await until(() => letters.length > 0);
  expect(letters[0]!.reason).toMatch(
    /^handed out [6-9] times: each worker that took it died or fell silent$/,
  );
  expect(Buffer.from(letters[0]!.head).equals(Buffer.from(request))).toBe(true);
  expect(measured).toEqual([]);
  taker.close();
  desk.close();
  await queue.remove();
});
