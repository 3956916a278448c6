/**
 * The faults of a simulated run, as data: a schedule can be printed, replayed, and made smaller.
 * Times are virtual milliseconds since the run began.
 */

/** Where in its step an actor dies: at once, or when it next comes by that point. */
export type KillPoint =
  | 'now'
  /** Evolution: the records are written but not synced. */
  | 'recorded'
  /** The step is decided (evolution: and on disk), nothing is started or sent. */
  | 'decided'
  /** The first message is sent, the others are not. */
  | 'half-sent'
  /** Worker: what it computed, measured or wrote is done, and not yet told. */
  | 'done-work';

/** What a power cut leaves of the journal's last bytes. */
export type TailFate =
  | { readonly kind: 'kept' }
  /** Of the bytes that were not synced, this share is there. */
  | { readonly kind: 'torn'; readonly share: number }
  /** One bit of the last group is turned, synced or not. */
  | { readonly kind: 'flipped'; readonly at: number; readonly bit: number };

interface Window {
  readonly at: number;
  readonly ms: number;
}

export type Fault =
  | ({ readonly kind: 'drop' | 'duplicate' | 'damage'; readonly share: number } & Window)
  /** Every message is later by up to `by`; `reorder`: only every third, so that others overtake it. */
  | ({ readonly kind: 'delay' | 'reorder'; readonly by: number } & Window)
  | ({
      readonly kind: 'partition';
      readonly actor: string;
      readonly direction: 'both' | 'in' | 'out';
    } & Window)
  | ({ readonly kind: 'pause'; readonly actor: string } & Window)
  | ({ readonly kind: 'broker'; readonly wiped: boolean } & Window)
  | {
      readonly kind: 'kill';
      readonly at: number;
      readonly actor: string;
      readonly point: KillPoint;
      readonly tail: TailFate;
    }
  /**
   * Every process ends, and what was not synced may be lost; after `ms` the run is resumed, by `trainers`
   * trainers where that is not null. `cause`: in words.
   */
  | ({
      readonly kind: 'power-cut';
      readonly cause: string;
      readonly tail: TailFate;
      readonly trainers: number | null;
    } & Window)
  /**
   * The run is told to stop after the step at work; `ms` after it has, it is resumed, by `trainers` trainers where
   * that is not null.
   */
  | ({ readonly kind: 'drain'; readonly trainers: number | null } & Window)
  /** Nothing can be written to the journal; the run is resumed when that is over. */
  | ({ readonly kind: 'disk-full' } & Window)
  /** All that this worker does takes `factor` times as long. */
  | ({ readonly kind: 'slow'; readonly actor: string; readonly factor: number } & Window)
  /** Nothing that it says is heard but its heartbeats. */
  | ({ readonly kind: 'mute'; readonly actor: string } & Window)
  /** From then on it dies soon after each start. */
  | { readonly kind: 'crash-loop'; readonly at: number; readonly actor: string }
  /** A worker that was not there joins the run by itself. */
  | { readonly kind: 'join'; readonly at: number; readonly actor: string }
  /** A worker is told to end, ends when the run can do without it, and comes back after `ms`. */
  | ({ readonly kind: 'leave'; readonly actor: string } & Window)
  /** A bit in the middle of the journal, or of the newest snapshot, turns. */
  | { readonly kind: 'journal-middle' | 'snapshot'; readonly at: number }
  /** The next vector of that trainer is no number, once. */
  | { readonly kind: 'bad-gradient'; readonly at: number; readonly actor: string }
  /** From then on each vector of that trainer has one wrong bit; it says so of none. */
  | { readonly kind: 'lie'; readonly at: number; readonly actor: string }
  /** A bit of that trainer's weights turns. */
  | { readonly kind: 'weights'; readonly at: number; readonly actor: string }
  /** Its process ends by itself, with exit code 0. */
  | { readonly kind: 'exit'; readonly at: number; readonly actor: string }
  /** What that trainer begins next never ends, as long as its process lives. */
  | { readonly kind: 'hang'; readonly at: number; readonly actor: string }
  /** From a stranger on the bus: a plan under another fence, or bytes that are no message and one beyond its limits. */
  | { readonly kind: 'forged-plan' | 'garbage'; readonly at: number };

/** When the fault is over, restarts left aside. */
export function endOf(fault: Fault): number {
  return 'ms' in fault ? fault.at + fault.ms : fault.at;
}

/** In words, for a person who reads about a failed seed. */
export function describe(fault: Fault): string {
  const at = `${(fault.at / 1000).toFixed(2)} s`;
  switch (fault.kind) {
    case 'drop':
    case 'duplicate':
    case 'damage':
      return `${at}: ${fault.kind} ${Math.round(100 * fault.share)} % of messages for ${Math.round(fault.ms)} ms`;
    case 'delay':
    case 'reorder':
      return `${at}: ${fault.kind} messages by up to ${Math.round(fault.by)} ms for ${Math.round(fault.ms)} ms`;
    case 'partition':
      return `${at}: cut ${fault.actor} off (${fault.direction}) for ${Math.round(fault.ms)} ms`;
    case 'pause':
      return `${at}: stop ${fault.actor} for ${Math.round(fault.ms)} ms`;
    case 'broker':
      return `${at}: broker down for ${Math.round(fault.ms)} ms${fault.wiped ? ', its store lost' : ''}`;
    case 'kill':
      return `${at}: kill ${fault.actor}${fault.point === 'now' ? '' : ` (${fault.point})`}${tailInWords(fault.tail)}`;
    case 'power-cut':
      return `${at}: ${fault.cause}, resumed after ${Math.round(fault.ms)} ms${fault.trainers === null ? '' : ` with ${fault.trainers} trainers`}${tailInWords(fault.tail)}`;
    case 'drain':
      return `${at}: Ctrl-C, resumed ${Math.round(fault.ms)} ms after the run has stopped${fault.trainers === null ? '' : ` with ${fault.trainers} trainers`}`;
    case 'disk-full':
      return `${at}: disk full for ${Math.round(fault.ms)} ms`;
    case 'slow':
      return `${at}: ${fault.actor} is ${fault.factor.toFixed(1)} times slower for ${Math.round(fault.ms)} ms`;
    case 'mute':
      return `${at}: nothing but heartbeats from ${fault.actor} for ${Math.round(fault.ms)} ms`;
    case 'crash-loop':
      return `${at}: ${fault.actor} dies after each start`;
    case 'journal-middle':
      return `${at}: a bit in the middle of the journal turns`;
    case 'snapshot':
      return `${at}: a bit of the newest snapshot turns`;
    case 'bad-gradient':
      return `${at}: the next vector of ${fault.actor} is NaN`;
    case 'join':
      return `${at}: ${fault.actor} comes late`;
    case 'leave':
      return `${at}: ${fault.actor} is told to end, and comes back after ${Math.round(fault.ms)} ms`;
    case 'lie':
      return `${at}: the arithmetic of ${fault.actor} goes wrong, in silence`;
    case 'weights':
      return `${at}: a bit of the weights of ${fault.actor} turns`;
    case 'exit':
      return `${at}: ${fault.actor} ends by itself with exit code 0`;
    case 'hang':
      return `${at}: what ${fault.actor} begins next never ends`;
    case 'forged-plan':
      return `${at}: a stranger sends all trainers a plan under another fence`;
    case 'garbage':
      return `${at}: a stranger sends bytes that are no message, and a message with an id of 300 letters`;
  }
}

function tailInWords(tail: TailFate): string {
  switch (tail.kind) {
    case 'kept':
      return '';
    case 'torn':
      return `, journal torn at ${Math.round(100 * tail.share)} % of what was not synced`;
    case 'flipped':
      return `, journal with bit ${tail.bit} of byte ${tail.at} of its last group turned`;
  }
}
