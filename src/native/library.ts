/**
 * TensorFlow's shared libraries and headers: where to get them, in order.
 *
 *   1. `EMARS_TENSORFLOW`, where the user sets it: a folder, or one of the pinned wheels. It must work;
 *      nothing else is tried.
 *   2. The cache, checked.
 *   3. The same version in a Python of this machine (found by its metadata, not imported).
 *   4. The pinned wheel, by pip.
 *
 * A folder of the user's or of a Python is used in place; a wheel is unpacked into the cache and dropped.
 */

import { EmarsError } from '../errors/error.js';
import { existsSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { inPartial, publishEntry, readEntry, type CachedPart } from './cache.js';
import { findProgram, run } from './command.js';
import { wantedBuild } from './devices.js';
import { NativePartError, reasonOf, type Attempt } from './errors.js';
import type { TensorflowPin, WheelPin } from './pins.js';
import { checkWheel, downloadWheel, pythons, type Reporter } from './pip.js';
import type { Place } from './place.js';
import { extractWheel } from './wheel.js';

/** Libraries and headers that a binding can be compiled against. */
export interface TensorflowLibrary {
  /** Absolute path of the folder with {@link LIBRARIES} and `include/`. */
  readonly folder: string;
  /** Tells two libraries apart: the pinned wheel's hash, or size and time of a folder's files. */
  readonly id: string;
  /** Where it came from, in words. */
  readonly source: string;
  readonly build: 'cpu' | 'cuda' | 'unknown';
}

export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** Name of the variable with the user's own choice. */
export const OWN_TENSORFLOW = 'EMARS_TENSORFLOW';

/** All sources of libraries failed; the caller may know another way. */
export class NoLibrary extends EmarsError {
  readonly kind = 'environment';
  constructor(readonly attempts: readonly Attempt[]) {
    super('no source of TensorFlow worked');
    this.name = 'NoLibrary';
  }
}

/**
 * Provides the libraries.
 *
 * Errors: NativePartError for a wrong choice of the user's, NoLibrary when every source failed.
 */
export async function provideLibrary(place: Place, reporter: Reporter): Promise<TensorflowLibrary> {
  const own = place.env[OWN_TENSORFLOW] ?? '';
  if (own !== '') return ownLibrary(place, resolve(own), reporter);
  const { build, chosen } = await wantedBuild(place.env);
  const attempts: Attempt[] = [];
  for (const kind of build === 'cuda' && !chosen ? (['cuda', 'cpu'] as const) : [build]) {
    const library = await pinnedLibrary(place, kind, reporter, attempts);
    if (library !== null) return library;
    if (kind !== build || build === 'cpu' || chosen) continue;
    reporter.log('The CUDA build is not to be had; going on with the CPU build. GPUs stay unused.');
  }
  throw new NoLibrary(attempts);
}

/** The identity of the libraries in a folder, or null if they are not (or no longer) whole. */
export async function libraryId(folder: string, thorough = false): Promise<string | null> {
  const entry = await readEntry(dirname(folder), thorough);
  if (entry === 'damaged' && existsSync(join(dirname(folder), 'entry.json'))) return null;
  if (entry !== null && entry !== 'damaged') return entry.facts['id'] ?? null;
  const hash = createHash('sha256');
  for (const name of LIBRARIES) {
    const file = statSync(join(folder, name), { throwIfNoEntry: false });
    if (file?.isFile() !== true) return null;
    hash.update(`${name} ${file.size} ${file.mtimeMs}\n`);
  }
  return `folder-${hash.digest('hex').slice(0, 16)}`;
}

async function ownLibrary(place: Place, path: string, reporter: Reporter): Promise<TensorflowLibrary> {
  const remedy =
    `Set ${OWN_TENSORFLOW} to a folder with ${LIBRARIES.join(', ')} and include/, ` +
    'or to one of the pinned wheels; or unset it.';
  try {
    if (statSync(path).isFile()) {
      const pins = [place.pins.cpu, place.pins.cuda].filter((pin) => pin !== null);
      const { sha256 } = await checkWheel(
        path,
        pins.map(({ wheel }) => wheel),
      );
      const pin = pins.find(({ wheel }) => wheel.sha256 === sha256);
      if (pin === undefined) throw new Error('no build is pinned for this platform');
      return (await cached(place, pin)) ?? (await unpack(place, pin, path, reporter));
    }
    // A site-packages folder is meant as well as the package inside it.
    const folder = [path, join(path, 'tensorflow')].find((candidate) =>
      existsSync(join(candidate, LIBRARIES[0])),
    );
    if (folder === undefined) throw new Error(`no ${LIBRARIES[0]} in it`);
    return await inPlace(folder, OWN_TENSORFLOW);
  } catch (error) {
    throw new NativePartError(
      'TensorFlow',
      [{ source: `${OWN_TENSORFLOW}=${path}`, reason: reasonOf(error) }],
      remedy,
    );
  }
}

async function inPlace(folder: string, source: string): Promise<TensorflowLibrary> {
  const id = await libraryId(folder);
  if (id === null) throw new Error(`${LIBRARIES.join(' or ')} is missing in ${folder}`);
  if (!existsSync(join(folder, 'include', 'tensorflow', 'c', 'c_api.h')))
    throw new Error(`no headers in ${join(folder, 'include')}`);
  return { folder, id, source, build: 'unknown' };
}

async function pinnedLibrary(
  place: Place,
  build: 'cpu' | 'cuda',
  reporter: Reporter,
  attempts: Attempt[],
): Promise<TensorflowLibrary | null> {
  const pin = place.pins[build];
  if (pin === null) {
    attempts.push({
      source: `the ${build} build`,
      reason: `none is pinned for ${process.platform}-${process.arch}`,
    });
    return null;
  }
  const entry = await readEntry(entryFolder(place, pin));
  if (entry === 'damaged')
    reporter.log(`The cached ${pin.wheel.project} ${pin.version} is damaged; it is made again.`);
  else if (entry !== null) return libraryOf(entry, pin);
  try {
    const folder = await installedInPython(place, pin);
    if (folder !== null)
      return await inPlace(folder, `the Python package ${pin.wheel.project} ${pin.version}`);
    attempts.push({
      source: 'a Python of this machine',
      reason: `has no ${pin.wheel.project} ${pin.version}`,
    });
  } catch (error) {
    attempts.push({ source: 'a Python of this machine', reason: reasonOf(error) });
  }
  try {
    return await fetchAndUnpack(place, pin, reporter);
  } catch (error) {
    if (error instanceof NativePartError) throw error;
    attempts.push({
      source: `the wheel ${pin.wheel.project} ${pin.version} by pip`,
      reason: reasonOf(error),
    });
    return null;
  }
}

/** Finds the package without importing it (an import takes seconds and starts CUDA). */
const FIND_IN_PYTHON = `
import importlib.metadata as m, importlib.util as u, json, os, sys
spec = u.find_spec('tensorflow')
version = None
try:
    version = m.version(sys.argv[1])
except m.PackageNotFoundError:
    pass
folder = os.path.dirname(spec.origin) if spec and spec.origin else None
print(json.dumps({'version': version, 'folder': folder}))
`;

async function installedInPython(place: Place, pin: TensorflowPin): Promise<string | null> {
  for (const name of pythons(place.env)) {
    const python = findProgram(name, place.env);
    if (python === null) continue;
    const { stdout } = await run(python, ['-c', FIND_IN_PYTHON, pin.wheel.project], {
      env: place.env,
      deadline: 20_000,
    });
    const found = JSON.parse(stdout) as { version: string | null; folder: string | null };
    if (
      found.version === pin.version &&
      found.folder !== null &&
      existsSync(join(found.folder, LIBRARIES[0]))
    )
      return found.folder;
  }
  return null;
}

async function fetchAndUnpack(
  place: Place,
  pin: TensorflowPin,
  reporter: Reporter,
): Promise<TensorflowLibrary> {
  return inPartial(place.cache, async (folder) =>
    unpack(place, pin, await fetchWheel(place, pin.wheel, folder, reporter), reporter),
  );
}

async function fetchWheel(
  place: Place,
  wheel: WheelPin,
  folder: string,
  reporter: Reporter,
): Promise<string> {
  const started = performance.now();
  const size = wheel.bytes > 0 ? ` (${Math.round(wheel.bytes / 1e6)} MB)` : '';
  reporter.log(`Fetching ${wheel.project} ${wheel.version}${size} with pip …`);
  const path = await downloadWheel(wheel, folder, place.env, reporter);
  reporter.log(`Fetched in ${seconds(started)}.`);
  return path;
}

/**
 * Unpacks a checked wheel into the cache, and for CUDA the libraries it loads beside it, each wheel dropped
 * after its turn.
 */
async function unpack(
  place: Place,
  pin: TensorflowPin,
  wheel: string,
  reporter: Reporter,
): Promise<TensorflowLibrary> {
  const entry = await publishEntry(place.cache, entryFolder(place, pin), async (partial) => {
    const started = performance.now();
    reporter.log('Unpacking the libraries and headers …');
    const written = await extractWheel(wheel, partial, wantedFromTensorflow);
    for (const name of LIBRARIES)
      if (!written.has(`tensorflow/${name}`)) throw new Error(`the wheel holds no ${name}`);
    reporter.log(`Unpacked in ${seconds(started)}.`);
    const files = LIBRARIES.map((name) => `tensorflow/${name}`);
    for (const library of pin.libraries) {
      const more = await inPartial(place.cache, async (folder) =>
        extractWheel(await fetchWheel(place, library, folder, reporter), partial, wantedFromNvidia),
      );
      files.push(...[...more.keys()].filter((name) => /\.so(\.\d+)*$/.test(name)));
    }
    return { facts: { id: pin.wheel.sha256, version: pin.version, source: wordsOf(pin) }, files };
  });
  return libraryOf(entry, pin);
}

function wantedFromTensorflow(name: string): string | null {
  return name.startsWith('tensorflow/include/') ||
    LIBRARIES.some((library) => name === `tensorflow/${library}`)
    ? name
    : null;
}

function wantedFromNvidia(name: string): string | null {
  return name.startsWith('nvidia/') && !name.endsWith('.py') && !name.includes('/include/') ? name : null;
}

async function cached(place: Place, pin: TensorflowPin): Promise<TensorflowLibrary | null> {
  const entry = await readEntry(entryFolder(place, pin));
  return entry === null || entry === 'damaged' ? null : libraryOf(entry, pin);
}

function libraryOf(entry: CachedPart, pin: TensorflowPin): TensorflowLibrary {
  return {
    folder: join(entry.folder, 'tensorflow'),
    id: pin.wheel.sha256,
    source: wordsOf(pin),
    build: pin.build,
  };
}

function entryFolder(place: Place, pin: TensorflowPin): string {
  return join(place.cache, 'tensorflow', `${pin.build}-${pin.version}-${pin.wheel.sha256.slice(0, 8)}`);
}

function wordsOf(pin: TensorflowPin): string {
  return `the wheel ${pin.wheel.project} ${pin.version}`;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
