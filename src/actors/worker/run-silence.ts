/** How long nothing has been heard of a worker's run: said at once, then ever more rarely, and bounded. */
import { monotonicMs } from '../../runtime/process/monotonic.js';

const FIRST_MS = 60_000;
const LONGEST_MS = 3_600_000;

/** Nothing has been heard of the run for so long, or it is heard again after so long. */
export interface SilenceEvent {
  readonly kind: 'silent' | 'heard';
  readonly seconds: number;
}

export class RunSilence {
  private since: number | null = null;
  private sayAt = 0;

  /** `waitMs`: a longer silence is too long; null: none is. */
  constructor(
    private readonly waitMs: number | null,
    private readonly say: (event: SilenceEvent) => void,
  ) {}

  /** The worker hears nothing of the run any more, or hears it. */
  tell(isSilent: boolean): void {
    if (isSilent === (this.since !== null)) return;
    if (isSilent) {
      this.since = monotonicMs();
      this.sayAt = FIRST_MS;
    }
    this.say({ kind: isSilent ? 'silent' : 'heard', seconds: Math.round(this.ms() / 1000) });
    if (!isSilent) this.since = null;
  }

  /** To be called now and then. Why the worker is to end; null while it may wait on. */
  look(): string | null {
    const ms = this.ms();
    if (this.since === null) return null;
    if (this.waitMs !== null && ms >= this.waitMs)
      return (
        `expected the run to be heard again within ${this.waitMs / 1000} s (--wait), heard nothing; ` +
        'is it at work?'
      );
    if (ms >= this.sayAt) {
      this.sayAt += Math.min(this.sayAt, LONGEST_MS);
      this.say({ kind: 'silent', seconds: Math.round(ms / 1000) });
    }
    return null;
  }

  private ms(): number {
    return this.since === null ? 0 : monotonicMs() - this.since;
  }
}
