import { describe, expect, it } from 'vitest';
import { answerSelection, SELECTION_LIMITS } from '#emars/evolution/service.js';
import { nearFront } from './instances.js';

const request = {
  values: [
    [0.9, 10],
    [0.8, 5],
    [0.7, 6],
    [0.95, 30],
    [0.5, 40],
  ],
  directions: ['max', 'min'],
  keep: 3,
  selector: 'nsga3',
  partitions: 4,
  seed: 1,
};

function output(text: string) {
  const answer = answerSelection(text);
  if (!answer.ok) throw new Error(answer.error);
  return answer.output;
}
function error(change: Record<string, unknown>): string {
  const answer = answerSelection(JSON.stringify({ ...request, ...change }));
  if (answer.ok) throw new Error(`expected an error, got ${JSON.stringify(answer.output)}`);
  return answer.error;
}

describe('the selection service', () => {
  it('answers with survivors, fronts and state, in this order', () => {
    const answer = output(JSON.stringify(request));
    expect(Object.keys(answer)).toEqual(['selected', 'fronts', 'state']);
    expect(answer).toEqual({
      selected: [0, 1, 3],
      fronts: [[0, 1, 3], [2], [4]],
      state: {
        ideal: [0.95, 5],
        worst: [0.5, 40],
        extremes: [
          [0.8, 5],
          [0.95, 30],
        ],
        rngCounter: 1,
      },
    });
  });

  it('gives equal bytes for equal input, and other survivors for another seed', () => {
    const values = nearFront(3, 40, 3);
    const text = (seed: number): string =>
      JSON.stringify({
        values,
        directions: ['min', 'min', 'min'],
        keep: 12,
        selector: 'nsga3',
        partitions: 2,
        seed,
      });
    expect(JSON.stringify(output(text(5)))).toBe(JSON.stringify(output(text(5))));
    const answers = new Set([1, 2, 3, 4, 5].map((seed) => output(text(seed)).selected.join()));
    expect(answers.size).toBeGreaterThan(1);
  });

  it('goes on from the state of an earlier answer', () => {
    const first = output(JSON.stringify(request));
    const second = output(JSON.stringify({ ...request, state: first.state }));
    expect(second.state).toEqual({ ...first.state, rngCounter: 2 });
  });

  it.each(['merged-fronts', 'random', 'top-accuracy', 'nsga2'])('knows the selector %s', (selector) => {
    const rest = { ...request, partitions: undefined };
    const answer = output(JSON.stringify({ ...rest, selector }));
    expect(answer.selected).toHaveLength(3);
    expect(output(JSON.stringify({ ...rest, selector, state: answer.state })).state.rngCounter).toBe(2);
  });

  it('fills in what is left out: nsga3, seed 0, the smallest set of lines', () => {
    const { values, directions, keep } = request;
    expect(output(JSON.stringify({ values, directions, keep }))).toEqual(
      output(JSON.stringify({ values, directions, keep, selector: 'nsga3', seed: 0, partitions: 2 })),
    );
  });

  it('takes one objective and given references', () => {
    expect(output('{"values":[[3],[1],[2]],"directions":["min"],"keep":2}').selected).toEqual([1, 2]);
    const rest = { ...request, partitions: undefined };
    expect(
      output(
        JSON.stringify({
          ...rest,
          references: [
            [1, 0],
            [0, 1],
            [1, 1],
          ],
        }),
      ).selected,
    ).toEqual([0, 1, 3]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['an unknown key', { kep: 3 }, /kep/],
    ['an unknown selector', { selector: 'nsga4' }, /selector: .*nsga3/],
    ['an unknown direction', { directions: ['max', 'up'] }, /directions\[1\]/],
    ['a row too short', { values: [[1, 2], [3]] }, /row 1/],
    [
      'null for a number',
      {
        values: [
          [1, 2],
          [3, null],
        ],
        keep: 1,
      },
      /row 1, column 1/,
    ],
    ['text for a number', { values: [[1, '2']], keep: 1 }, /row 0, column 1/],
    ['no rows', { values: [] }, /values/],
    ['keep above the rows', { keep: 6 }, /keep: expected an integer from 1 to 5/],
    ['keep of 0', { keep: 0 }, /keep/],
    ['keep of 1.5', { keep: 1.5 }, /keep/],
    ['partitions and references', { references: [[1, 0]] }, /both/],
    ['a zero reference', { partitions: undefined, references: [[0, 0]] }, /references/],
    ['a broken state', { state: { ideal: [1], worst: [1], extremes: [], rngCounter: 0 } }, /state/],
    [
      'an unknown key in the state',
      { state: { ideal: [], worst: [], extremes: [], rngCounter: 0, x: 1 } },
      /state/,
    ],
    ['too many lines', { partitions: SELECTION_LIMITS.lines }, /lines/],
    ['a seed that is no integer', { seed: 0.5 }, /seed/],
    ['too many objectives', { directions: new Array(21).fill('min') }, /directions/],
  ])('refuses %s in one line', (_, change, message) => {
    const text = error(change);
    expect(text).toMatch(message);
    expect(text).not.toContain('\n');
  });

  it.each([
    '',
    'hello',
    '{"values":[[NaN]]}',
    '[]',
    '3',
    'null',
    '{"values":[[1e999]],"directions":["min"],"keep":1}',
    '{',
  ])('refuses the text %j', (text) => {
    expect(answerSelection(text).ok).toBe(false);
  });

  it('refuses a text that is too long without parsing it', () => {
    expect(answerSelection(' '.repeat(SELECTION_LIMITS.characters + 1))).toEqual({
      ok: false,
      error: `expected at most ${SELECTION_LIMITS.characters} characters, got ${SELECTION_LIMITS.characters + 1}`,
    });
  });
});
