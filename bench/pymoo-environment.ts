/**
 * A Python with pymoo for the peer: a virtual environment of its own in the EMARS cache, with the
 * versions of pymoo-requirements.txt, made once and made anew when that file changes.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The peer cannot be run. The message says which step failed, with its last words, and what to do. */
export class PeerUnavailableError extends Error {
  override readonly name = 'PeerUnavailableError';
  constructor(
    readonly step: string,
    readonly output: string,
  ) {
    super(
      `cannot set up pymoo, the peer of this benchmark: ${step} failed${output === '' ? '' : `: ${output}`}. Needed: python3 (3.10 to 3.13) with venv and pip, and a package index that pip can reach; another Python may be named in EMARS_PYTHON`,
    );
  }
}

const MINUTES_TO_INSTALL = 10;

/** Path of the Python to run the peer with. Says what it does on standard error. Errors: PeerUnavailableError. */
export function peerPython(requirements: string): string {
  const folder = join(process.env['EMARS_CACHE'] ?? join(homedir(), '.cache', 'emars'), 'bench-venv');
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'emars-requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && existsSync(python) && readFileSync(stamp, 'utf8') === wanted) return python;

  process.stderr.write(`installing pymoo into ${folder}\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  step('making a virtual environment', process.env['EMARS_PYTHON'] ?? 'python3', ['-m', 'venv', folder]);
  step('pip install', python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    requirements,
  ]);
  step('importing pymoo', python, ['-c', 'import pymoo.algorithms.moo.nsga3']);
  // Last, so that an interrupted installation is made anew.
  writeFileSync(stamp, wanted);
  return python;
}

function step(name: string, command: string, parameters: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, {
    encoding: 'utf8',
    timeout: MINUTES_TO_INSTALL * 60_000,
  });
  if (error !== undefined) throw new PeerUnavailableError(name, error.message);
  if (status !== 0)
    throw new PeerUnavailableError(name, `${stderr}\n${stdout}`.trim().split('\n').slice(-3).join(' | '));
}

/** "Python 3.11.7, pymoo 0.6.2, numpy 2.2.6", as the environment itself says. */
export function peerVersions(python: string): string {
  const script =
    'import platform, numpy, importlib.metadata as m; print(f"Python {platform.python_version()}, pymoo {m.version(\'pymoo\')}, numpy {numpy.__version__}")';
  return spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout.trim();
}
