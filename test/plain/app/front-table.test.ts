import { describe, expect, it } from 'vitest';
import { renderFrontTable } from '#emars/app/front-table.js';

const objectives = [
  { name: 'accuracy', direction: 'max', unit: '' },
  { name: 'size', direction: 'min', unit: 'MB' },
  { name: 'potential', direction: 'max', unit: '1/epoch' },
] as const;
const front = [
  { id: 'b000000000000000', values: { accuracy: 0.7, size: 0.1234, potential: 0.00123 } },
  { id: 'c000000000000000', values: { accuracy: 0.85, size: 2.5, potential: -0.0000123 } },
  { id: 'a000000000000000', values: { accuracy: 0.7, size: 0.11, potential: 0 } },
];

describe('the table of the front', () => {
  it('is sorted by accuracy, then id, has units, arrows and the majority baseline', () => {
    expect(renderFrontTable({ objectives, front }, 0.4).replaceAll('\u202f', ' ').split('\n')).toEqual([
      'individual                accuracy ↑   size ↓         potential ↑',
      '────────────────────────  ──────────  ───────  ──────────────────',
      'c000000000000000              85.0 %  2.50 MB  −1.23e−5 per epoch',
      'a000000000000000              70.0 %  0.11 MB         0 per epoch',
      'b000000000000000              70.0 %  0.12 MB   0.00123 per epoch',
      'always the largest class      40.0 %',
    ]);
  });

  it('shows an accuracy that is no objective, without an arrow, and a dash for what is missing', () => {
    const table = renderFrontTable(
      { objectives: [objectives[2]], front: [{ id: 'x', values: { accuracy: 0.5 } }] },
      null,
    );
    expect(table.split('\n')[0]).toBe('individual  accuracy  potential ↑');
    expect(table.split('\n')[2]).toMatch(/^x +50\.0\s% +–$/);
    expect(table).not.toContain('largest class');
  });

  it('says so when the best is not above always naming the largest class', () => {
    const remark = /not above the majority/;
    expect(renderFrontTable({ objectives, front }, 0.84)).not.toMatch(remark);
    expect(renderFrontTable({ objectives, front }, 0.85)).toMatch(remark);
    expect(renderFrontTable({ objectives, front }, null)).not.toMatch(remark);
  });

  it('shows a dash for a potential that does not exist yet', () => {
    const member = { id: 'x', values: { potential: 0 } };
    const potentials = (history: [number, number][]): string =>
      renderFrontTable({ objectives: [objectives[2]], front: [{ ...member, history }] }, null);
    expect(potentials([[3, 0.5]])).toMatch(/x +–$/);
    expect(
      potentials([
        [3, 0.5],
        [4, 0.5],
      ]),
    ).toMatch(/x +0\sper epoch$/);
  });

  it('leaves the front it was given as it was', () => {
    const before = structuredClone(front);
    renderFrontTable({ objectives, front }, null);
    expect(front).toEqual(before);
  });
});
