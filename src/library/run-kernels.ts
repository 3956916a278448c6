/** Whether a run computes by the native kernels. Decided once: what a run began with it keeps to. */
import type { Options } from '../config/options.js';
import { EmarsError } from '../errors/error.js';
import type { LocatedKernels } from '../native/kernels.js';
import { kernelsOfUser, linkedKernels } from '../native/kernels.js';
import type { RunFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { baselineOf } from '../space/baseline-names.js';

/** The run began with native kernels that are not here. */
export class KernelsMissing extends EmarsError {
  override readonly name = 'KernelsMissing';
  readonly kind = 'environment';
}

interface Asked {
  readonly options: Options;
  /** The folder holds a run that was cut off. */
  readonly resumed: boolean;
  readonly devices: readonly string[];
}

export interface KernelsQuestion extends Asked {
  readonly folder: RunFolder;
}

/** What a person is told whose new run is slow for want of kernels; null where none are missed. */
export function kernelsNote(
  { options, resumed, devices }: Asked,
  linked: LocatedKernels | null,
): string | null {
  if (resumed || linked !== null || !kernelsCan(options, devices)) return null;
  return (
    'the native kernels are not there: TensorFlow computes, several times slower, and the run keeps to it. ' +
    'They need a C++ compiler; `npm run setup` makes them'
  );
}

/** The kernels that the run computes by; null: TensorFlow computes. Errors: KernelsMissing. */
export async function kernelsOfRun({
  folder,
  options,
  resumed,
  devices,
}: KernelsQuestion): Promise<LocatedKernels | null> {
  if (!kernelsCan(options, devices)) return null;
  const linked = await linkedKernels();
  const record = resumed ? await readRecordIfSound(folder) : null;
  if (record === null) return linked;
  const begun = record.fingerprint['kernels'];
  if (typeof begun !== 'string') return null;
  if (linked?.id === begun || options.engine.numerics === 'tolerant') return linked;
  throw new KernelsMissing(
    `expected the native kernels ${begun} that the run began with, got ${linked?.id ?? 'none'}; run ` +
      '`npm run setup` in the version that began it, or let other arithmetic in with ' +
      '--set engine.numerics=tolerant in a new run',
  );
}

function kernelsCan(options: Options, devices: readonly string[]): boolean {
  if (options.engine.native === 'off' || devices.some((device) => device !== 'cpu')) return false;
  // Kernels know the blocks of the search space.
  return !(options.cohort ?? []).some((member) => baselineOf(member) !== null);
}

/**
 * The kernels that a worker computes by for a run that began with those of the digest `begun`; null: TensorFlow.
 * `tell` hears what it does: where the linked ones are another user's, they are compiled for this one. Errors:
 * KernelsMissing where this host has others, or none.
 */
export async function kernelsOfWorker(
  begun: string | null,
  numerics: Options['engine']['numerics'],
  tell: (text: string) => void,
): Promise<LocatedKernels | null> {
  if (begun === null) return null;
  const quiet = { log: tell, progress: () => undefined };
  const found = (await linkedKernels()) ?? (await kernelsOfUser(quiet));
  if (found?.id === begun || numerics === 'tolerant') return found;
  throw new KernelsMissing(
    `expected the native kernels ${begun} that the run computes by, got ${found?.id ?? 'none'}; install the same ` +
      'version of EMARS here and run `npm run setup`',
  );
}
