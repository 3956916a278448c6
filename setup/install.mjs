/** Installs the npm packages, only where what is installed is not what package-lock.json says. */

import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkDoubt, shortcomings } from './needs.mjs';
import { mustRun, phase, PhaseError, root, say } from './phase.mjs';

/** npm runs this script as well as being run by it: its own path is in the environment then. */
export async function install() {
  const reason = staleReason();
  const asked = { packages: reason !== null };
  const missing = shortcomings(root, asked);
  const doubt = networkDoubt(asked);
  if (missing.length > 0) {
    const lines = [...missing, ...(doubt === null ? [] : [doubt])];
    throw new PhaseError(['This machine lacks what a set-up needs:', ...lines].join('\n  '), 4);
  }
  if (reason === null) return;
  if (doubt !== null) say(`Note: ${doubt}`);
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new PhaseError(`node_modules is a link, and ${reason}. Run npm ci where it leads.`, 4);
  }
  const npm = process.env.npm_execpath;
  const [program, ...args] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  await phase(`Installing npm packages (${reason})`, () =>
    mustRun(program, [...args, 'ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'], {
      quiet: true,
    }),
  );
}

/** Why the packages must be installed, or null. npm writes what it installed to node_modules/.package-lock.json. */
function staleReason() {
  const wanted = readPackages('package-lock.json');
  if (wanted === null)
    throw new PhaseError('package-lock.json is missing or damaged; restore it from the repository.', 4);
  const installed = readPackages(join('node_modules', '.package-lock.json'));
  if (installed === null) return 'none are installed';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.optional || entry.link) continue;
    const there = installed[path];
    if (there === undefined) return `${path.replace('node_modules/', '')} is missing`;
    if (there.version !== entry.version || there.integrity !== entry.integrity)
      return `${path.replace('node_modules/', '')} changed`;
    if (
      path.lastIndexOf('node_modules/') === 0 &&
      lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined
    )
      return `${path} is gone`;
  }
  return null;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}
