/**
 * What a set-up needs of the machine, looked at before anything is fetched or compiled, so that a person is told
 * all that is missing at once. Only what is certain: what may still come from somewhere is left to the step that
 * tries.
 */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

/** Node 20.15 brought `zlib.crc32`, with which downloads are unpacked. */
const OLDEST_NODE = [20, 15];
/** npm 7 brought the lock file that is ours. */
const OLDEST_NPM = [7, 0];
/** Measured: packages and what is compiled; TensorFlow unpacked, beside the download. */
const PACKAGES_BYTES = 1.0e9;
const PARTS_BYTES = 1.4e9;
/** What npm says of a registry that it cannot reach. */
const UNREACHABLE = /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH)|FETCH_ERROR/;
/** npm itself tries for minutes. */
const PING_SECONDS = 20;

/**
 * Lines about what is missing, none where a set-up can begin. `facts`: what tests put in place of this machine.
 * `packages`: the npm packages have to be installed.
 */
export function shortcomings(root, { packages }, facts = thisMachine()) {
  const { env } = facts;
  const cache = cacheFolder(env);
  const fresh = !existsSync(join(cache, 'bindings'));
  const partsBytes = fresh && !env.EMARS_TENSORFLOW ? PARTS_BYTES : 0;
  const npm = packages ? facts.npm() : null;
  return [
    olderThan(facts.node, OLDEST_NODE) &&
      `Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${facts.node}. Install Node 22 from nodejs.org or your distribution.`,
    packages &&
      npm === null &&
      'npm is needed, and there is none on PATH. It comes with Node of nodejs.org; a distribution may have it apart (apt install npm).',
    npm !== null &&
      olderThan(npm, OLDEST_NPM) &&
      `npm ${OLDEST_NPM[0]} or newer is needed, this is ${npm}. npm install --global npm@10.`,
    fresh &&
      ![env.CXX, 'g++', 'clang++', 'c++'].some((name) => isOnPath(name, env)) &&
      'a C++ compiler is needed, and none of CXX, g++, clang++, c++ is on PATH. apt install g++, or the like.',
    ...[
      ['the project', root, packages ? PACKAGES_BYTES : 0],
      ['the cache of native parts', nearest(cache), partsBytes],
    ].map(([what, folder, bytes]) => {
      const free = bytes === 0 ? Infinity : facts.freeBytes(folder);
      return (
        free < bytes &&
        `${what} needs ${(bytes / 1e9).toFixed(1)} GB of disk, and ${folder} has ${(free / 1e9).toFixed(1)} GB left. Free some, or set EMARS_CACHE.`
      );
    }),
    packages && !facts.canWrite(root) && `${root} cannot be written. Take a folder of your own.`,
  ].filter((line) => typeof line === 'string');
}

/** A line where packages will hardly come; none where they may: npm's cache may hold all of them. */
export function networkDoubt({ packages }, facts = thisMachine()) {
  return packages && facts.npm() !== null && !facts.registryAnswers()
    ? 'the registry of npm packages does not answer. See npm config get registry, and HTTPS_PROXY where there is a proxy.'
    : null;
}

function thisMachine() {
  const { env } = process;
  return {
    env,
    node: process.versions.node,
    npm: () => said('npm', ['--version']),
    registryAnswers: () => {
      const args = ['ping', '--fetch-retries=0', `--fetch-timeout=${1000 * PING_SECONDS}`];
      const { error, stderr } = spawnSync('npm', args, { encoding: 'utf8', timeout: 2000 * PING_SECONDS });
      // A registry that knows no ping answers all the same.
      return error === undefined && !UNREACHABLE.test(stderr);
    },
    freeBytes: (folder) => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    },
    canWrite: (folder) => {
      try {
        accessSync(folder, constants.W_OK);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/** What a program prints; null where it is not there or fails. */
function said(program, args) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 2000 * PING_SECONDS });
  return status === 0 ? stdout.trim() : null;
}

function olderThan(version, [major, minor]) {
  const [first, second] = version.split('.').map(Number);
  return first < major || (first === major && second < minor);
}

function isOnPath(name, { PATH = '' }) {
  if (name === undefined || name === '') return false;
  if (isAbsolute(name)) return existsSync(name);
  return PATH.split(delimiter).some(
    (folder) => folder !== '' && existsSync(join(folder, name.split(' ')[0])),
  );
}

/** As `src/native/cache.ts` has it; nothing is compiled yet where this is asked. */
function cacheFolder({ EMARS_CACHE, XDG_CACHE_HOME, HOME = homedir() }) {
  if (EMARS_CACHE) return EMARS_CACHE;
  return XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)
    ? join(XDG_CACHE_HOME, 'emars')
    : join(HOME, '.cache', 'emars');
}

/** The folder, or the nearest one above that is there. */
function nearest(folder) {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
}
