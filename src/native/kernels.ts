/**
 * The native kernels: compiled from the sources in `native/`, kept in the cache by the digest of sources
 * and compiler, and linked to `native/build/kernels.node`. No run needs them: without a compiler TensorFlow
 * computes everything, several times slower.
 *
 * On x86-64 the kernels are compiled three times, for AVX-512, for AVX2 and for neither; the processor
 * decides at run time. Their bits are the same (docs/native.md says why).
 */

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { publishEntry, readEntry } from './cache.js';
import { run } from './command.js';
import { findCompiler, linkTo, nodeHeaders, type Compiler } from './compiler.js';
import { reasonOf } from './errors.js';
import type { Reporter } from './pip.js';
import { placeOf, type Place } from './place.js';

/** Kernels that are there. */
export interface LocatedKernels {
  /** Absolute path of the addon. */
  readonly path: string;
  /** Digest of the sources: what decides the kernels' bits, whatever compiled them. */
  readonly id: string;
}

const ADDON = 'kernels.node';
const COMPILE_AT_MOST = 10 * 60_000;

/** No product and sum may be fused but where the source says so: the bits depend on it. */
const OPTIONS = [
  '-std=c++17',
  '-fPIC',
  '-O3',
  '-ffp-contract=off',
  '-fvisibility=hidden',
  '-DNAPI_VERSION=8',
];

/** Flags of each compilation of kernels.cc, by its name. */
const INSTRUCTION_SETS: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  avx2: ['-DEMARS_AVX2', '-mavx2', '-mfma'],
  avx512: [
    '-DEMARS_AVX512',
    ...['f', 'dq', 'bw', 'vl'].map((part) => `-mavx512${part}`),
    ...['-mfma', '-mprefer-vector-width=512'],
  ],
};

/** The kernels that are linked and whole, made from the sources as they are now; else null. */
export async function linkedKernels(own: Partial<Place> = {}): Promise<LocatedKernels | null> {
  const place = placeOf(own);
  const link = linkPath(place);
  const file = lstatSync(link, { throwIfNoEntry: false });
  if (file?.isSymbolicLink() !== true) return null;
  const path = resolve(dirname(link), readlinkSync(link));
  const entry = await readEntry(dirname(path));
  if (entry === null || entry === 'damaged') return null;
  const { sources } = entry.facts;
  if (sources === undefined || sources !== sourcesId(place)) return null;
  return { path, id: sources };
}

/** Whether kernels could be compiled and are not. */
export async function kernelsLacking(place: Place): Promise<boolean> {
  if (sourcesId(place) === null || (await linkedKernels(place)) !== null) return false;
  return (await findCompiler(place.env).catch(() => null)) !== null;
}

/** Digest of the sources that the addon at `path` was made from. */
export function kernelsId(path: string): string {
  return basename(dirname(path)).split('-')[0]!;
}

/**
 * Compiles the kernels or takes them from the cache, and links them; null where that cannot be done, with
 * the reason in the log.
 */
export async function provideKernels(place: Place, reporter: Reporter): Promise<LocatedKernels | null> {
  return compiledKernels(place, reporter, (path) => linkTo(path, linkPath(place)));
}

/**
 * Kernels for a user who cannot read those that are linked, nor link any: from the cache of that user, compiled
 * there if need be. Null where that cannot be done, with the reason in the log.
 */
export async function kernelsOfUser(reporter: Reporter): Promise<LocatedKernels | null> {
  return compiledKernels(placeOf(), reporter, () => undefined);
}

async function compiledKernels(
  place: Place,
  reporter: Reporter,
  use: (path: string) => void,
): Promise<LocatedKernels | null> {
  const sources = sourcesId(place);
  if (sources === null) return null;
  try {
    const compiler = await findCompiler(place.env);
    if (compiler === null) return null;
    const folder = join(place.cache, 'kernels', `${sources}-${compiler.hash}`);
    let entry = await readEntry(folder);
    if (entry === null || entry === 'damaged') {
      const started = performance.now();
      reporter.log(`Compiling the native kernels with ${compiler.words} …`);
      entry = await publishEntry(place.cache, folder, async (partial) => {
        await compile(place, compiler, partial);
        return { facts: { sources, compiler: compiler.words }, files: [ADDON] };
      });
      reporter.log(`Compiled in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    }
    const path = join(entry.folder, ADDON);
    use(path);
    return { path, id: sources };
  } catch (error) {
    reporter.log(`No native kernels, TensorFlow computes in their place: ${reasonOf(error)}`);
    return null;
  }
}

async function compile(place: Place, { command }: Compiler, folder: string): Promise<void> {
  const [program, ...first] = command;
  const call = (args: readonly string[]): Promise<unknown> =>
    run(program, [...first, ...args], {
      cwd: sourcesFolder(place),
      env: place.env,
      deadline: COMPILE_AT_MOST,
    });
  const sets = process.arch === 'x64' ? Object.keys(INSTRUCTION_SETS) : ['plain'];
  const kernels = sets.map((set) => ({
    source: 'kernels.cc',
    object: join(folder, `${set}.o`),
    flags: [...INSTRUCTION_SETS[set]!, `-DEMARS_NAMESPACE=emars_${set}`, `-DEMARS_ENTRY=${set}Kernels`],
  }));
  const others = readdirSync(sourcesFolder(place))
    .filter((name) => name.endsWith('.cc') && name !== 'kernels.cc')
    .sort()
    .map((source) => ({
      source,
      object: join(folder, `${source}.o`),
      flags: [`-I${nodeHeaders(place)}`, '-DNODE_GYP_MODULE_NAME=emars_kernels'],
    }));
  const units = [...kernels, ...others];
  await Promise.all(
    units.map(({ source, object, flags }) => call([...OPTIONS, ...flags, '-c', source, '-o', object])),
  );
  await call(['-shared', ...units.map(({ object }) => object), '-o', join(folder, ADDON)]);
  for (const { object } of units) rmSync(object);
}

function sourcesFolder(place: Place): string {
  return join(place.project, 'native');
}

function linkPath(place: Place): string {
  return join(sourcesFolder(place), 'build', ADDON);
}

/** Digest of the sources and of how they are compiled; null where the project has none. */
function sourcesId(place: Place): string | null {
  const folder = sourcesFolder(place);
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  const hash = createHash('sha256').update(JSON.stringify([OPTIONS, INSTRUCTION_SETS]));
  for (const name of readdirSync(folder).sort())
    if (/\.(cc|h)$/.test(name)) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 16);
}
