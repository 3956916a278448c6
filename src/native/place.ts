/**
 * Where native parts are kept: the project it serves, its cache, and the environment it reads. One value,
 * handed down.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './cache.js';
import { NativePartError } from './errors.js';
import { natsPin, tensorflowPin, type NatsPin, type TensorflowPin } from './pins.js';

export interface Place {
  /** Root of the project whose node_modules gets the binding. */
  readonly project: string;
  /** Absolute path of the cache. */
  readonly cache: string;
  readonly env: NodeJS.ProcessEnv;
  readonly pins: {
    /** Null where no build is pinned for this platform. */
    readonly cpu: TensorflowPin | null;
    readonly cuda: TensorflowPin | null;
    readonly nats: NatsPin;
  };
}

/** This project, the user's cache and the process's environment, but for what `own` replaces. */
export function placeOf(own: Partial<Place> = {}): Place {
  const env = own.env ?? process.env;
  return {
    project: own.project ?? fileURLToPath(new URL('../..', import.meta.url)),
    cache: own.cache ?? cacheFolder(env),
    env,
    pins: own.pins ?? { cpu: tensorflowPin('cpu'), cuda: tensorflowPin('cuda'), nats: natsPin() },
  };
}

/**
 * Name of the npm package whose binding is compiled; its JavaScript is imported by the room `tensor` alone.
 */
const TFJS = '@tensorflow/tfjs-node-gpu';

/** Folder of an installed npm package, as the project resolves it. */
export function packageFolder(place: Place, name: string): string {
  try {
    return dirname(createRequire(join(place.project, 'package.json')).resolve(`${name}/package.json`));
  } catch {
    throw new NativePartError(
      `the npm package ${name}`,
      [],
      'Run `npm ci` (or `npm run setup`, which does).',
    );
  }
}

export function tfjsFolder(place: Place): string {
  return packageFolder(place, TFJS);
}

/** Where TensorFlow.js looks for its binding: the package's own layout for N-API version 8. */
export function bindingPath(place: Place): string {
  return join(tfjsFolder(place), 'lib', 'napi-v8', 'tfjs_binding.node');
}
