import { defineConfig } from 'vitest/config';

/** For `npm run coverage`: the built code is loaded by Node itself, and each test file hands its counts over. */
const counted =
  process.env.EMARS_COVERAGE === '1'
    ? { setupFiles: ['setup/counted.mjs'], server: { deps: { external: [/\/dist\//] } } }
    : {};

/**
 * Tests are sorted by the machinery they need, one project each. They import the built code
 * (`#emars/<room>/<file>.js` is `dist/<room>/<file>.js`), so what is tested is what runs:
 * worker threads and child processes included. `npm test` builds first.
 */
const machinery = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const, ...counted },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: ['test/support/temporary-root.ts'],
    projects: [
      machinery('plain', ['test/plain/**/*.test.ts'], 120_000),
      machinery('tensor', ['test/tensor/**/*.test.ts'], 240_000),
      machinery('broker', ['test/broker/**/*.test.ts'], 120_000),
      machinery('whole', ['test/whole/**/*.test.ts'], 900_000),
    ],
  },
});
