/**
 * The nats-server these tests run against: EMARS_TEST_NATS, else the one the set-up step installed, else
 * the one on PATH. None: the tests fail with a sentence that says what to do; they are not skipped.
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function natsBinary(): string {
  const named = process.env['EMARS_TEST_NATS'];
  if (named !== undefined) {
    if (!executable(named)) throw new Error(`EMARS_TEST_NATS=${named} is not an executable file`);
    return named;
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'nats-server');
    if (folder !== '' && executable(path)) return path;
  }
  throw new Error('no nats-server found: run `npm run setup`, or name one with EMARS_TEST_NATS=/path/to/nats-server');
}
