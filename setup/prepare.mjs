/** What every command of this project needs first: Node, npm packages, compiled sources, native parts. */

import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { progress, root, say } from './phase.mjs';

/** Brings everything up to date; a second call finds nothing to do. Returns where the native parts are, and their versions. */
export async function prepare() {
  await install();
  await build();
  const { provideNativeParts } = await import(pathToFileURL(join(root, 'dist', 'native', 'provide.js')).href);
  let worked = false;
  const log = (line) => {
    progress(null);
    worked = true;
    say(`  ${line}`);
  };
  const started = performance.now();
  const parts = await interruptible(() =>
    provideNativeParts({ log, progress: (text) => progress(text === null ? null : `  ${text}`) }),
  );
  if (worked) say(`Native parts: done in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  return parts;
}

/** Ends by process.exit on a signal, so that a download or compiler in the background ends with us. */
async function interruptible(work) {
  const handlers = Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }).map(([signal, exitCode]) => {
    const handler = () => {
      progress(null);
      say(`Interrupted by ${signal}. Nothing half-made is kept; run it again to go on.`);
      process.exit(exitCode);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  try {
    return await work();
  } finally {
    for (const [signal, handler] of handlers) process.removeListener(signal, handler);
  }
}
