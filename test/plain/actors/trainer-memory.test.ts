/** What a retraining takes is said before it starts. */
import { describe, expect, it } from 'vitest';
import { memoryNote } from '#emars/app/retrain-memory.js';
import { loadOptions } from '#emars/config/load.js';
import type { Options } from '#emars/config/options.js';
import { baselineCost } from '#emars/network/baselines/cost.js';
import { baselineOnScans } from '#emars/network/baselines/member.js';
import { trainerMemory } from '#emars/actors/setup/trainer-memory.js';
import { pathCost } from '#emars/space/cost.js';
import { config } from '../app/run-emars.js';

const optionsOf = (cohort: readonly (readonly string[])[], ...set: string[]): Options =>
  loadOptions({ file: config('transfer-mosmed.yaml'), set, overrides: { cohort } });
const GENOME = Array.from({ length: 6 }, () => 'mb_k3_e3');

describe('the memory of a trainer', () => {
  it('counts the outputs of convolutions', () => {
    const space = {
      stem: 4,
      widths: [6],
      strides: [1],
      blocks: [1],
      operations: ['mb_k3_e2', 'skip'],
      head: 8,
      classes: 2,
    } as const;
    const input = { slices: 2, size: 8 };
    // 1 x 4 x 4 positions: stem 4 channels, calibration 6, head 8; with a block 12, 12 and 6 more.
    expect(pathCost(space, ['skip'], input).convolved).toBe(16 * (4 + 6 + 8));
    expect(pathCost(space, ['mb_k3_e2'], input).convolved).toBe(16 * (4 + 6 + 8 + 12 + 12 + 6));
    // Stem of 8 channels and two convolutions on 2 x 4 x 4; in each later group two and a shortcut.
    const mc3 = baselineCost(baselineOnScans('mc3-small', 2), input, 1).convolved;
    expect(mc3).toBe(2 * 16 * 8 * 3 + 2 * 4 * 16 * 3 + 2 * 1 * 32 * 3 + 2 * 1 * 64 * 3);
  });

  it('falls with micro-batches, and is that of the largest member', () => {
    const [sixteen, eight, four] = ['16', '8', '4'].map((parts) =>
      trainerMemory(optionsOf([GENOME], `training.microBatches=${parts}`), 'native'),
    );
    expect(four! - sixteen!).toBeCloseTo(3 * (eight! - sixteen!), 0);
    const alone = trainerMemory(optionsOf([GENOME]), 'tensorflow');
    expect(alone).toBeGreaterThan(sixteen!);
    expect(trainerMemory(optionsOf([['mc3-small'], GENOME]), 'tensorflow')).toBeGreaterThan(alone);
  });

  it('stands in a note, with what to do where the machine has less', () => {
    const options = optionsOf([GENOME], 'training.microBatches=8');
    expect(memoryNote(1.5e9, options, { trainers: 2, memory: 8e9 })).toBe(
      'a trainer takes about 1.5 GB: micro-batches of 2 scans of 40 x 256 x 256',
    );
    expect(memoryNote(5e9, options, { trainers: 2, memory: 8e9 })).toMatch(
      /10\.0 GB for 2, where this machine has 8\.0 GB: raise training\.microBatches, or use fewer --trainers/,
    );
    expect(memoryNote(9e9, optionsOf([GENOME]), { trainers: 1, memory: 8e9 })).toMatch(
      /1 scan of .*: lower input\.size or input\.slices$/,
    );
  });
});
