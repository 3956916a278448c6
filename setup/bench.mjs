/** `npm run bench:<name>`: set-up, then the benchmark `bench/<name>/main.ts` with the remaining arguments. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { main, mustRun, phase, PhaseError, root, runChild } from './phase.mjs';
import { prepare } from './prepare.mjs';

await main(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  const known = existsSync(join(root, 'bench'))
    ? readdirSync(join(root, 'bench')).filter((folder) => existsSync(join(root, 'bench', folder, 'main.ts')))
    : [];
  if (!known.includes(name))
    throw new PhaseError(
      `Expected the name of a benchmark (${known.join(', ')}), got ${JSON.stringify(name)}.`,
      2,
    );
  await prepare();
  const compiler = join('node_modules', 'typescript', 'bin', 'tsc');
  await phase('Compiling the benchmarks', () =>
    mustRun(process.execPath, [compiler, '-p', join('bench', 'tsconfig.json')]),
  );
  return runChild(process.execPath, [join('dist-bench', name, 'main.js'), ...args]);
});
