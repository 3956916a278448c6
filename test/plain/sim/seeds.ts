/** Simulated searches under faults: whatever happens on the way, the result is that of the undisturbed run. */
import { expect, test } from 'vitest';
import { runBatch } from '../../sim/tally.js';

export function seedsPass(first: number, count: number): void {
  test(
    `seeds ${first} to ${first + count - 1} of the simulated cluster come to the undisturbed result`,
    { timeout: 600_000 },
    () => {
      const { failures, faults } = runBatch({ first, count, control: null });
      expect(failures.map(({ seed, failure }) => `npm run sim -- --seed ${seed}: ${failure}`)).toEqual([]);
      expect(Object.keys(faults).length).toBeGreaterThan(20);
    },
  );
}
