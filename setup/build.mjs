/** Compiles the sources, only where they changed since the last build. */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { phase, PhaseError, root, runChild } from './phase.mjs';

const STAMP = join(root, 'dist', '.built-from');
/** Everything besides `src` and `proto` that decides what the compiler writes. */
const SETTINGS = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

export async function build() {
  const sources = list('src').filter((path) => path.endsWith('.ts'));
  const inputs = [...SETTINGS, ...sources, ...list('proto').filter((path) => path.endsWith('.proto'))];
  const digest = digestOf(inputs);
  const stamp = existsSync(STAMP) ? readFileSync(STAMP, 'utf8') : '';
  const schemas = inputs.filter((path) => path.endsWith('.proto'));
  const lost =
    schemas.some((path) => !existsSync(generatedOf(path))) ||
    sources.some((path) => !path.endsWith('.d.ts') && !existsSync(outputOf(path)));
  if (stamp === digest && !lost) return;
  await phase('Compiling TypeScript', async () => {
    // The compiler trusts its own record of what it wrote: without the files, the record must go too.
    if (lost) rmSync(join(root, 'dist', '.tsbuildinfo'), { force: true });
    removeOrphans(new Set(sources.map(outputOf)));
    mkdirSync(join(root, 'proto', 'generated'), { recursive: true }); // The schema compiler does not make it.
    const exitCode = await runChild('npm', ['run', '--silent', 'build'], { quiet: true });
    if (exitCode !== 0) throw new PhaseError('The sources do not compile; see the messages above.', 1);
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(STAMP, digest);
  });
}

/** A source that was removed or renamed must not live on as compiled code. */
function removeOrphans(outputs) {
  for (const path of list('dist').filter((file) => file.endsWith('.js'))) {
    if (outputs.has(join(root, path))) continue;
    for (const ending of ['.js', '.js.map', '.d.ts', '.d.ts.map'])
      rmSync(join(root, path.replace(/\.js$/, ending)), { force: true });
  }
}

function outputOf(source) {
  return join(root, 'dist', source.slice('src/'.length).replace(/\.ts$/, '.js'));
}

/** The code that `npm run build` generates from a schema. */
function generatedOf(schema) {
  return join(root, 'proto', 'generated', basename(schema).replace(/\.proto$/, '.js'));
}

function digestOf(paths) {
  const hash = createHash('sha256').update(process.version);
  for (const path of paths) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/** Files below a folder, as paths relative to the root, sorted; empty where there is no such folder. */
function list(folder) {
  if (!existsSync(join(root, folder))) return [];
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
}
