/**
 * `npm start`: set-up, then `emars start` with the arguments given. In this same process, so that
 * signals and the exit code are the program's own.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main, PhaseError, root } from './phase.mjs';
import { prepare } from './prepare.mjs';

const program = join(root, 'dist', 'app', 'main.js');

await main(async () => {
  await prepare();
  if (!existsSync(program)) throw new PhaseError('The build has no dist/app/main.js.', 1);
  return 0;
});
if (process.exitCode === 0) {
  process.exitCode = undefined;
  process.argv = [process.argv[0], program, 'start', ...process.argv.slice(2)];
  await import(pathToFileURL(program).href);
}
