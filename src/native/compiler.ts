/**
 * What the binding and the kernels are compiled with: the machine's C++ compiler, Node's headers, and the
 * link by which the result is found.
 */

import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram, run } from './command.js';
import { NativePartError, reasonOf, type Attempt } from './errors.js';
import { packageFolder, type Place } from './place.js';

export const COMPILER_REMEDY =
  'Install a C++ compiler (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++; Alpine is not ' +
  'supported), or set CXX to one, and run `npm run setup` again.';

export interface Compiler {
  readonly command: readonly [string, ...string[]];
  readonly words: string;
  readonly hash: string;
}

/** The first compiler that answers: CXX, g++, clang++, c++; null without any. Errors: NativePartError. */
export async function findCompiler(env: NodeJS.ProcessEnv): Promise<Compiler | null> {
  const own = (env['CXX'] ?? '').split(/\s+/).filter((word) => word !== '');
  const refused: Attempt[] = [];
  for (const [name, ...args] of [own, ['g++'], ['clang++'], ['c++']]) {
    if (name === undefined) continue;
    const program = findProgram(name, env);
    if (program === null) continue;
    try {
      const { stdout } = await run(program, [...args, '--version'], { env, deadline: 20_000 });
      const words = stdout.split('\n')[0]?.trim() ?? name;
      return {
        command: [program, ...args],
        words,
        hash: createHash('sha256').update(words).digest('hex').slice(0, 8),
      };
    } catch (error) {
      refused.push({ source: name, reason: reasonOf(error) });
    }
  }
  if (refused.length > 0) throw new NativePartError('a C++ compiler', refused, COMPILER_REMEDY);
  return null;
}

export function noCompiler(): NativePartError {
  return new NativePartError(
    'a C++ compiler',
    [{ source: 'PATH', reason: 'none of CXX, g++, clang++, c++ found' }],
    COMPILER_REMEDY,
  );
}

/** Folder of Node-API headers. */
export function nodeHeaders(place: Place): string {
  return join(packageFolder(place, 'node-api-headers'), 'include');
}

/** Replaces the link in one step, so that a process that starts meanwhile finds the old or the new one. */
export function linkTo(target: string, link: string): void {
  mkdirSync(dirname(link), { recursive: true });
  const temporary = `${link}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(target, temporary);
  renameSync(temporary, link);
}
