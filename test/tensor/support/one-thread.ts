/** Import first: one thread and no chatter. TensorFlow reads these when it loads, which is at the first operation. */
import { tensorEnvironment } from '#emars/tensor/environment.js';

Object.assign(process.env, tensorEnvironment({ threads: 1 }));
