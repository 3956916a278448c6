/**
 * `npm run sim -- --scale`: messages, bytes and virtual seconds of a training step as trainers become more.
 * The machines are the real ones; what a slot, a byte and a message cost are the parameters below.
 */
import { generator } from '#emars/random/generator.js';
import type { SearchRules } from '#emars/search/state.js';
import { superNetLayout } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';
import { sampleGenome } from '#emars/space/variation.js';
import { CHUNK_BYTES } from '#emars/wire/messages.js';
import { Cluster } from '../cluster/cluster.js';
import type { SearchCase } from '../cluster/rules.js';
import { CASES } from '../cluster/rules.js';
import { evolutionSetup } from '../cluster/setup.js';
import { plain } from '../simulate.js';
import type { Costs, Load } from './network.js';
import { LoadedNetwork } from './network.js';

/** Slots of a step: four individuals, four micro-batches each. */
const INDIVIDUALS = 4;
const MICRO_BATCHES = 4;

/** Forward and backward of one path of the paper's SuperNet, 4 x 16x64x64: docs/benchmarks/step.md. */
const SLOT_MS = 653;

const COSTS: Costs = {
  // One publisher to three subscribers through one server on loopback, 512 KiB each: 365 MB/s to each.
  brokerBytes: 3 * 365e6,
  // One publisher to one subscriber, both Node processes: 650 MB/s.
  processBytes: 650e6,
  // nats bench, 16 bytes, one publisher to one subscriber: 4.9 million a second.
  deliveryMs: 1000 / 4.9e6,
  // Reading, checking and stepping, with 1,000 trainers: 0.005 to 0.014 ms a heartbeat of 40 bytes, 0.07 ms a
  // report of 16 slots, 1.3 KB; and as much again as NATS's client may take for a small message.
  evolutionMs: 0.02,
  evolutionByteMs: 0.05e-3,
  linkMs: 0.2,
};

/** The paper's SuperNet: configs/paper.yaml. */
const PAPER: SearchSpace = {
  stem: 32,
  widths: [24, 40, 80, 96, 192, 320],
  strides: [2, 2, 2, 1, 2, 1],
  blocks: [4, 4, 4, 4, 4, 1],
  operations: ['mb_k3_e3', 'mb_k3_e4', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e4', 'mb_k7_e3', 'mb_k7_e4', 'skip'],
  head: 1280,
  classes: 3,
};

/** Mean bytes of a slot's vector over random paths. */
function slotBytes(): number {
  const net = { space: PAPER, layout: superNetLayout(PAPER) };
  const sizes = Array.from(
    { length: 50 },
    (_, i) => 4 * resolvePath(net, sampleGenome(PAPER, generator(1, 'scale', i))).vectorLength,
  );
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

/** As in a trainer: a window of 32 chunks, credit every 8; only the chunks are smaller. */
const EXCHANGE = { chunkBytes: 24, windowBytes: 32 * 24, creditBytes: 8 * 24, creditMs: 2000, chaseMs: 700 };

interface Row {
  readonly trainers: number;
  readonly messages: number;
  readonly toEvolution: number;
  readonly gigabytes: number;
  readonly seconds: number;
  /** The longest that a heartbeat or report was on its way. */
  readonly slowestReport: number;
}

/** Steps that a row is the mean of: enough where they are quick, one where each is half a million chunks. */
const stepsOf = (trainers: number): number => (trainers > 100 ? 1 : 3);

function measure(trainers: number, bytes: number): Row {
  const steps = stepsOf(trainers);
  const rules: SearchRules = {
    ...CASES[0]!.rules,
    individualsPerStep: INDIVIDUALS,
    microBatches: MICRO_BATCHES,
    stepsPerEpoch: steps + 1,
  };
  const search: SearchCase = { ...CASES[0]!, name: 'scale', rules };
  const chunks = Math.ceil(bytes / CHUNK_BYTES);
  const networks: LoadedNetwork[] = [];
  const { timing, ...setup } = evolutionSetup({ search: { rules }, objective: null }, trainers);
  const cluster = new Cluster(
    { ...plain(search), trainers, evaluators: 0 },
    {
      scale: {
        network: (timeline) => {
          const isChunk = (subject: string): boolean => subject.endsWith('.trainer.gradient.*');
          const network = new LoadedNetwork(timeline, COSTS, (letter) =>
            isChunk(letter.subject) ? CHUNK_BYTES : letter.bytes.length,
          );
          networks.push(network);
          return network;
        },
        evolution: { ...setup, timing: { ...timing, ...PATIENT } },
        slotMs: SLOT_MS,
        exchange: EXCHANGE,
        // As many chunks of the simulated size as the real vector has of the real size.
        stemFloats: 6 * Math.max(1, chunks - 2),
      },
    },
  );
  const { load } = networks[0]!;
  cluster.runUntil(1);
  const before: Load = { ...load };
  const startedAt = cluster.timeline.now;
  cluster.runUntil(steps + 1);
  return {
    trainers,
    messages: (load.messages - before.messages) / steps,
    toEvolution: (load.toEvolution - before.toEvolution) / steps,
    gigabytes: (load.bytes - before.bytes) / steps / 1e9,
    seconds: (cluster.timeline.now - startedAt) / steps / 1000,
    slowestReport: load.slowestToEvolution / 1000,
  };
}

/** Longer than any step here, so that the table says what a step needs and not what ends it. */
const PATIENT = {
  leaseMs: 3_600_000,
  repeatMs: 1000,
  silenceMs: 3_600_000,
  mutedMs: 3_600_000,
  boundaryMs: 3_600_000,
};

export function printScale(sizes: readonly number[], asJson: boolean): number {
  const bytes = slotBytes();
  const rows = sizes.map((trainers) => measure(trainers, bytes));
  const slots = INDIVIDUALS * MICRO_BATCHES;
  if (asJson) {
    process.stdout.write(
      `${JSON.stringify({ slots, slotMs: SLOT_MS, slotBytes: bytes, costs: COSTS, rows })}\n`,
    );
    return 0;
  }
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  process.stdout.write(
    [
      `${slots} slots a step, ${SLOT_MS} ms and ${(bytes / 1e6).toFixed(1)} MB each`,
      line([
        'trainers',
        'messages a step',
        'to evolution',
        'GB through the broker',
        's a step',
        'computing alone, s',
        'slowest report, s',
      ]),
      line(['---', '---', '---', '---', '---', '---', '---']),
      ...rows.map(({ trainers, messages, toEvolution, gigabytes, seconds, slowestReport }) =>
        line([
          String(trainers),
          String(Math.round(messages)),
          String(Math.round(toEvolution)),
          gigabytes.toFixed(2),
          seconds.toFixed(2),
          ((Math.ceil(slots / trainers) * SLOT_MS) / 1000).toFixed(2),
          slowestReport.toFixed(2),
        ]),
      ),
      '',
    ].join('\n'),
  );
  return 0;
}
