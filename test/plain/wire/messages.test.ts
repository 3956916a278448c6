import { describe, expect, it } from 'vitest';
import { decode, encode, MESSAGE_LIMIT, WireError } from '#emars/wire/messages.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { generator } from '#emars/random/generator.js';

describe('a message', () => {
  it('keeps its defaults when it is spread', () => {
    const held = decode(
      'SlotsHeld',
      encode('SlotsHeld', { id: 't', held: [{ slot: 0, owner: 'a', digest: new Uint8Array(2) }] }),
    );
    expect({ ...held.held[0]! }).toMatchObject({ slot: 0, fence: 0, number: 0, bad: '', owner: 'a' });
    expect(held.behind).toBe(false);
    expect(held.stateDigest).toHaveLength(0);
  });

  it('carries bytes unchanged', () => {
    const payload = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
    const chunk = decode(
      'GradientChunk',
      encode('GradientChunk', { payload, sent: 0xfffffff0, checksum: 0xdeadbeef }),
    );
    expect([...chunk.payload]).toEqual([...payload]);
    expect(chunk.sent).toBe(0xfffffff0);
    expect(chunk.checksum).toBe(0xdeadbeef);
  });

  it('tells which of its alternatives it is', () => {
    const directive = decode(
      'Directive',
      encode('Directive', { fence: 1, epoch: 2, members: ['a'], end: { writer: 'a' } }),
    );
    expect(directive.end?.writer).toBe('a');
    expect(directive.step ?? null).toBeNull();
  });

  it('over the size limit is refused before it is decoded', () => {
    expect(() => decode('Hello', new Uint8Array(MESSAGE_LIMIT + 1))).toThrow(WireError);
  });

  it('of random or truncated bytes gives a WireError or a message, never another error', () => {
    const good = encode('SlotsHeld', {
      id: 'trainer-0',
      held: [{ slot: 1, owner: 'trainer-0', digest: new Uint8Array(32) }],
    });
    const random = generator(1, 'fuzz');
    for (let trial = 0; trial < 3000; trial++) {
      const bytes =
        trial % 2 === 0
          ? Uint8Array.from(good.subarray(0, random.integer(good.length)))
          : Uint8Array.from({ length: random.integer(64) }, () => random.integer(256));
      if (trial % 3 === 0 && bytes.length > 0) bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
      for (const name of ['SlotsHeld', 'Directive', 'GradientChunk'] as const) {
        try {
          decode(name, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    }
  });
});

describe('subjects', () => {
  it('are all below the run', () => {
    const subjects = subjectsOf('abc');
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

  it.each(['', 'a.b', 'a*', 'a>', 'a b', 'é', 'x'.repeat(65)])('refuse the id "%s"', (id) => {
    expect(() => subjectsOf(id)).toThrow(/expected an id/);
    expect(() => subjectsOf('run').credit(id)).toThrow(/expected an id/);
  });
});
