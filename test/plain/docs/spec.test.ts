/** "spec section N" in the code is a promise that docs/spec.md has such a section. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, files, textOf } from './pages.js';

const CITED = /\bspec sections? (\d[\d., ]*)/g;

const headings = [...textOf('docs/spec.md').matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? \S/gm)].map(
  ([, number = '']) => number,
);
const citations = files()
  .filter((path) => /\.(ts|proto|yaml)$/.test(path) && !path.startsWith('test/'))
  .flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(CITED)].flatMap(([, numbers = '']) =>
      [...numbers.matchAll(/\d+(?:\.\d+)?/g)].map(([number]) => ({ path, number })),
    ),
  );

it('every section that the code cites is a heading of docs/spec.md', () => {
  expect(citations.length).toBeGreaterThan(4);
  expect(citations.filter(({ number }) => !headings.includes(number))).toEqual([]);
});

it('the sections are numbered in order, each once', () => {
  const order = headings.map((number) => number.split('.').map(Number));
  const sorted = [...order].sort((a, b) => a[0]! - b[0]! || (a[1] ?? 0) - (b[1] ?? 0));
  expect(order).toEqual(sorted);
  expect(new Set(headings).size).toBe(headings.length);
});
