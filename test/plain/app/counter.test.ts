import { expect, it } from 'vitest';
import { counter } from '#emars/app/counter.js';

function told(isTTY: boolean, seconds: readonly number[]): string[] {
  const lines: string[] = [];
  const times = [0, ...seconds];
  const target = { isTTY, columns: 80, write: (text: string) => (lines.push(text), true) };
  const tell = counter('predicting', target, () => 1000 * times.shift()!);
  seconds.forEach((_, i) => tell(i + 1, seconds.length));
  return lines.map((line) => line.replace(/\r\u001b\[2K/, ''));
}

it('says how many are done and, once there is a pace, what is left; nothing at the end', () => {
  expect(told(true, [1, 10, 30, 40])).toEqual([
    'predicting 1/4',
    'predicting 2/4, 10 s left',
    'predicting 3/4, 10 s left',
    '',
  ]);
});

it('is silent where there is no terminal', () => {
  expect(told(false, [1, 10])).toEqual([]);
});
