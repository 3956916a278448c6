import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Draft, MessageName } from '#emars/wire/messages.js';
import { CHUNK_BYTES, decode, encode, MESSAGE_LIMIT, WireError } from '#emars/wire/messages.js';
import { checksumOf } from '#emars/wire/packing.js';
import { subjectOf, subjectsOf } from '#emars/wire/subjects.js';
import { generator } from '#emars/random/generator.js';

const SHA = 'ab'.repeat(32);
const attempt = { fence: 1, owner: 'trainer-0', number: 2 };
const hello: Draft<'Hello'> = {
  protocol: 1,
  role: 'trainer',
  id: 'trainer-0',
  incarnation: 'a1-b2',
  pid: 7,
  device: 'cpu',
  fingerprint: 'f00',
  canary: SHA,
};
const travelled = <Name extends MessageName>(name: Name, message: Draft<Name>) =>
  decode(name, encode(name, message));
/** Encodes past the checks of the sender: what a peer of another mind could send. */
const forged = <Name extends MessageName>(name: Name, message: object) => travelled(name, message as never);

/** With the checksum that a peer would put behind them. */
function sealed(name: MessageName, bytes: Uint8Array): Uint8Array {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(bytes, crc32(name)));
  return Buffer.concat([bytes, checksum]);
}

describe('a message', () => {
  it('keeps its defaults when it is spread', () => {
    const held = travelled('SlotsHeld', {
      id: 't',
      held: [{ slot: 0, fence: 0, owner: 'a', number: 0, digest: SHA, bad: null }],
    });
    expect({ ...held.held[0]! }).toEqual({
      slot: 0,
      fence: 0,
      number: 0,
      bad: null,
      owner: 'a',
      digest: SHA,
    });
    expect(held.behind).toBe(false);
  });

  it('carries bytes unchanged', () => {
    const payload = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
    const chunk = travelled('GradientChunk', {
      owner: 'a',
      dtype: 'f32',
      payload,
      sent: 0xfffffff0,
    });
    expect([...chunk.payload]).toEqual([...payload]);
    expect(chunk.sent).toBe(0xfffffff0);
  });

  it('carries the plan of 20,000 individuals, which is larger than the bus takes', () => {
    const random = generator(7, 'test');
    const operations = ['skip', 'mb_k3_e3', 'mb_k3_e6', 'mb_k5_e3', 'mb_k5_e6', 'mb_k7_e3', 'mb_k7_e6'];
    const individuals = Array.from({ length: 20_000 }, (_, i) => ({
      id: (0x9e3779b9 * (i + 1)).toString(16).padStart(16, '0').slice(-16),
      genome: Array.from({ length: 20 }, () => operations[random.integer(7)]!),
    }));
    const schedule = Array.from({ length: 40_000 }, (_, i) => (i + 17) % individuals.length);
    const plan = { snapshot: SHA, firstStep: 20_000, startStep: 20_000, individuals, schedule };
    const bytes = encode('Directive', { fence: 1, epoch: 2, members: ['a'], plan });
    expect(bytes.length).toBeLessThan(MESSAGE_LIMIT);
    expect(decode('Directive', bytes).plan).toEqual(plan);
  });

  it('tells which of its alternatives it is', () => {
    const directive = travelled('Directive', {
      fence: 1,
      epoch: 2,
      members: ['a'],
      end: { writer: 'a', commit: null },
    });
    expect(directive).toMatchObject({ plan: null, step: null, end: { writer: 'a', commit: null } });
  });

  it('has null where something is absent, and digests in hexadecimal', () => {
    expect(travelled('SlotsHeld', { id: 't' }).stateDigest).toBeNull();
    expect(travelled('SlotsHeld', { id: 't', stateDigest: SHA }).stateDigest).toBe(SHA);
    expect(travelled('EpochReady', { id: 't' }).error).toBeNull();
    expect(travelled('Hello', hello)).toEqual({ ...hello, position: null, seen: null });
    const slots = [{ slot: 3, ...attempt, digest: null, diverged: true }];
    const step = {
      step: 9,
      stepInEpoch: 1,
      leases: [],
      commit: { step: 8, slots },
      checks: [],
      joining: null,
    };
    expect(travelled('Directive', { members: [], step }).step!.commit).toEqual({ step: 8, slots });
    const plan = { snapshot: null, firstStep: 0, startStep: 0, individuals: [], schedule: [] };
    expect(travelled('Directive', { members: [], plan }).plan).toEqual(plan);
    const unknown = travelled('Status', { phase: 'preparing', etaSeconds: null, bestAccuracy: null });
    expect(unknown).toMatchObject({ etaSeconds: null, bestAccuracy: null, error: null });
  });

  it('travels as the bytes of proto/emars.proto and their checksum: 32 bytes a digest, none for an absent one', () => {
    const canary = Uint8Array.from([66, 32, ...Buffer.from(SHA, 'hex')]);
    expect([...encode('Hello', { canary: SHA })]).toEqual([...sealed('Hello', canary)]);
    const welcome = { accepted: true, reason: null, fence: 3 };
    expect([...encode('Welcome', welcome)]).toEqual([...sealed('Welcome', Uint8Array.from([8, 1, 24, 3]))]);
  });

  it('is none under the name of another', () => {
    const bytes = encode('Credit', { from: 'a', sent: 1 });
    expect(() => decode('StateRequest', bytes)).toThrow(/another checksum/);
  });

  it('with a piece of a vector ends in sixteen bytes that find any damage to it', () => {
    const payload = Uint8Array.from({ length: 200 }, (_, i) => i);
    const chunk = { owner: 'a', dtype: 'f32', payload } as const;
    const bytes = encode('GradientChunk', chunk);
    const body = bytes.subarray(0, bytes.length - 16);
    expect(bytes.subarray(-16)).toEqual(checksumOf('GradientChunk', body));
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const hit = Uint8Array.from(bytes);
      hit[bit >>> 3]! ^= 1 << (bit & 7);
      expect(() => decode('GradientChunk', hit)).toThrow(/another checksum/);
    }
    expect(() => decode('StateChunk', bytes)).toThrow(/another checksum/);
    expect(() => decode('GradientChunk', bytes.subarray(0, 15))).toThrow(/too few/);
  });

  it('is cut where it quotes an error of any length', () => {
    const error = 'x'.repeat(1_000_000);
    expect(travelled('EpochReady', { id: 't', error }).error).toHaveLength(2000);
  });
});

describe('a message is refused', () => {
  it('over the size limit, before it is decoded', () => {
    expect(() => decode('Hello', new Uint8Array(MESSAGE_LIMIT + 1))).toThrow(WireError);
  });

  it('packed, where it would unpack to too much or to nothing', () => {
    const bomb = Buffer.concat([Buffer.of(0), deflateRawSync(Buffer.alloc(64 * MESSAGE_LIMIT))]);
    expect(bomb.length).toBeLessThan(MESSAGE_LIMIT);
    for (const body of [bomb, Buffer.of(0), Buffer.of(0, 0xff, 0xff), bomb.subarray(0, 100)]) {
      expect(() => decode('Directive', sealed('Directive', body))).toThrow(
        /bytes that do not decode \((?!another checksum)/,
      );
    }
  });

  it('with any of its bits flipped', () => {
    const bytes = encode('EvaluationResult', {
      epoch: 2,
      snapshot: SHA,
      individual: '0123456789abcdef',
      objective: 'accuracy',
      worker: 'evaluator-0',
      value: 0.625,
    });
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const hit = Uint8Array.from(bytes);
      hit[bit >>> 3]! ^= 1 << (bit & 7);
      expect(() => decode('EvaluationResult', hit)).toThrow(/another checksum/);
    }
  });

  it('where it fits the bus neither whole nor packed', () => {
    const random = generator(7, 'test');
    const id = (): string => random.bits().toString(16).padStart(16, '0');
    const individuals = Array.from({ length: 100_000 }, () => ({ id: id(), genome: Array(4).fill(id()) }));
    const plan = { snapshot: SHA, firstStep: 0, startStep: 0, schedule: [], individuals };
    expect(() => encode('Directive', { fence: 1, epoch: 1, members: ['a'], plan })).toThrow(
      /does not fit 1048576 packed .* a smaller population/,
    );
  });

  it.each([
    ['an id that is no subject token', 'Hello', { ...hello, id: 'a b.>' }],
    ['an id of 60 kB', 'Hello', { ...hello, id: 'x'.repeat(60_000) }],
    ['an unknown role', 'Hello', { ...hello, role: 'spectator' }],
    [
      'an owner that is no subject token',
      'GradientChunk',
      { owner: '*', dtype: 'f32', payload: new Uint8Array(4) },
    ],
    ['an unknown type of numbers', 'GradientChunk', { owner: 'a', dtype: 'f64', payload: new Uint8Array(4) }],
    [
      'a chunk too large',
      'GradientChunk',
      { owner: 'a', dtype: 'f32', payload: new Uint8Array(CHUNK_BYTES + 1) },
    ],
    [
      'more chunks asked for than one request may name',
      'ChunkRequest',
      { from: 'a', missing: Array(1001).fill(1) },
    ],
    ['a writer without a name', 'Directive', { members: [], end: { writer: '', commit: null } }],
    ['a snapshot of another name', 'EpochTrained', { id: 't', sha256: '../../etc/passwd' }],
    [
      '80,000 entries of confusion',
      'EvaluationResult',
      {
        snapshot: SHA,
        individual: 'ab'.repeat(8),
        objective: 'accuracy',
        worker: 'w',
        confusion: Array(80_000).fill(1),
      },
    ],
    [
      'a worker of 500 kB',
      'EvaluationResult',
      { snapshot: SHA, individual: 'ab'.repeat(8), objective: 'accuracy', worker: 'w'.repeat(500_000) },
    ],
    ['an unknown phase', 'Status', { phase: 'sleeping' }],
  ] as const)('with %s', (_, name, message) => {
    expect(() => forged(name, message)).toThrow(WireError);
  });

  it('with what is missing named', () => {
    expect(() => decode('Heartbeat', sealed('Heartbeat', new Uint8Array(0)))).toThrow(
      /expected a Heartbeat message.*"id"/,
    );
  });

  it('where it arrives as well as where it is sent', () => {
    // Field 1 of a Credit, a string of one space.
    expect(() => decode('Credit', sealed('Credit', Uint8Array.from([10, 1, 32])))).toThrow(
      /"from" does not fit/,
    );
    // Field 5 of a HeldSlot inside field 4 of SlotsHeld: two bytes for a digest.
    const held = [26, 1, 97, 42, 2, 1, 2];
    expect(() =>
      decode('SlotsHeld', sealed('SlotsHeld', Uint8Array.from([10, 1, 97, 34, held.length, ...held]))),
    ).toThrow(/digest/);
  });

  it('of random or truncated bytes with a WireError, never another error', () => {
    const good = encode('SlotsHeld', {
      id: 'trainer-0',
      held: [{ slot: 1, ...attempt, digest: SHA, bad: null }],
    });
    const random = generator(1, 'fuzz');
    for (let trial = 0; trial < 3000; trial++) {
      const bytes =
        trial % 2 === 0
          ? Uint8Array.from(good.subarray(0, random.integer(good.length - 4)))
          : Uint8Array.from({ length: random.integer(64) }, () => random.integer(256));
      if (trial % 3 === 0 && bytes.length > 0) bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
      for (const name of ['SlotsHeld', 'Directive', 'GradientChunk'] as const) {
        try {
          decode(name, trial % 10 === 0 ? bytes : sealed(name, bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    }
  });
});

describe('subjects', () => {
  const subjects = subjectsOf('abc');

  it('are all below the run', () => {
    const names = [
      ...Object.values(subjects).filter(
        (value): value is string => typeof value === 'string' && value.includes('.'),
      ),
      subjects.credit('t-1'),
      subjects.chunkRequest('t-1'),
    ];
    expect(names.every((name) => name.startsWith('emars.abc.'))).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });

  it('follow from a message and whom it is for', () => {
    expect(subjectOf(subjects, 'Directive', null)).toBe(subjects.directive);
    expect(subjectOf(subjects, 'Credit', 't-1')).toBe(subjects.credit('t-1'));
    expect(subjectOf(subjects, 'Welcome', '_INBOX.7')).toBe('_INBOX.7');
    expect(() => subjectOf(subjects, 'Directive', 't-1')).toThrow(/for all/);
    expect(() => subjectOf(subjects, 'ChunkRequest', null)).toThrow(/for one trainer/);
    expect(() => subjectOf(subjects, 'Credit', 'a b.>')).toThrow(/expected an id/);
  });

  it.each(['', 'a.b', 'a*', 'a>', 'a b', 'é', 'x'.repeat(65)])('refuse the id "%s"', (id) => {
    expect(() => subjectsOf(id)).toThrow(/expected an id/);
    expect(() => subjectsOf('run').credit(id)).toThrow(/expected an id/);
  });
});
