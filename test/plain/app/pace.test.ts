/** The time left, on runs made up of epochs whose parts are unequally quick. */
import { describe, expect, it } from 'vitest';
import { Pace } from '#emars/app/pace.js';

const EPOCHS = 10;
/** Seconds of an epoch: the first 0.6 of it is quick, the rest slow. */
const QUICK = 10;
const SLOW = 20;
const EPOCH = QUICK + SLOW;

/** Seconds of true and told time left, at each twentieth of each epoch from `first` on. */
function course(first: number): { epoch: number; told: number | null; left: number }[] {
  let seconds = 0;
  const pace = new Pace(() => 1000 * seconds);
  const rows: { epoch: number; told: number | null; left: number }[] = [];
  for (let epoch = first; epoch <= EPOCHS; epoch++) {
    for (let part = 0; part < 20; part++) {
      const within = part / 20;
      const spent = within < 0.6 ? (within / 0.6) * QUICK : QUICK + ((within - 0.6) / 0.4) * SLOW;
      seconds = (epoch - first) * EPOCH + spent;
      const left = (EPOCHS - first + 1) * EPOCH - seconds;
      rows.push({ epoch, told: pace.secondsLeft(epoch, EPOCHS, (epoch - 1 + within) / EPOCHS), left });
    }
  }
  return rows;
}

describe('the time left', () => {
  it.each([1, 7])('converges, also for a run that is resumed in epoch %i', (first) => {
    const rows = course(first);
    expect(rows[0]?.told).toBeNull();
    for (const { epoch, told, left } of rows) {
      if (epoch <= first) continue;
      expect(Math.abs((told ?? Infinity) - left)).toBeLessThan(0.65 * left);
    }
    const last = rows.at(-1)!;
    expect(Math.abs((last.told ?? Infinity) - last.left)).toBeLessThan(2);
  });

  it('is nothing at the end, and unknown at the beginning', () => {
    const pace = new Pace(() => 0);
    expect(pace.secondsLeft(1, 10, 0)).toBeNull();
    expect(pace.secondsLeft(10, 10, 1)).toBe(0);
  });

  it('follows a run that becomes quicker', () => {
    let seconds = 0;
    const pace = new Pace(() => 1000 * seconds);
    let told: number | null = null;
    for (let epoch = 1; epoch <= 9; epoch++) {
      told = pace.secondsLeft(epoch, 10, (epoch - 1) / 10);
      seconds += epoch < 5 ? 100 : 10;
    }
    expect(told).toBeCloseTo(20);
  });
});
