/**
 * The binding between Node and TensorFlow: compiled from the C++ sources in the npm package
 * `@tensorflow/tfjs-node-gpu`, kept in the cache, and linked to where the package looks for it.
 *
 * The package's prebuilt binding belongs to TensorFlow 2.9.1; its sources use the C API only and
 * compile unchanged against 2.21. `npm ci` removes the link, not the compiled file: a set-up after it
 * links again within milliseconds.
 */

import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { publishEntry, readEntry } from './cache.js';
import { run } from './command.js';
import { COMPILER_REMEDY, findCompiler, linkTo, noCompiler, nodeHeaders } from './compiler.js';
import { NativePartError, reasonOf } from './errors.js';
import { libraryId, LIBRARIES, OWN_TENSORFLOW, type TensorflowLibrary } from './library.js';
import type { Reporter } from './pip.js';
import { bindingPath, tfjsFolder, type Place } from './place.js';
import { probe } from './probe.js';

/** TensorFlow as this project would load it. */
export interface LocatedTensorflow {
  readonly version: string;
  /** Where it came from, in words. */
  readonly source: string;
  /** Absolute path of the folder with the libraries and `include/`. */
  readonly path: string;
  /** Identity of the library: part of the fingerprint. */
  readonly id: string;
  readonly build: 'cpu' | 'cuda' | 'unknown';
}

const NODE_FILE = 'tfjs_binding.node';
const COMPILE_AT_MOST = 10 * 60_000;

/**
 * What is linked now, if it would work: the link leads to a whole entry that was made from these sources,
 * and its library is whole. A binding that is no link of ours is loaded in a child to learn its version.
 */
export async function linkedTensorflow(
  place: Place,
  thorough = false,
): Promise<LocatedTensorflow | { readonly reason: string }> {
  const link = bindingPath(place);
  const file = lstatSync(link, { throwIfNoEntry: false });
  if (file === undefined) return { reason: 'the binding is not linked into node_modules' };
  if (!file.isSymbolicLink()) return foreign(place, link);
  const entry = await readEntry(dirname(resolve(dirname(link), readlinkSync(link))), thorough);
  if (entry === null || entry === 'damaged')
    return { reason: 'the compiled binding is no longer in the cache, or damaged' };
  const { tensorflow, source, library, id, build, sources, requested } = entry.facts;
  if (tensorflow === undefined || source === undefined || library === undefined || id === undefined)
    return { reason: 'the compiled binding has no record' };
  if (sources !== sourcesHash(place))
    return { reason: `the sources of the binding changed since it was compiled` };
  const own = place.env[OWN_TENSORFLOW] ?? '';
  if (own !== '' && requested !== resolve(own))
    return { reason: `${OWN_TENSORFLOW} is set, and the linked binding was made for another TensorFlow` };
  if ((await libraryId(library, thorough)) !== id)
    return { reason: `the libraries in ${library} are gone, changed or damaged` };
  return {
    version: tensorflow,
    source,
    path: library,
    id,
    build: build === 'cpu' || build === 'cuda' ? build : 'unknown',
  };
}

async function foreign(place: Place, path: string): Promise<LocatedTensorflow | { readonly reason: string }> {
  if ((place.env[OWN_TENSORFLOW] ?? '') !== '')
    return {
      reason: `${OWN_TENSORFLOW} is set, and the binding in node_modules was made for another TensorFlow`,
    };
  try {
    const { version } = await probe(path, place.env);
    const { size, mtimeMs } = lstatSync(path);
    return {
      version,
      source: 'a binding found in node_modules',
      path: dirname(path),
      id: `foreign-${size}-${mtimeMs}`,
      build: 'unknown',
    };
  } catch (error) {
    return { reason: `the binding in node_modules does not load: ${reasonOf(error)}` };
  }
}

/** Compiles the binding against a library, or takes it from the cache, and links it. */
export async function provideBinding(
  place: Place,
  library: TensorflowLibrary,
  reporter: Reporter,
): Promise<LocatedTensorflow> {
  const sources = sourcesHash(place);
  const key = createHash('sha256')
    .update(`${sources}\n${library.id}\n${library.folder}\n`)
    .digest('hex')
    .slice(0, 16);
  const compiler = await findCompiler(place.env);
  const folder = join(place.cache, 'bindings', `${key}-${compiler?.hash ?? ''}`);
  let entry = compiler === null ? await anyCompiled(place, key) : await readEntry(folder);
  if (entry === 'damaged') reporter.log('The compiled binding is damaged; it is made again.');
  if (entry === null || entry === 'damaged') {
    if (compiler === null) throw noCompiler();
    const started = performance.now();
    reporter.log(`Compiling the binding with ${compiler.words} …`);
    entry = await publishEntry(place.cache, folder, async (partial) => {
      const path = join(partial, NODE_FILE);
      await compile(place, library, compiler.command, path);
      const version = await loadedVersion(path, place.env, library);
      const requested = place.env[OWN_TENSORFLOW] ?? '';
      const facts = {
        tensorflow: version,
        source: library.source,
        library: library.folder,
        id: library.id,
        build: library.build,
      };
      return {
        facts: {
          ...facts,
          sources,
          compiler: compiler.words,
          requested: requested === '' ? '' : resolve(requested),
        },
        files: [NODE_FILE],
      };
    });
    reporter.log(`Compiled in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  }
  linkTo(join(entry.folder, NODE_FILE), bindingPath(place));
  return {
    version: entry.facts['tensorflow'] ?? '',
    source: library.source,
    path: library.folder,
    id: library.id,
    build: library.build,
  };
}

/**
 * Says that there is no compiler before anything large is fetched; a binding in the cache may make one
 * unnecessary.
 */
export async function expectCompiler(place: Place): Promise<void> {
  if ((await findCompiler(place.env)) === null && compiledNames(place).length === 0) throw noCompiler();
}

async function compile(
  place: Place,
  library: TensorflowLibrary,
  [program, ...args]: readonly [string, ...string[]],
  output: string,
): Promise<void> {
  const tfjs = tfjsFolder(place);
  const sources = sourceFiles(place).filter((path) => path.endsWith('.cc'));
  const includes = [tfjs, dirname(tfjs), join(library.folder, 'include'), nodeHeaders(place)].map(
    (folder) => `-I${folder}`,
  );
  const options = ['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  const libraries = LIBRARIES.map((name) => join(library.folder, name));
  const runPath = ['-Xlinker', '-rpath', '-Xlinker', library.folder];
  try {
    await run(
      program,
      [...args, ...options, ...includes, ...sources, '-o', output, ...libraries, ...runPath],
      { cwd: tfjs, env: place.env, deadline: COMPILE_AT_MOST },
    );
  } catch (error) {
    throw new NativePartError(
      'the TensorFlow binding',
      [{ source: `compiling it with ${program} against ${library.folder}`, reason: reasonOf(error) }],
      COMPILER_REMEDY,
    );
  }
}

async function loadedVersion(
  path: string,
  env: NodeJS.ProcessEnv,
  library: TensorflowLibrary,
): Promise<string> {
  let reason: string;
  try {
    const { version } = await probe(path, env);
    if (/^2\.\d+\./.test(version)) return version;
    reason = `expected TensorFlow 2, got ${version}`;
  } catch (error) {
    reason = reasonOf(error);
  }
  throw new NativePartError(
    'the TensorFlow binding',
    [{ source: `loading it with ${library.source}`, reason }],
    'This needs glibc 2.28 or newer and a processor with AVX; check both, or name another build with EMARS_TENSORFLOW.',
  );
}

/** Without a compiler, a binding that another one made serves as well. */
async function anyCompiled(place: Place, key: string): Promise<Awaited<ReturnType<typeof readEntry>>> {
  for (const name of compiledNames(place).filter((candidate) => candidate.startsWith(`${key}-`))) {
    const entry = await readEntry(join(place.cache, 'bindings', name));
    if (entry !== null && entry !== 'damaged') return entry;
  }
  return null;
}

function compiledNames(place: Place): readonly string[] {
  const folder = join(place.cache, 'bindings');
  return lstatSync(folder, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(folder).sort();
}

function sourceFiles(place: Place): readonly string[] {
  const folder = join(tfjsFolder(place), 'binding');
  return readdirSync(folder)
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

function sourcesHash(place: Place): string {
  const hash = createHash('sha256');
  for (const path of [
    ...sourceFiles(place),
    join(nodeHeaders(place), 'node_api.h'),
    join(nodeHeaders(place), 'js_native_api.h'),
  ])
    hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}
