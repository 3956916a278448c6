/** Who asks a broker which searches are at work hears of each, on a real broker. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { announceRun } from '#emars/actors/parent/announce-run.js';
import { runsAtWork } from '#emars/library/runs.js';
import { runFolder } from '#emars/run/folder.js';
import type { Broker } from '#emars/runtime/broker/broker.js';
import { startBroker } from '#emars/runtime/broker/broker.js';
import type { Bus } from '#emars/runtime/bus/connection.js';
import { connect } from '#emars/runtime/bus/connection.js';
import { decode, encode } from '#emars/wire/messages.js';
import { RUNS_SUBJECT } from '#emars/wire/subjects.js';
import { natsBinary } from '../nats-binary.js';

const folder = mkdtempSync(join(tmpdir(), 'emars-runs-'));
let broker: Broker;
let bus: Bus;

beforeAll(async () => {
  broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
  });
  writeFileSync(join(folder, 'creds'), broker.login!.seed, { mode: 0o600 });
  bus = await connect({ url: broker.url, login: broker.login, name: 'runs' });
});

afterAll(async () => {
  await bus.close();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const place = () => ({ nats: broker.url, creds: join(folder, 'creds') });

function begun(name: string): ReturnType<typeof runFolder> {
  const made = runFolder(join(folder, name));
  mkdirSync(made.root);
  writeFileSync(made.config, `seed: ${name.length}\n`);
  return made;
}

const worker = (id: string, role: 'trainer' | 'evaluator', alive: boolean) => ({
  ...{
    id,
    role,
    alive,
    slots: 0,
    evaluations: 0,
    joinedAtStep: null,
    stepSeconds: null,
    device: '',
    seen: null,
    quarantined: null,
  },
});

it('lists searches by name, with what each has said of itself last', async () => {
  expect(await runsAtWork(place())).toEqual([]);
  const about = { version: '1.2.3', kernelsId: null, deadLetters: () => 7 };
  const second = await announceRun(bus, { run: 'b'.repeat(12), folder: begun('second'), ...about });
  const first = await announceRun(bus, { run: 'a'.repeat(12), folder: begun('first\t'), ...about });
  const workers = [
    worker('t-0', 'trainer', true),
    worker('t-1', 'trainer', false),
    worker('t-2', 'trainer', true),
    worker('e-0', 'evaluator', true),
  ];
  const status = encode('Status', { phase: 'search', epoch: 3, epochs: 9, workers });
  second.take(decode('Status', status));
  const config = createHash('sha256').update('seed: 6\n').digest('hex');
  expect(await runsAtWork(place())).toEqual([
    expect.objectContaining({ run: 'a'.repeat(12), name: 'first?', phase: 'preparing', trainers: 0 }),
    {
      ...{ run: 'b'.repeat(12), name: 'second', version: '1.2.3', config, kernels: null },
      ...{ phase: 'search', epoch: 3, epochs: 9, trainers: 2, evaluators: 1, deadLetters: 7 },
    },
  ]);
  first.close();
  second.close();
  expect(await runsAtWork(place())).toEqual([]);
});

it('takes no answer that is none', async () => {
  const liar = bus.subscribe(RUNS_SUBJECT, (_, { reply }) => {
    bus.respond(reply!, Buffer.from('not a message'));
    bus.respond(reply!, encode('Receipt', { accepted: true }));
  });
  expect(await runsAtWork(place())).toEqual([]);
  liar.close();
});
