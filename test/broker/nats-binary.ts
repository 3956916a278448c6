/**
 * The nats-server these tests run against: EMARS_TEST_NATS, else the one that the program itself would
 * take (EMARS_NATS_SERVER, the cache of `npm run setup`, PATH). None: the tests fail with a sentence that
 * says what to do; they are not skipped.
 */
import { accessSync, constants } from 'node:fs';
import { locateNativeParts } from '#emars/native/locate.js';

export async function natsBinary(): Promise<string> {
  const named = process.env['EMARS_TEST_NATS'];
  if (named !== undefined && named !== '') {
    accessSync(named, constants.X_OK);
    return named;
  }
  const { nats, missing } = await locateNativeParts();
  if (nats !== null) return nats.path;
  const reasons = missing
    .filter(({ part }) => part === 'nats')
    .map(({ reason, remedy }) => `${reason}. ${remedy}`);
  throw new Error(`these tests need a nats-server: ${reasons.join(' ')}`);
}
