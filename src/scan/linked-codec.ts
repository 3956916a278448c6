/** Where the native codec lies: apart from it, so that the threads that decode need not load how it is provided. */
import { linkedKernels } from '../native/kernels.js';

/** Path of the codec that is there; null without. */
export async function linkedCodec(): Promise<string | null> {
  return (await linkedKernels())?.path ?? null;
}
