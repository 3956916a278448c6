/** Devices that a person asked for must be there: TensorFlow itself falls back to the CPU without a word. */

import { gpuIndexOf, listGpus, visibleGpus, type Gpu } from './devices.js';
import { NativePartError, reasonOf } from './errors.js';
import { bindingPath, placeOf, type Place } from './place.js';
import { probe } from './probe.js';

/**
 * Checks `cpu` and `cuda:<index>` against the driver and against TensorFlow, which is loaded in a child
 * only if a GPU is asked for; returns the GPUs of the driver among them.
 * Errors: NativePartError with what is there.
 */
export async function requireDevices(
  wanted: readonly string[],
  own: Partial<Place> = {},
): Promise<readonly Gpu[]> {
  const gpusWanted = wanted.filter((device) => gpuIndexOf(device) !== null);
  if (gpusWanted.length === 0) return [];
  const place = placeOf(own);
  const gpus = visibleGpus(await listGpus(place.env), place.env);
  const { gpu, reason } = await seenByTensorflow(place);
  const listed = gpus.map(({ index }) => `cuda:${index}`);
  // Some containers have a GPU and no nvidia-smi: then TensorFlow's word must do.
  const absent = !gpu
    ? gpusWanted
    : gpusWanted.filter((device) => listed.length > 0 && !listed.includes(device));
  if (absent.length === 0) return gpus.filter(({ index }) => gpusWanted.includes(`cuda:${index}`));
  throw new NativePartError(
    [...new Set(absent)].join(', '),
    [
      {
        source: 'the NVIDIA driver',
        reason: listed.length === 0 ? 'it lists no GPU' : `it lists ${listed.join(', ')}`,
      },
      { source: 'TensorFlow', reason },
    ],
    'Leave --devices out to compute on the CPU; `npx emars doctor` says what a GPU lacks.',
  );
}

async function seenByTensorflow(place: Place): Promise<{ readonly gpu: boolean; readonly reason: string }> {
  try {
    const { gpu } = await probe(bindingPath(place), place.env, true);
    return { gpu: gpu === true, reason: gpu === true ? 'it uses these' : 'it sees only cpu' };
  } catch (error) {
    return { gpu: false, reason: `it does not load: ${reasonOf(error)}` };
  }
}
