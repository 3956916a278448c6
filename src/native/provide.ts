/**
 * Brings every native part that is not there: the work behind `npm run setup`. Safe to run twice, and twice
 * at once.
 */

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expectCompiler, linkedTensorflow, provideBinding, type LocatedTensorflow } from './binding.js';
import { sweepPartial } from './cache.js';
import { run } from './command.js';
import { wantedBuild } from './devices.js';
import { NativePartError, reasonOf, type Attempt } from './errors.js';
import { kernelsLacking, provideKernels } from './kernels.js';
import { LIBRARIES, NoLibrary, OWN_TENSORFLOW, provideLibrary } from './library.js';
import type { NativeParts } from './locate.js';
import { withLock } from './lock.js';
import { locateNats, provideNats } from './nats.js';
import { findPip, type Reporter } from './pip.js';
import { bindingPath, placeOf, tfjsFolder, type Place } from './place.js';

const PIP_REMEDY = 'Install Python 3 with pip (Debian, Ubuntu: apt install python3-pip).';
const REMEDY =
  'Install Python 3 with pip (Debian, Ubuntu: apt install python3-pip) and let it reach a package index; ' +
  `or fetch the wheel elsewhere and set ${OWN_TENSORFLOW} to it; see docs/guides/setup.md.`;

/**
 * Provides TensorFlow with its binding, nats-server and, where they can be compiled, the native kernels.
 *
 * Errors: NativePartError with every source tried.
 */
export async function provideNativeParts(reporter: Reporter, own: Partial<Place> = {}): Promise<NativeParts> {
  const place = placeOf(own);
  const ready = await alreadyThere(place);
  if (ready !== null && !(await kernelsLacking(place))) return ready;
  const onWait = (holder: string): void =>
    reporter.log(`Another set-up works on ${place.cache} (${holder}); waiting for it …`);
  try {
    return await withLock(
      join(place.cache, 'lock'),
      async () => {
        sweepPartial(place.cache);
        if (await kernelsLacking(place)) await provideKernels(place, reporter);
        if (ready !== null) return ready;
        const linked = await wantedLink(place);
        if (linked === null) await expectTools(place);
        // Both are tried before anything is said: one list of what is missing, not one part a time.
        const failures: NativePartError[] = [];
        const nats = await provided(failures, () => provideNats(place, reporter));
        const tensorflow = linked ?? (await provided(failures, () => provideTensorflow(place, reporter)));
        if (nats !== null && tensorflow !== null) return { tensorflow, nats };
        throw allAtOnce(failures);
      },
      { onWait },
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (
      code === 'EACCES' ||
      code === 'EROFS' ||
      code === 'ENOSPC' ||
      code === 'EPERM' ||
      code === 'ENOTDIR'
    ) {
      throw new NativePartError(
        'the cache',
        [{ source: place.cache, reason: reasonOf(error) }],
        'Set EMARS_CACHE to a folder that can be written, with 2 GB free (12 GB for the CUDA build).',
      );
    }
    throw error;
  }
}

/** What no source can do without, before anything is fetched. Errors: NativePartError with all of it. */
async function expectTools(place: Place): Promise<void> {
  const failures: NativePartError[] = [];
  await provided(failures, () => expectCompiler(place));
  if (failures.length === 0) return;
  // Without pip alone there are other sources; beside a missing compiler it is worth saying at once.
  await findPip(place.env).catch((error: unknown) => {
    failures.push(new NativePartError('pip', [{ source: 'PATH', reason: reasonOf(error) }], PIP_REMEDY));
  });
  throw allAtOnce(failures);
}

async function provided<T>(failures: NativePartError[], work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NativePartError)) throw error;
    failures.push(error);
    return null;
  }
}

/** One error for several parts, each attempt under its part. */
function allAtOnce(failures: readonly NativePartError[]): NativePartError {
  const [only] = failures;
  if (only !== undefined && failures.length === 1) return only;
  return new NativePartError(
    failures.map(({ part }) => part).join(' and '),
    failures.flatMap(({ part, attempts }) =>
      attempts.map(({ source, reason }) => ({ source: `${part} from ${source}`, reason })),
    ),
    [...new Set(failures.map(({ remedy }) => remedy))].join(' '),
  );
}

async function alreadyThere(place: Place): Promise<NativeParts | null> {
  const tensorflow = await wantedLink(place);
  const nats = await locateNats(place);
  const pinned =
    !('reason' in nats) &&
    (nats.version === place.pins.nats.version || (place.env['EMARS_NATS_SERVER'] ?? '') !== '');
  return tensorflow !== null && pinned ? { tensorflow, nats } : null;
}

/** The linked TensorFlow, if it is also the one that a fresh set-up would choose. */
async function wantedLink(place: Place): Promise<LocatedTensorflow | null> {
  const linked = await linkedTensorflow(place);
  if ('reason' in linked) return null;
  if ((place.env[OWN_TENSORFLOW] ?? '') !== '') return linked;
  const { build } = await wantedBuild(place.env);
  if (linked.build !== 'unknown' && linked.build !== build) return null;
  const version = place.pins[build]?.version;
  return version === undefined || linked.version === version ? linked : null;
}

async function provideTensorflow(place: Place, reporter: Reporter): Promise<LocatedTensorflow> {
  try {
    const library = await provideLibrary(place, reporter);
    return await provideBinding(place, library, reporter);
  } catch (error) {
    if (!(error instanceof NoLibrary)) throw error;
    return packageDownload(place, reporter, error.attempts);
  }
}

/**
 * The last resort: what the npm package's own install script fetches, TensorFlow 2.9.1 with a ready
 * binding. It is not pinned by us and knows no newer GPU than Ampere, so it comes last and is named.
 */
async function packageDownload(
  place: Place,
  reporter: Reporter,
  before: readonly Attempt[],
): Promise<LocatedTensorflow> {
  const source = "the package's own download (TensorFlow 2.9.1)";
  const folder = tfjsFolder(place);
  const binding = bindingPath(place);
  let reason: string;
  try {
    const kept = await linkedTensorflow(place);
    if (!('reason' in kept)) return kept;
    reporter.log(
      'No source of the pinned TensorFlow worked; trying the older one that the npm package downloads itself …',
    );
    const { build } = await wantedBuild(place.env);
    const path = [join(place.project, 'node_modules', '.bin'), place.env['PATH'] ?? ''].join(delimiter);
    await run(
      process.execPath,
      [join('scripts', 'install.js'), build === 'cuda' ? 'gpu' : 'cpu', 'download'],
      { cwd: folder, env: { ...place.env, PATH: path }, deadline: 15 * 60_000 },
    );
    if (!existsSync(binding)) throw new Error('it ended without a binding');
    const linked = await linkedTensorflow(place);
    if (!('reason' in linked)) return { ...linked, source };
    reason = linked.reason;
  } catch (error) {
    reason = reasonOf(error);
  }
  throw new NativePartError(`TensorFlow (${LIBRARIES[0]})`, [...before, { source, reason }], REMEDY);
}
