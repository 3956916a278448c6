#!/usr/bin/env node
/** The command `emars`: the compiled program, in this process. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Modules, logs, sockets and libraries at once; with fewer some file cannot be opened at a chance place. */
const OPEN_FILES = 256;

/** Open files that this process may have; null where the system does not say. */
function openFilesLimit() {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

const limit = openFilesLimit();
const program = new URL('../dist/app/main.js', import.meta.url);
if (limit !== null && limit < OPEN_FILES) {
  process.stderr.write(
    `emars: expected at least ${OPEN_FILES} open files for a process, got a limit of ${limit}; ` +
      'raise it, as with ulimit -n 1024\n',
  );
  process.exitCode = 4;
} else if (existsSync(program)) {
  process.argv[1] = fileURLToPath(program);
  await import(program.href);
} else {
  process.stderr.write('emars is not built yet. Run `npm run setup` in its folder first.\n');
  process.exitCode = 4;
}
