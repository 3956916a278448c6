import { describe, expect, it } from 'vitest';
import { generator } from '#emars/random/generator.js';
import { shuffleLabels } from '#emars/training/labels.js';

describe('shuffled labels', () => {
  it('say nothing about the true class: each is dealt out alike within every class', () => {
    const labels = Array.from({ length: 90 }, (_, i) => i % 3);
    const shuffled = shuffleLabels(7, labels, 3);
    for (const truth of [0, 1, 2]) {
      for (const given of [0, 1, 2])
        expect(labels.filter((label, i) => label === truth && shuffled[i] === given)).toHaveLength(10);
    }
  });

  it('keep the proportions of unequal classes as far as whole numbers allow', () => {
    const random = generator(1, 'labels');
    const labels = Array.from({ length: 101 }, () => (random.chance(0.7) ? 0 : 1));
    const count = (list: readonly number[]): number => list.filter((label) => label === 0).length;
    expect(Math.abs(count(shuffleLabels(7, labels, 2)) - count(labels))).toBeLessThanOrEqual(1);
  });

  it('repeat for a seed and change with it', () => {
    const labels = Array.from({ length: 60 }, (_, i) => i % 3);
    expect(shuffleLabels(1, labels, 3)).toEqual(shuffleLabels(1, labels, 3));
    expect(shuffleLabels(1, labels, 3)).not.toEqual(shuffleLabels(2, labels, 3));
  });
});
