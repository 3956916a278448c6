/** p50 and p99 by nearest rank, by hand; what was never seen does not count as seen at once. */
import { expect, it } from 'vitest';
import { figuresOf } from '#emars/chaos/figures.js';

const row = { kind: 'kill-trainer', target: 't', search: 1, repeatedSlots: 0, repeatedEpochs: 0 } as const;

it('come from the rows', () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({
    ...row,
    number: i + 1,
    detected: i % 2 === 0 ? (i + 1) / 100 : null,
    recovered: i === 0 ? 99 : (i + 1) / 10,
    equal: i !== 7,
  }));
  expect(figuresOf(rows, 250, 3)).toEqual({
    ...{ injected: 200, asked: 250, seed: 3, unequal: 1 },
    // 100 values 0.01, 0.03, …, 1.99: the 50th and the 99th.
    detected: { p50: 0.99, p99: 1.97, goal: 5, isReached: true },
    // 0.2, 0.3, …, 20, 99: the 100th and the 198th.
    recovered: { p50: 10.1, p99: 19.9, goal: 15, isReached: false },
  });
});

it('are none where nothing was injected', () => {
  const { detected, recovered } = figuresOf([], 5, 1);
  for (const delay of [detected, recovered])
    expect(delay).toMatchObject({ p50: null, p99: null, isReached: true });
});
