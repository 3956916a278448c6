import { expect, it } from 'vitest';
import { scorePlot } from '#emars/explain/score-plot.js';

/** Of each bar: y, height and colour. */
const bars = (svg: string): [number, number, string][] =>
  [...svg.matchAll(/<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)" fill="(#\w+)">/g)].map(
    ([, y, height, fill]) => [Number(y), Number(height), fill!],
  );

it('draws a bar a slice, up for the class and down against it, from one zero line', () => {
  const [first, second, third] = bars(scorePlot([2, -1, 0], 'NCP'));
  const zero = first![0] + first![1];
  expect(second![0]).toBeCloseTo(zero, 1);
  expect(first![1]).toBeCloseTo(2 * second![1], 1);
  expect(third![1]).toBe(0);
  expect(first![2]).not.toBe(second![2]);
});

it('keeps markup out of what names say, and draws scores that are all alike', () => {
  const svg = scorePlot([0, 0], '<b> & "x"');
  expect(svg).toContain('&lt;b&gt; &amp; &quot;x&quot;');
  expect(svg).not.toMatch(/NaN|Infinity|<b>/);
  expect(bars(svg)).toHaveLength(2);
});
