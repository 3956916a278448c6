/** For `npm run coverage`: a worker of vitest is ended before it would write its counts, so each file does. */
import { takeCoverage } from 'node:v8';
import { afterAll } from 'vitest';

afterAll(() => {
  takeCoverage();
});
