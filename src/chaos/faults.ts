/** Kinds of faults, and which of them happen when: a plan that follows from a seed. */
import { generator } from '../random/generator.js';
import type { Failing } from './failing-objective.js';
import { FAILINGS } from './failing-objective.js';

/** What each kind does to a search that is at work. */
export const FAULTS = {
  'kill-trainer': 'kill -9 of a trainer',
  'kill-evaluator': 'kill -9 of the evaluator',
  'kill-evolution': 'kill -9 of the evolution process',
  'kill-two': 'kill -9 of two workers at once',
  'kill-again': 'kill -9 of a trainer, and of the one that is started in its place at once',
  'kill-parent': 'kill -9 of the parent; the run is resumed',
  'kill-all': 'kill -9 of every process of the run; it is resumed',
  'stop-trainer': 'SIGSTOP of a trainer for 1 to 60 s',
  'stop-evaluator': 'SIGSTOP of the evaluator for 1 to 60 s',
  'stop-evolution': 'SIGSTOP of the evolution process for 1 to 60 s',
  'slow-trainer':
    'a trainer with a tenth of a processor for 1 to 60 s: by a quota, else by stops of 90 of every 100 ms',
  'slow-evaluator': 'the evaluator, slowed down the same way',
  'slow-evolution': 'the evolution process, slowed down the same way',
  'kill-broker': 'kill -9 of nats-server',
  'wipe-broker': 'kill -9 of nats-server, its store emptied',
  'stop-broker': 'SIGSTOP of nats-server for 1 to 60 s',
  'cut-link': 'no bytes between the run and its broker, either way',
  'cut-one-way': 'no bytes from the run to its broker, or none back',
  'delay-link': 'every byte 300 ms late, both ways',
  'lose-link': '5 % of the pieces sent are held up, a fifth of those end their connection',
  'duplicate-bytes': '5 % of the pieces sent arrive twice',
  'corrupt-bytes': 'one bit in a million bytes flipped, and one of the first piece',
  'replay-messages': 'every message of the run sent again up to 0.3 s later, 200 of each subject',
  'poison-messages': 'every message followed by four damaged ones, 200 of each subject',
  'nan-gradient': 'a trainer sends a gradient with NaN in it',
  'cut-gradient': 'a trainer sends a gradient that is a value too short',
  'clock-jump': 'the wall clock of all processes an hour ahead or behind for 1 to 5 s',
  'full-disk':
    'no space for the files of the run (journal, snapshots, logs), for 1 to 5 s; the run is resumed if it ends',
  'full-store': 'no space for the store of nats-server, for 1 to 5 s',
  'journal-cut': 'kill -9 of everything, then 1 to 64 bytes cut off the journal',
  'journal-flip': 'kill -9 of everything, then a bit of the last 64 bytes of the journal flipped',
  'snapshot-flip': 'kill -9 of everything, then a bit of the newest snapshot flipped',
  'snapshot-cut': 'kill -9 of everything, then the newest snapshot cut short',
  'objective-throws':
    'an objective that throws for a third of all networks, and kill -9 of the evolution process meanwhile',
  'objective-hangs': 'an objective that never answers, and kill -9 of the evolution process meanwhile',
  'objective-lies':
    'an objective that gives NaN, a text, 1e308, or another value each time, and kill -9 of another worker meanwhile',
} as const;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];

/** These want file systems of our own. */
export const DISK_KINDS = ['full-disk', 'full-store'] as const satisfies readonly FaultKind[];

/** These want two trainers: one alone sends no gradients. */
export const EXCHANGE_KINDS = ['nan-gradient', 'cut-gradient'] as const satisfies readonly FaultKind[];

/** The objective that a search has for this kind of fault; null: none but its own. */
export function failingOf(kind: FaultKind): Failing | null {
  return FAILINGS.find((failing) => kind === `objective-${failing}`) ?? null;
}

export interface PlannedFault {
  readonly number: number;
  readonly kind: FaultKind;
  /** After the search goes on from the fault before: [0.1, 1) of the longest wait that the search leaves room for. */
  readonly wait: number;
  /** How long it lasts, milliseconds, where it lasts. */
  readonly lastsMs: number;
  /** Chooses target, side, or bit: 32 bits. */
  readonly draw: number;
}

/**
 * `count` faults out of `kinds`: each kind once, in an order of the seed, before any comes again. The same
 * seed and kinds give the same plan, and a longer plan begins like a shorter one.
 */
export function planFaults(seed: number, count: number, kinds: readonly FaultKind[]): PlannedFault[] {
  return Array.from({ length: count }, (_, number): PlannedFault => {
    const round = Math.floor(number / kinds.length);
    const order = generator(seed, 'chaos-order', round).permutation(kinds.length);
    const kind = kinds[order[number % kinds.length]!]!;
    const random = generator(seed, 'chaos-fault', number);
    const wait = 0.1 + 0.9 * random.uniform();
    const lastsMs = lengthOf(kind, random.uniform());
    return { number: number + 1, kind, wait, lastsMs, draw: random.bits() };
  });
}

/** Most stops are short, a few long: 1 to 60 s. Other disturbances last 1 to 5 s. */
function lengthOf(kind: FaultKind, u: number): number {
  return Math.round(1000 * (/^(stop|slow)-/.test(kind) ? 60 ** (u * u) : 1 + 4 * u));
}
