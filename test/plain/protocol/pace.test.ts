/** How long each trainer takes for its slots of a step, as evolution sees it. */
import { expect, it } from 'vitest';
import { Bench } from './evolution-support.js';

const secondsOf = (bench: Bench, id: string): number | null | undefined =>
  bench
    .wait(100, ['a', 'b'])
    .sent('Status')
    ?.workers.find((worker) => worker.id === id)?.stepSeconds;

it('counts from the plan of a step to the last of the own slots, once a step, smoothed; null before', () => {
  const bench = new Bench().hello('a').hello('b').ready('a').ready('b');
  expect(secondsOf(bench, 'a')).toBeNull();
  bench.holds('a', { held: [] });
  expect(secondsOf(bench, 'a')).toBeNull();
  bench.wait(200, ['a', 'b']).holds('a');
  expect(secondsOf(bench, 'a')).toBe(0.4);
  bench.holds('a');
  expect(secondsOf(bench, 'a')).toBe(0.4);
  expect(secondsOf(bench, 'b')).toBeNull();
  bench.holds('b').wait(900, ['a', 'b']).holds('a');
  expect(secondsOf(bench, 'a')).toBe(0.5);
  expect(secondsOf(bench, 'b')).toBe(0.7);
});
