/** Which networks of a search are retrained. */
import { describe, expect, it } from 'vitest';
import { chooseCandidates } from '#emars/retraining/candidates.js';

const objectives = [
  { name: 'accuracy', direction: 'max' as const, unit: 'share' },
  { name: 'size', direction: 'min' as const, unit: 'MB' },
];
const member = (id: string, accuracy: number, size: number): (typeof front)[number] => ({
  id,
  genome: ['skip'],
  values: { accuracy, size },
  history: [],
});
const front: {
  id: string;
  genome: string[];
  values: Record<string, number>;
  history: [number, number][];
}[] = [];
front.push(member('a', 0.9, 9), member('b', 0.89, 8.9), member('c', 0.7, 5), member('d', 0.3, 1));
const line = (id: string, accuracy: number): Parameters<typeof chooseCandidates>[1][number] => ({
  epoch: 3,
  id,
  genome: ['skip'],
  values: { accuracy, size: 1 },
  trained: 1,
  confusion: null,
  potentialDefined: null,
  failed: null,
  selected: true,
});
const ids = (count: number, lines = [line('x', 0.5), line('a', 0.9), line('y', 0.6)]): string[] =>
  chooseCandidates({ front, objectives }, lines, count).map(({ id }) => id);

describe('the candidates of a retraining', () => {
  it('are the front, the most accurate first', () => {
    expect(ids(4)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('of a larger front are spread over it: who has a near neighbour goes', () => {
    expect(ids(3)).toEqual(['a', 'c', 'd']);
    expect(ids(2)).toEqual(['a', 'd']);
  });

  it('always hold the most accurate', () => {
    expect(ids(1)).toEqual(['a']);
  });

  it('of a smaller front are filled up with the most accurate others, none twice', () => {
    expect(ids(10)).toEqual(['a', 'b', 'c', 'd', 'y', 'x']);
  });
});
