/**
 * What is there now: quick, without network, nothing written. Every command that starts a run asks this
 * first.
 */

import { linkedTensorflow, type LocatedTensorflow } from './binding.js';
import { NativePartError, reasonOf } from './errors.js';
import { locateNats, type LocatedNats } from './nats.js';
import { placeOf, type Place } from './place.js';

/** A part that is not there, and how to get it. */
export interface MissingPart {
  readonly part: 'tensorflow' | 'nats' | 'cuda';
  readonly reason: string;
  readonly remedy: string;
}

export interface LocatedParts {
  readonly tensorflow: LocatedTensorflow | null;
  readonly nats: LocatedNats | null;
  readonly missing: readonly MissingPart[];
}

/** All parts, ready. */
export interface NativeParts {
  readonly tensorflow: LocatedTensorflow;
  readonly nats: LocatedNats;
}

const SETUP = 'Run `npm run setup`: it says what it needs.';

/** Looks for both parts. Never throws for a part that is missing; `thorough` compares every hash. */
export async function locateNativeParts(own: Partial<Place> = {}, thorough = false): Promise<LocatedParts> {
  const missing: MissingPart[] = [];
  const look = async <T extends object>(
    part: 'tensorflow' | 'nats',
    find: (place: Place) => Promise<T | { readonly reason: string }>,
  ): Promise<T | null> => {
    try {
      const found = await find(placeOf(own));
      if (!('reason' in found)) return found;
      missing.push({ part, reason: found.reason, remedy: SETUP });
    } catch (error) {
      missing.push(
        error instanceof NativePartError
          ? { part, reason: error.message, remedy: error.remedy }
          : { part, reason: reasonOf(error), remedy: SETUP },
      );
    }
    return null;
  };
  const tensorflow = await look('tensorflow', (place) => linkedTensorflow(place, thorough));
  const nats = await look('nats', (place) => locateNats(place, thorough));
  return { tensorflow, nats, missing };
}
