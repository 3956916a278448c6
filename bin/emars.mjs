#!/usr/bin/env node
/** The command `emars`: the compiled program, in this process. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/app/main.js', import.meta.url);
if (existsSync(program)) {
  process.argv[1] = fileURLToPath(program);
  await import(program.href);
} else {
  process.stderr.write('emars is not built yet. Run `npm run setup` in its folder first.\n');
  process.exitCode = 4;
}
