/** A Python with the pinned PyTorch, in the cache folder; made once. `EMARS_BENCH_PYTHON` names another. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = ['torch==2.15.0', 'numpy'];

/** Path of the interpreter. Errors: says which command failed. */
export function torchPython(): string {
  const given = process.env['EMARS_BENCH_PYTHON'];
  if (given !== undefined) return given;
  const folder = join(process.env['EMARS_CACHE'] ?? join(homedir(), '.cache', 'emars'), 'bench-venv-torch');
  const python = join(folder, 'bin', 'python');
  if (existsSync(python) && spawnSync(python, ['-c', 'import torch']).status === 0) return python;
  process.stderr.write(`Bringing ${PACKAGES.join(', ')} to ${folder} (some gigabytes, once)\n`);
  for (const [command, args] of [
    ['python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]],
  ] as const) {
    const { status } = spawnSync(command, [...args], { stdio: 'inherit' });
    if (status !== 0)
      throw new Error(
        `expected "${command} ${args.join(' ')}" to work, got exit code ${status ?? 'none'}; or set EMARS_BENCH_PYTHON to a Python that has PyTorch`,
      );
  }
  return python;
}
