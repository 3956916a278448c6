/**
 * Time left, from how quickly the run has moved of late. What counts is the share of the run that was done
 * during this call, so that a resumed run is not taken for one that did everything in a minute.
 */

/** Epochs over which the pace is taken: the parts of one epoch (training, evaluation) are not equally quick. */
const EPOCHS = 2;
/** Of an epoch: less says nothing yet. */
const LEAST_SHARE = 0.25;

interface Mark {
  /** Milliseconds. */
  readonly at: number;
  readonly fraction: number;
}

export class Pace {
  /** The first sight of the run, then one mark an epoch. */
  private marks: Mark[] = [];
  private epoch = -1;

  /** `now`: milliseconds of a monotonic clock. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /**
   * Takes where the run stands: its epoch, of how many, and which share of the whole is done (0…1). Returns
   * the seconds left, null while they cannot be told.
   */
  secondsLeft(epoch: number, epochs: number, fraction: number): number | null {
    if (fraction >= 1) return 0;
    const here = { at: this.now(), fraction };
    if (epoch !== this.epoch) this.marks = [...this.marks.slice(-EPOCHS), here];
    this.epoch = epoch;
    const from = this.marks[0] ?? here;
    const done = fraction - from.fraction;
    if (done * epochs < LEAST_SHARE) return null;
    return (((here.at - from.at) / done) * (1 - fraction)) / 1000;
  }
}
