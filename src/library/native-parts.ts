/** TensorFlow and nats-server for a program that has not run a set-up: brought on first use, and said aloud. */
import type { NativeParts } from '../native/locate.js';
import { locateNativeParts } from '../native/locate.js';
import { provideNativeParts } from '../native/provide.js';

/**
 * What is there, or what `provideNativeParts` brings; `tell` hears what it does (up to 274 MB are fetched, once a
 * user). Errors: NativePartError with every source tried; the reason of `signal`, while the rest is brought to
 * its end: the next run finds it.
 */
export async function nativeParts(
  tell: (text: string, passing: boolean) => void,
  signal: AbortSignal,
): Promise<NativeParts> {
  signal.throwIfAborted();
  const { tensorflow, nats } = await locateNativeParts();
  if (tensorflow !== null && nats !== null) return { tensorflow, nats };
  const reporter = {
    log: (text: string) => tell(text, false),
    progress: (text: string | null) => {
      if (text !== null) tell(text, true);
    },
  };
  return untilAborted(signal, provideNativeParts(reporter));
}

async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
