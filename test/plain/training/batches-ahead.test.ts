import { describe, expect, it } from 'vitest';
import { DataClock } from '#emars/actors/trainer/data-clock.js';
import { ProcessUsage } from '#emars/actors/parent/process-usage.js';
import type { Batch } from '#emars/training/batch.js';
import { BatchesAhead } from '#emars/training/batches-ahead.js';
import type { SlotKey } from '#emars/training/samples.js';

const keyOf = (step: number, slot = 0): SlotKey => ({ epoch: 1, step, stepInEpoch: step, slot });

describe('batches ahead', () => {
  const made: string[] = [];
  let isBroken = false;
  const assemble = ({ step, slot }: SlotKey): Batch => {
    if (isBroken) throw new Error('the scan is gone');
    made.push(`${step}/${slot}`);
    return { images: Float32Array.of(step, slot), shape: [1, 1, 1, 2], labels: Int32Array.of(0) };
  };

  it('gives what was prepared once, and assembles what was not', () => {
    const ahead = new BatchesAhead(assemble);
    ahead.prepare(keyOf(2));
    ahead.prepare(keyOf(2));
    expect(made.splice(0)).toEqual(['2/0']);
    const first = ahead.take(keyOf(2));
    expect([...first.images]).toEqual([2, 0]);
    expect(made).toEqual([]);
    // Its memory is the taker's.
    expect(ahead.take(keyOf(2))).not.toBe(first);
    expect([...ahead.take(keyOf(2, 1)).images]).toEqual([2, 1]);
    expect(made.splice(0)).toEqual(['2/0', '2/1']);
  });

  it('holds few: guesses that nobody took go first', () => {
    const ahead = new BatchesAhead(assemble);
    for (let step = 0; step < 6; step++) ahead.prepare(keyOf(step));
    made.splice(0);
    for (let step = 0; step < 6; step++) ahead.take(keyOf(step));
    expect(made.splice(0)).toEqual(['0/0', '1/0']);
  });

  it('leaves an error to who needs the batch', () => {
    const ahead = new BatchesAhead(assemble);
    isBroken = true;
    ahead.prepare(keyOf(1));
    expect(() => ahead.take(keyOf(1))).toThrow('the scan is gone');
    isBroken = false;
    expect([...ahead.take(keyOf(1)).images]).toEqual([1, 0]);
  });
});

it('a trainer tells the share of its slots that went into data, and its supervisor keeps what is one', () => {
  const told: unknown[] = [];
  const clock = new DataClock((count) => told.push(count));
  const busyUntilLater = (): void => {
    for (const began = performance.now(); performance.now() < began + 2;);
  };
  clock.slot(() => clock.data(busyUntilLater));
  expect(told).toHaveLength(1);
  const { share } = told[0] as { share: number };
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThanOrEqual(1);
  const usage = new ProcessUsage();
  expect(usage.of('trainer-0', null).dataShare).toBeNull();
  for (const message of [{ kind: 'data-share', share: 0.25 }, { kind: 'data-share', share: 7 }, 'x', null])
    usage.hear('trainer-0', message);
  expect(usage.of('trainer-0', null)).toEqual({ memory: null, busy: null, dataShare: 0.25 });
});
