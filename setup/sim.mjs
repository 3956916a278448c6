/** `npm run sim`: packages and compiled sources, then the simulated cluster `test/sim/main.ts` with the arguments. */

import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { main, mustRun, phase, root, runChild } from './phase.mjs';

await main(async () => {
  await install();
  await build();
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  await phase('Compiling the simulator', () =>
    mustRun(process.execPath, [compiler, '-p', join('test', 'sim', 'tsconfig.json')]),
  );
  return runChild(process.execPath, [join('dist-sim', 'main.js'), ...process.argv.slice(2)]);
});
