/**
 * Keeps signals away from the thread that runs TensorFlow. A signal with a handler that meets one of its long
 * matrix products damages the heap: the product keeps its workspace where the signal's frame goes. While
 * `during` works, signals go to the other threads of the process or wait.
 */
import { createRequire } from 'node:module';

interface SignalAddon {
  blockSignals(blocked: boolean): void;
}

export class SignalGuard {
  /** `addon`: the path of the native addon; null where there is none: nothing is kept away then. */
  constructor(addon: string | null) {
    this.addon = addon === null ? null : (createRequire(import.meta.url)(addon) as SignalAddon);
  }

  private readonly addon: SignalAddon | null;

  /** Runs `work`, which must be synchronous, without signals. Threads it starts have none for good. */
  during<T>(work: () => T): T {
    if (this.addon === null) return work();
    this.addon.blockSignals(true);
    try {
      return work();
    } finally {
      this.addon.blockSignals(false);
    }
  }
}
