/** The gradient exchange over a real broker: loss, repetition, large vectors, and what they cost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SlotExchange } from '#emars/actors/trainer/slot-exchange.js';
import { digestOf } from '#emars/gradient/chunks.js';
import { generator } from '#emars/random/generator.js';
import type { Broker } from '#emars/runtime/broker/broker.js';
import { startBroker } from '#emars/runtime/broker/broker.js';
import type { Bus } from '#emars/runtime/bus/connection.js';
import { connect } from '#emars/runtime/bus/connection.js';
import type { SlotLease } from '#emars/search/step-ledger.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { natsBinary } from '../nats-binary.js';

const folder = mkdtempSync(join(tmpdir(), 'emars-exchange-'));
const buses: Bus[] = [];
let broker: Broker;
let runs = 0;

beforeAll(async () => {
  broker = await startBroker({
    binary: await natsBinary(),
    storeDir: join(folder, 'broker'),
    logFile: join(folder, 'broker.log'),
  });
});

afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const LOST = { share: 0 };

/** Exchanges of `ids` on one run; every message a member publishes is lost with probability LOST.share. */
async function members(ids: string[]): Promise<SlotExchange[]> {
  const subjects = subjectsOf(`run${runs++}`);
  return Promise.all(
    ids.map(async (id) => {
      const bus = await connect({ url: broker.url, credentials: broker.credentials, name: id });
      buses.push(bus);
      const random = generator(1, 'loss', id);
      const publish = bus.publish.bind(bus);
      bus.publish = (subject, bytes, reply) =>
        random.chance(LOST.share) ? true : publish(subject, bytes, reply);
      const exchange = new SlotExchange(bus, subjects, id, () => undefined);
      exchange.setPeers(ids);
      await bus.flush();
      return exchange;
    }),
  );
}

const vectorOf = (slot: number, length: number): Float32Array => {
  const vector = new Float32Array(length);
  const random = generator(slot, 'vector');
  for (let i = 0; i < length; i += 97) vector[i] = random.normal();
  return vector;
};

const leasesOf = (owners: string[]): SlotLease[] =>
  owners.map((owner, slot) => ({ slot, owner, fence: 1, number: slot + 1, diverged: false }));

async function untilAllHold(
  exchanges: SlotExchange[],
  step: number,
  slots: number,
  seconds: number,
): Promise<void> {
  for (
    const end = performance.now() + 1000 * seconds;
    performance.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 20))
  ) {
    for (const exchange of exchanges) exchange.chase();
    if (exchanges.every((exchange) => exchange.held(step).length === slots)) return;
  }
  throw new Error(
    `waited ${seconds} s; held: ${exchanges.map((exchange) => exchange.held(step).length).join(', ')} of ${slots}`,
  );
}

async function exchangeOnce(ids: string[], length: number, seconds: number): Promise<void> {
  const exchanges = await members(ids);
  const leases = leasesOf(ids.flatMap((id) => [id, id]));
  for (const exchange of exchanges) exchange.want(5, leases, () => length);
  const sending = leases.map((lease) =>
    exchanges[ids.indexOf(lease.owner)]!.offer(5, lease, vectorOf(lease.slot, length)),
  );
  await untilAllHold(exchanges, 5, leases.length, seconds);
  await Promise.all(sending);
  const digests = leases.map(({ slot }) => digestOf(vectorOf(slot, length)).toString('hex'));
  for (const exchange of exchanges) {
    expect(exchange.held(5).map(({ digest }) => digest)).toEqual(digests);
    const committed = exchange.committed(
      5,
      leases.map((lease, i) => ({ ...lease, digest: digests[i]! })),
    );
    expect(committed!.map((vector) => digestOf(vector!).toString('hex'))).toEqual(digests);
  }
}

describe('an exchange of slots', () => {
  it('gives every member every slot, three members', async () => {
    await exchangeOnce(['a', 'b', 'c'], 100_000, 20);
  });

  it('carries vectors beyond the credit window, 24 MB each', async () => {
    await exchangeOnce(['a', 'b'], 6_000_000, 60);
  });

  it('comes to the same when a fifth of all messages is lost', async () => {
    LOST.share = 0.2;
    try {
      await exchangeOnce(['a', 'b', 'c'], 700_000, 60);
    } finally {
      LOST.share = 0;
    }
  });

  it('passes on why a slot is no gradient, and finds NaN in what arrives', async () => {
    const [a, b] = await members(['a', 'b']);
    const leases = leasesOf(['a', 'a', 'b']);
    for (const exchange of [a!, b!]) exchange.want(1, leases, () => 1000);
    a!.offerBad(1, leases[0]!, 'value 3 is NaN');
    const poisoned = vectorOf(1, 1000);
    poisoned[7] = NaN;
    await a!.offer(1, leases[1]!, poisoned);
    await untilAllHold([b!], 1, 1, 10);
    expect(a!.held(1).map(({ slot, bad }) => [slot, bad])).toEqual([
      [0, 'value 3 is NaN'],
      [1, 'value 7 of the vector is NaN'],
    ]);
    expect(b!.held(1)[0]).toMatchObject({ slot: 1, bad: 'value 7 of the vector is NaN' });
  });

  it('ignores attempts that are not wanted any more, and forgets steps before the last', async () => {
    const [a, b] = await members(['a', 'b']);
    const old = leasesOf(['a']);
    const fresh = [{ ...old[0]!, owner: 'b', number: 9 }];
    a!.want(1, old, () => 10);
    b!.want(1, fresh, () => 10);
    await a!.offer(1, old[0]!, vectorOf(0, 10));
    await b!.offer(1, fresh[0]!, vectorOf(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(b!.held(1)[0]).toMatchObject({ owner: 'b', number: 9 });
    expect(a!.committed(1, [{ ...fresh[0]!, digest: b!.held(1)[0]!.digest! }])).toBeNull();
    for (const step of [2, 3]) a!.want(step, leasesOf(['a']), () => 10);
    expect(a!.held(1)).toEqual([]);
  });
});
