/** Devices that a person asked for must be there: TensorFlow itself falls back to the CPU without a word. */

import { listGpus } from './devices.js';
import { NativePartError } from './errors.js';
import { bindingPath, placeOf, type Place } from './place.js';
import { probe } from './probe.js';

/**
 * Checks `cpu` and `cuda:<index>` against the driver and against TensorFlow, which is loaded in a child
 * only if a GPU is asked for.
 * Errors: NativePartError with what is there.
 */
export async function requireDevices(wanted: readonly string[], own: Partial<Place> = {}): Promise<void> {
  const gpusWanted = wanted.filter((device) => device !== 'cpu');
  if (gpusWanted.length === 0) return;
  const place = placeOf(own);
  const gpus = await listGpus(place.env);
  const { gpu } = await probe(bindingPath(place), place.env, true);
  const listed = gpus.map(({ index }) => `cuda:${index}`);
  // Some containers have a GPU and no nvidia-smi: then TensorFlow's word must do.
  const absent =
    gpu !== true ? gpusWanted : gpusWanted.filter((device) => listed.length > 0 && !listed.includes(device));
  if (absent.length === 0) return;
  throw new NativePartError(
    absent.join(', '),
    [
      {
        source: 'the NVIDIA driver',
        reason: listed.length === 0 ? 'it lists no GPU' : `it lists ${listed.join(', ')}`,
      },
      { source: 'TensorFlow', reason: gpu === true ? 'it uses these' : 'it sees only cpu' },
    ],
    'Leave --devices out to compute on the CPU; `npx emars doctor` says what a GPU lacks.',
  );
}
