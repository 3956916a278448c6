/** What holds of every message: it is read as it was written, and bytes that are none are refused in one way. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Draft, Message } from '#emars/wire/messages.js';
import { decode, encode, WireError } from '#emars/wire/messages.js';
import { holds } from '../property.js';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 });
const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 5 });

const commit = fc.record({
  step: uint32,
  slots: some(
    fc.record({
      slot: uint32,
      fence: uint32,
      owner: id,
      number: uint32,
      digest: fc.option(sha256),
      diverged: fc.boolean(),
    }),
  ),
});
const lease = fc.record({ slot: uint32, owner: id, fence: uint32, number: uint32, diverged: fc.boolean() });

/** Messages with every field in its range. */
const messages = {
  RollCall: fc.record({ fence: uint32, present: some(id) }),
  Directive: fc.record({
    fence: uint32,
    epoch: uint32,
    members: some(id),
    step: fc.record({
      step: uint32,
      stepInEpoch: uint32,
      leases: some(lease),
      checks: some(fc.record({ slot: uint32, owner: id })),
      commit: fc.option(commit),
    }),
  }),
  GradientChunk: fc.record({
    fence: uint32,
    step: uint32,
    slot: uint32,
    owner: id,
    number: uint32,
    index: uint32,
    count: uint32,
    length: uint32,
    sent: uint32,
    dtype: fc.constant('f32'),
    payload: fc.uint8Array({ maxLength: 200 }),
  }),
  Credit: fc.record({ from: id, sent: uint32 }),
  ChunkRequest: fc.record({
    from: id,
    fence: uint32,
    step: uint32,
    slot: uint32,
    number: uint32,
    missing: some(uint32),
  }),
  Farewell: fc.record({ reason: fc.option(text) }),
} as const;

type Drawn = keyof typeof messages;
const names = Object.keys(messages) as Drawn[];
const bytesOf = (name: Drawn): fc.Arbitrary<Uint8Array> =>
  (messages[name] as fc.Arbitrary<Draft<Drawn>>).map((message) => encode(name, message));

/** A message as plain values: views become lists, so that only what they hold is compared. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** Decodes, or null where it is refused. Errors: anything but a WireError. */
function decoded(name: Drawn, bytes: Uint8Array): Message<Drawn> | null {
  try {
    return decode(name, bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return null;
  }
}

describe.each(names)('every %s', (name) => {
  it('is read as it was written', () => {
    holds(
      fc.property(messages[name] as fc.Arbitrary<Draft<Drawn>>, (message) => {
        expect(plain(decode(name, encode(name, message)))).toMatchObject(plain(message) as object);
      }),
    );
  });

  it('cut, or with a bit turned, is another message or a WireError', () => {
    let refused = 0;
    holds(
      fc.property(bytesOf(name), fc.nat(), fc.nat({ max: 7 }), (bytes, at, bit) => {
        const damaged = Uint8Array.from(bytes);
        if (damaged.length > 0) damaged[at % damaged.length]! ^= 1 << bit;
        for (const odd of [damaged, bytes.subarray(0, at % (bytes.length + 1))])
          if (decoded(name, odd) === null) refused++;
      }),
    );
    expect(refused).toBeGreaterThan(0);
  });
});
