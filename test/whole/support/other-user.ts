/** Another user of this machine, for workers that must not see what the search's own user sees. */
import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '#emars/native/cache.js';
import { CLI } from './search-process.js';

const NOBODY = 65534;

export interface OtherUser {
  /** Words before a command that run it as that user. */
  readonly prefix: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Gives a file or folder to that user. */
  own(path: string): void;
}

/**
 * The user nobody, with an own cache of native parts in `home`, made before. Null, and said aloud, where this test is not
 * run by root, has no setpriv, or code or `home` lie where nobody cannot reach them.
 */
export function otherUser(home: string): OtherUser | null {
  const words = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] as const;
  const [program, ...args] = [...words, process.execPath, CLI, '--version'] as const;
  const why =
    process.getuid?.() !== 0
      ? 'only root can become another user'
      : spawnSync(program, args).status !== 0
        ? 'the user nobody cannot run the code here'
        : spawnSync(words[0], [...words.slice(1), 'test', '-x', home]).status !== 0
          ? 'the user nobody cannot reach the folder of the test'
          : null;
  if (why !== null) {
    process.stderr.write(`workers run as the user of the search: ${why}\n`);
    return null;
  }
  const own = (path: string): void => chownSync(path, NOBODY, NOBODY);
  const cache = join(home, 'emars');
  mkdirSync(cache);
  const kernels = join(cacheFolder(), 'kernels');
  if (existsSync(kernels)) cpSync(kernels, join(cache, 'kernels'), { recursive: true });
  for (const path of [home, cache]) own(path);
  return { prefix: words, env: { HOME: home, EMARS_CACHE: cache }, own };
}
