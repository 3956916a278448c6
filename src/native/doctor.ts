/**
 * The environment at a glance: what `emars doctor` prints. Checks harder than a start does: every hash, and
 * TensorFlow is loaded.
 */

import { listGpus } from './devices.js';
import { reasonOf } from './errors.js';
import { fingerprint, type Fingerprint } from './fingerprint.js';
import { linkedKernels } from './kernels.js';
import { locateNativeParts, type MissingPart } from './locate.js';
import { bindingPath, placeOf, type Place } from './place.js';
import { probe } from './probe.js';

/** The report, in the form of `emars doctor --json`. */
export interface DoctorReport {
  readonly tensorflow: { readonly version: string; readonly source: string } | null;
  /** `cpu`, and `cuda:<index>` for each GPU that can be used. */
  readonly devices: readonly string[];
  readonly nats: { readonly version: string; readonly path: string } | null;
  /** The native kernels; null: TensorFlow computes everything, several times slower. No run needs them. */
  readonly kernels: { readonly id: string; readonly path: string } | null;
  /** Of the first device, without a thread count. */
  readonly fingerprint: Fingerprint;
  /** Empty if everything is there. */
  readonly missing: readonly MissingPart[];
}

/** Looks at everything and loads TensorFlow in a child. Errors: NativePartError, only for a wrong EMARS_CACHE. */
export async function doctor(own: Partial<Place> = {}): Promise<DoctorReport> {
  const place = placeOf(own);
  const located = await locateNativeParts(place, true);
  const missing = [...located.missing];
  const gpus = await listGpus(place.env);
  let { tensorflow } = located;
  let gpuWorks = false;
  if (tensorflow !== null) {
    try {
      const { version, gpu } = await probe(bindingPath(place), place.env, gpus.length > 0);
      tensorflow = { ...tensorflow, version };
      gpuWorks = gpu === true;
    } catch (error) {
      tensorflow = null;
      missing.push({
        part: 'tensorflow',
        reason: `it does not load: ${reasonOf(error)}`,
        remedy: 'Run `npm run setup`; if this stays, remove the cache folder and run it again.',
      });
    }
  }
  if (gpus.length > 0 && tensorflow !== null && !gpuWorks) {
    missing.push({
      part: 'cuda',
      reason: `the driver lists ${gpus.length} GPU(s), but this TensorFlow uses none`,
      remedy: 'Run `EMARS_ENGINE=cuda npm run setup`; the driver must support CUDA 12.',
    });
  }
  const devices = ['cpu', ...(gpuWorks ? gpus.map(({ index }) => `cuda:${index}`) : [])];
  const first = gpus[0];
  return {
    tensorflow: tensorflow === null ? null : { version: tensorflow.version, source: tensorflow.source },
    devices,
    nats: located.nats === null ? null : { version: located.nats.version, path: located.nats.path },
    kernels: await linkedKernels(place),
    fingerprint: fingerprint({
      tensorflow,
      threads: null,
      device: gpuWorks && first !== undefined ? `cuda:${first.index} ${first.name}` : 'cpu',
      env: place.env,
    }),
    missing,
  };
}
