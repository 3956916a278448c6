import { defineConfig } from 'vitest/config';

/**
 * Tests are sorted by the machinery they need, one project each. They import the built code
 * (`#emars/<room>/<file>.js` is `dist/<room>/<file>.js`), so what is tested is what runs:
 * worker threads and child processes included. `npm test` builds first.
 */
const machinery = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      machinery('plain', ['test/plain/**/*.test.ts'], 60_000),
      machinery('tensor', ['test/tensor/**/*.test.ts'], 240_000),
      machinery('broker', ['test/broker/**/*.test.ts'], 120_000),
      machinery('whole', ['test/whole/**/*.test.ts'], 900_000),
    ],
  },
});
