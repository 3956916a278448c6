import { describe, expect, it } from 'vitest';
import { decode, encode, WireError } from '#emars/wire/messages.js';
import { RepeatedEncoder } from '#emars/wire/repeated.js';

const roll = (fence: number) => ({ fence, present: ['a-1', 'b-1'] });

describe('an encoder for messages that are repeated', () => {
  it('gives the bytes of any message, and the very same ones where the message is the same object', () => {
    const encoder = new RepeatedEncoder();
    const first = roll(1);
    const bytes = encoder.encode('RollCall', first);
    expect(Buffer.from(bytes)).toEqual(Buffer.from(encode('RollCall', first)));
    encoder.encode('Farewell', { reason: 'done' });
    expect(encoder.encode('RollCall', first)).toBe(bytes);
    const equal = encoder.encode('RollCall', roll(1));
    expect(equal).not.toBe(bytes);
    expect(decode('RollCall', encoder.encode('RollCall', roll(2))).fence).toBe(2);
  });

  it('refuses what must not travel, each time', () => {
    const encoder = new RepeatedEncoder();
    const wrong = roll(-1);
    expect(() => encoder.encode('RollCall', wrong)).toThrow(WireError);
    expect(() => encoder.encode('RollCall', wrong)).toThrow(WireError);
  });
});
