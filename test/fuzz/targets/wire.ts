/** Messages of the bus. The first byte names the message, its high bit leaves the checksum to the fuzzer. */
import type { Draft, MessageName } from '#emars/wire/messages.js';
import { decode, encode, MESSAGE_LIMIT, WireError } from '#emars/wire/messages.js';
import { checksumOf } from '#emars/wire/packing.js';
import type { FuzzTarget } from '../target.js';
import { demandSame, takenOrOneLine } from '../target.js';

const SHA = 'ab'.repeat(32);
const id = '0123456789abcdef';
const attempt = { fence: 1, owner: 'trainer-0', number: 2 };
const lease = { slot: 0, ...attempt, diverged: false };
const commit = { step: 4, slots: [{ slot: 0, ...attempt, digest: SHA, diverged: false }] };
const individual = { id, genome: ['skip', 'mb_k3_e3'] };

/** One sound message of each name that a process of another may send. */
const MESSAGES: { readonly [Name in MessageName]?: Draft<Name> } = {
  Hello: {
    ...{ protocol: 1, role: 'trainer', id: 't', incarnation: 'a', pid: 7, device: 'cpu', fingerprint: 'f' },
    ...{ canary: SHA, position: { epoch: 1, appliedStep: 3 } },
  },
  Welcome: { accepted: true, reason: null, fence: 3 },
  RollCall: { fence: 1, present: ['a', 'b'] },
  Directive: {
    ...{ fence: 1, epoch: 2, members: ['a'] },
    step: { step: 5, stepInEpoch: 1, leases: [lease], commit, checks: [], joining: null },
  },
  EpochReady: { id: 't', fence: 1, epoch: 2, error: 'no memory' },
  SlotsHeld: { id: 't', fence: 1, step: 3, held: [{ slot: 0, ...attempt, digest: SHA, bad: null }] },
  EpochTrained: { id: 't', fence: 1, epoch: 2, sha256: SHA, written: true, error: null },
  GradientChunk: { owner: 'a', dtype: 'f32', payload: new Uint8Array(16), length: 16, count: 1 },
  Credit: { from: 'a', sent: 16 },
  ChunkRequest: { from: 'a', missing: [1, 2] },
  EvaluationRequest: { epoch: 1, snapshot: SHA, individual, objective: 'accuracy' },
  EvaluationResult: {
    ...{ epoch: 1, snapshot: SHA, individual: id, objective: 'accuracy', worker: 'e', deliveries: 1 },
    ...{ value: 0.5, confusion: [1, 2, 3, 4] },
  },
  ObjectiveHello: {
    ...{ protocol: 1, name: 'memory', unit: 'MB', direction: 'min', needs: 'genome', incarnation: 'm' },
    ...{ since: 2, joined: false },
  },
  MeasureResult: { name: 'memory', incarnation: 'm', fence: 1, epoch: 2, individual: id, value: 3 },
  StateRequest: { from: 'a', fence: 1, step: 2, chunks: [0, 1] },
  DeadLetter: {
    by: 'trainer.t',
    expected: 'Hello',
    subject: 'emars.x',
    reason: 'no',
    size: 3,
    count: 1,
    head: new Uint8Array(3),
  },
  Status: { phase: 'search', epoch: 1, epochs: 2 },
};
const NAMES = Object.keys(MESSAGES) as MessageName[];

function sealed(name: string, body: Uint8Array): Uint8Array {
  return Buffer.concat([body, checksumOf(name, body)]);
}

/** A message as plain values, without what a decoder keeps beside them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

export const wire: FuzzTarget = {
  name: 'wire',
  seeds: () =>
    Promise.resolve(
      NAMES.map((name, index) => {
        const frame = encode(name, MESSAGES[name]! as never);
        const body = frame.subarray(0, frame.length - checksumOf(name, frame).length);
        return Buffer.concat([Buffer.of(index), body]);
      }),
    ),
  run: async (bytes) => {
    if (bytes.length === 0 || bytes.length > MESSAGE_LIMIT) return false;
    const first = bytes[0]!;
    const name = NAMES[(first & 0x7f) % NAMES.length]!;
    const body = bytes.subarray(1);
    const message = await takenOrOneLine(
      () => decode(name, first < 0x80 ? sealed(name, body) : body),
      WireError,
    );
    if (message === null) return false;
    const again = decode(name, encode(name, message as never));
    demandSame(plain(message), plain(again), name);
    return true;
  },
};
