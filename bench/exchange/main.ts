/**
 * `npm run bench:exchange [-- --rounds N] [--json]`: what trainers make of the broker. Members exchange vectors of 16 MB,
 * once as trainers do, with checks, digests and reports, and once by NATS's client alone; the sides take turns. The
 * first tenth of the rounds is not counted. Exit code 1: a goal is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { locateNativeParts } from '#emars/native/locate.js';
import { startBroker } from '#emars/runtime/broker/broker.js';
import { connect } from '#emars/runtime/bus/connection.js';
import { isMissed, machine, median, type Ratio, ratioTable, roundsOf } from '../ratios.js';
import { GOAL, MEMBERS, VECTOR_FLOATS } from './contest.js';
import { ourSide, rawSide } from './sides.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '30' }, json: { type: 'boolean', default: false } },
});
const rounds = roundsOf(values.rounds, 10);
const { nats } = await locateNativeParts();
if (nats === null) throw new Error('expected a nats-server, got none; run npm run setup');

const folder = mkdtempSync(join(tmpdir(), 'emars-bench-exchange-'));
const broker = await startBroker({
  binary: nats.path,
  storeDir: join(folder, 'broker'),
  logFile: join(folder, 'broker.log'),
});
const bus = await connect({ url: broker.url, login: broker.login, name: 'bench' });

const timed = async (run: () => Promise<void>): Promise<number> => {
  const started = performance.now();
  await run();
  return performance.now() - started;
};

async function contest(members: number): Promise<Ratio> {
  const sides = [await ourSide(broker, bus, members, rounds), await rawSide(broker, bus, members)] as const;
  const [ours, peers]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const times = [await timed(() => sides[0].round()), await timed(() => sides[1].round())] as const;
    if (round < rounds / 10) continue;
    ours.push(times[0]);
    peers.push(times[1]);
  }
  for (const side of sides) side.end();
  const what = `slot exchange, ${members} members, 16 MB each`;
  return { what, ours, peer: 'nats.js alone', peers, goal: GOAL };
}

const rows: Ratio[] = [];
try {
  for (const members of MEMBERS) rows.push(await contest(members));
} finally {
  await bus.close();
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
}

const received = (members: number, times: readonly number[]): string =>
  ((4e-3 * (members - 1) * VECTOR_FLOATS) / median(times)).toFixed(0);
if (values.json) console.log(JSON.stringify(rows));
else {
  console.log(`${ratioTable(rows)}\n\n${machine()}; ${rounds} rounds`);
  rows.forEach(({ ours, peers }, i) =>
    console.log(
      `${MEMBERS[i]} members: ${received(MEMBERS[i]!, ours)} MB/s received by each, ` +
        `${received(MEMBERS[i]!, peers)} by nats.js alone`,
    ),
  );
}
if (rows.some(isMissed)) process.exitCode = 1;
