/** A command that is started with failpoints says so, and refuses what it cannot read before anything is made. */
import { writeSync } from 'node:fs';

/** Errors: FailpointSyntax. */
export async function sayFailpoints(): Promise<void> {
  const text = process.env['EMARS_FAILPOINT'];
  if (text === undefined || text === '') return;
  const { parseFailpoints } = await import('../runtime/failpoint/specification.js');
  parseFailpoints(text);
  writeSync(2, `failpoints are set (EMARS_FAILPOINT): ${text}\n`);
}
