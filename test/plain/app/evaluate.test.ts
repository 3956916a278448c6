/** What `emars evaluate` says to people. */
import { describe, expect, it } from 'vitest';
import { describeEvaluation } from '#emars/app/evaluate.js';

const result = {
  id: 'a000000000000000',
  n: 10,
  correct: 7,
  accuracy: 0.7,
  majority: 0.6,
  perClass: {
    CP: { n: 0, correct: 0, predicted: {} },
    NCP: { n: 6, correct: 5, predicted: {} },
    Normal: { n: 4, correct: 2, predicted: {} },
  },
};
const lines = (changed: Partial<typeof result> = {}): string[] =>
  describeEvaluation({ ...result, ...changed }).map((line) => line.replaceAll('\u202f', ' '));

describe('an evaluation on other scans', () => {
  it('has a share for every class, and a dash for one without scans', () => {
    expect(lines()).toEqual([
      'individual a000000000000000: 7 of 10 scans right, accuracy 70.0 %; always the largest class: 60.0 %',
      '',
      'class   scans  right   share',
      '──────  ─────  ─────  ──────',
      'CP          0      0       –',
      'NCP         6      5  83.3 %',
      'Normal      4      2  50.0 %',
    ]);
  });

  it('says so when it is not above always naming the largest class', () => {
    expect(lines({ majority: 0.7 })[1]).toMatch(/^not above the majority/);
  });
});
