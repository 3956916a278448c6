import { describe, expect, it } from 'vitest';
import { superNetLayout, superNetOf } from '#emars/space/layout.js';
import { longestVector } from '#emars/space/cohort.js';
import { resolvePath } from '#emars/space/path.js';
import type { SearchSpace } from '#emars/space/space.js';

const space: SearchSpace = {
  stem: 4,
  widths: [6, 8],
  strides: [2, 1],
  blocks: [2, 1],
  operations: ['mb_k3_e2', 'mb_k5_e1', 'skip'],
  head: 10,
  classes: 3,
};
const net = superNetOf(space);
const { layout } = net;

describe('the layout of a SuperNet', () => {
  it('fills the flat vectors without gaps and without overlap', () => {
    for (const [entries, total] of [
      [layout.parameters, layout.parameterCount],
      [layout.statistics, layout.statisticCount],
    ] as const) {
      let end = 0;
      for (const entry of entries) {
        expect(entry.offset).toBe(end);
        expect(entry.size).toBe(entry.shape.reduce((a, b) => a * b, 1));
        end += entry.size;
      }
      expect(end).toBe(total);
    }
  });

  it('names every tensor once', () => {
    const names = [...layout.parameters, ...layout.statistics].map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('starts convolutions with the true three-dimensional fan-out', () => {
    const deviation = (name: string): number => {
      const initial = layout.parameters.find((entry) => entry.name === name)?.initial;
      return initial?.kind === 'normal' ? initial.deviation : NaN;
    };
    expect(deviation('stem/weight')).toBeCloseTo(Math.sqrt(2 / (27 * 4)), 12);
    expect(deviation('block00/mb_k5_e1/depthwise/weight')).toBeCloseTo(Math.sqrt(2 / 125), 12);
    expect(deviation('block00/mb_k3_e2/expand/weight')).toBeCloseTo(Math.sqrt(2 / 12), 12);
  });

  it('gives expansion 1 no expanding convolution', () => {
    expect(layout.cells[0]!.blocks[0]!['mb_k5_e1']!.map((unit) => unit.kind)).toEqual([
      'depthwise',
      'pointwise',
    ]);
    expect(layout.cells[0]!.blocks[0]!['mb_k3_e2']!.map((unit) => unit.kind)).toEqual([
      'pointwise',
      'depthwise',
      'pointwise',
    ]);
  });

  it('refuses widths, strides and blocks of different lengths', () => {
    expect(() => superNetLayout({ ...space, strides: [2] })).toThrow(
      /as many strides and blocks as widths \(2\), got 1 strides/,
    );
  });
});

describe('a path', () => {
  const path = resolvePath(net, ['mb_k3_e2', 'skip', 'mb_k5_e1']);

  it('lists its tensors in ascending order and counts their floats', () => {
    expect(path.parameters).toEqual([...path.parameters].sort((a, b) => a - b));
    expect(path.statistics).toEqual([...path.statistics].sort((a, b) => a - b));
    expect(path.parameterCount).toBe(
      path.parameters.reduce((sum, index) => sum + layout.parameters[index]!.size, 0),
    );
    expect(path.statisticCount).toBe(
      path.statistics.reduce((sum, index) => sum + layout.statistics[index]!.size, 0),
    );
    expect(path.vectorLength).toBe(path.parameterCount + path.statisticCount);
    expect(path.vectorLength).toBeLessThan(longestVector(net));
  });

  it('touches its own operations, the shared parts, and nothing else', () => {
    const owners = new Set(
      path.parameters.map((index) => layout.parameters[index]!.name.split('/').slice(0, 2).join('/')),
    );
    expect([...owners]).toEqual([
      'stem/weight',
      'stem/gamma',
      'stem/beta',
      'cell0/calibration',
      'block00/mb_k3_e2',
      'cell1/calibration',
      'block02/mb_k5_e1',
      'head/weight',
      'head/gamma',
      'head/beta',
      'classifier/weight',
      'classifier/bias',
    ]);
  });

  it('runs through its stages in network order', () => {
    expect(path.stages.map((stage) => `${stage.kind}${stage.index}x${stage.units.length}`)).toEqual([
      'stem0x1',
      'calibration0x1',
      'block0x3',
      'block1x0',
      'calibration1x1',
      'block2x2',
      'head0x1',
    ]);
  });

  it('refuses a genome of another space', () => {
    expect(() => resolvePath(net, ['skip', 'skip'])).toThrow(/genome of 3 operations, got 2/);
    expect(() => resolvePath(net, ['skip', 'mb_k7_e4', 'skip'])).toThrow(/block 1/);
  });
});
