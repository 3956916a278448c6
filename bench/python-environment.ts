/**
 * A Python for a peer: a virtual environment of its own in the EMARS cache, with the versions of a file of
 * requirements, made once and made anew when that file changes.
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
    readonly peer: string,
    readonly step: string,
    readonly output: string,
  ) {
    super(
      `cannot set up ${peer}, the peer of this benchmark: ${step} failed${output === '' ? '' : `: ${output}`}. Needed: python3 (3.10 to 3.13) with venv and pip, and a package index that pip can reach; another Python may be named in EMARS_PYTHON`,
    );
  }
}

const MINUTES_TO_INSTALL = 10;

export interface Peer {
  readonly name: string;
  /** Folder of the environment in the cache. */
  readonly folder: string;
  /** File of requirements. */
  readonly requirements: string;
  /** What must import when all is there. */
  readonly modules: readonly string[];
  /** Packages that its versions are told of. */
  readonly packages: readonly string[];
}

/** Path of the Python to run the peer with. Says what it does on standard error. Errors: PeerUnavailableError. */
export function peerPython({ name, folder, requirements, modules }: Peer): string {
  const place = join(process.env['EMARS_CACHE'] ?? join(homedir(), '.cache', 'emars'), folder);
  const python = join(place, 'bin', 'python');
  const stamp = join(place, 'emars-requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && existsSync(python) && readFileSync(stamp, 'utf8') === wanted) return python;

  process.stderr.write(`installing ${name} into ${place}\n`);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const system = process.env['EMARS_PYTHON'] ?? 'python3';
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
  step(name, 'making a virtual environment', [system, '-m', 'venv', place]);
  step(name, 'pip install', [python, ...pip]);
  for (const each of modules) step(name, `importing ${each}`, [python, '-c', `import ${each}`]);
  // Last, so that an interrupted installation is made anew.
  writeFileSync(stamp, wanted);
  return python;
}

function step(peer: string, name: string, [command, ...parameters]: readonly [string, ...string[]]): void {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, {
    encoding: 'utf8',
    timeout: MINUTES_TO_INSTALL * 60_000,
  });
  if (error !== undefined) throw new PeerUnavailableError(peer, name, error.message);
  if (status !== 0)
    throw new PeerUnavailableError(
      peer,
      name,
      `${stderr}\n${stdout}`.trim().split('\n').slice(-3).join(' | '),
    );
}

/** "Python 3.11.7, pymoo 0.6.2, numpy 2.2.6", as the environment itself says. */
export function peerVersions(python: string, { packages }: Peer): string {
  const script =
    'import platform, sys, importlib.metadata as m; print(", ".join([f"Python {platform.python_version()}", *(f"{name} {m.version(name)}" for name in sys.argv[1:])]))';
  return spawnSync(python, ['-c', script, ...packages], { encoding: 'utf8' }).stdout.trim();
}
