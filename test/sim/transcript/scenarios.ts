/**
 * One scenario for each row of docs/guides/faults.md: a short search, that fault, and the transcript of what
 * happened in `transcripts/<file>.txt`. Rows that no protocol is in: on-disk.ts.
 */
import type { JoiningPlan, Plan } from '../cluster/plan.js';
import type { SearchCase } from '../cluster/rules.js';
import { CASES } from '../cluster/rules.js';
import type { Fault, KillPoint, TailFate } from '../faults/fault.js';
import { plain } from '../simulate.js';

export interface Scenario {
  /** Name of the transcript's file. */
  readonly file: string;
  /** First column of the row in docs/guides/faults.md. */
  readonly row: string;
  readonly plan: Plan;
  /** What it comes to, where that is not the same as without the fault. */
  readonly result: string | null;
}

const base = CASES[0]!;

/** Two epochs of two steps: short enough to be read. */
const SHORT: SearchCase = {
  ...base,
  name: 'short',
  rules: { ...base.rules, warmupEpochs: 0, epochs: 2, population: 3, keep: 2, stepsPerEpoch: 2 },
};

/** One individual cannot be measured by any worker. */
const ONE_FAILS: SearchCase = {
  ...SHORT,
  name: 'short, and one individual cannot be measured',
  isUnmeasurable: (id) => id.startsWith('1'),
};

/** From the second epoch on. */
const JOINS: JoiningPlan = { since: 2, leavesIn: null, needs: 'genome' };

const KEPT: TailFate = { kind: 'kept' };

function kill(at: number, actor: string, point: KillPoint = 'now', tail: TailFate = KEPT): Fault {
  return { kind: 'kill', at, actor, point, tail };
}

function end(at: number, cause: string, trainers: number | null = null, tail: TailFate = KEPT): Fault {
  return { kind: 'power-cut', at, ms: 1000, cause, tail, trainers };
}

function scenario(file: string, row: string, faults: readonly Fault[], plan: Partial<Plan> = {}): Scenario {
  let result: string | null = null;
  if (plan.search === ONE_FAILS) result = 'the search goes on without that individual, in every run alike';
  if (plan.objective?.onLost === 'drop') result = 'the search goes on without that objective';
  return { file, row, plan: { ...plain(SHORT), seed: 11, faults, ...plan }, result };
}

export const SCENARIOS: readonly Scenario[] = [
  scenario('kill-one-trainer', 'kill -9 of one of several trainers', [kill(1000, 'trainer-1')]),
  scenario(
    'late-trainer',
    'a trainer that comes in mid-epoch',
    [{ kind: 'join', at: 900, actor: 'trainer-2' }],
    { late: 1 },
  ),
  scenario('worker-leaves', 'SIGTERM of `emars worker`', [
    { kind: 'leave', at: 950, actor: 'trainer-1', ms: 2000 },
  ]),
  scenario('terminate-evaluator', 'SIGTERM of a process', [kill(1400, 'evaluator-0')]),
  scenario(
    'early-end',
    'a worker that ends without an error before the search does: by an objective that calls `process.exit(0)`',
    [{ kind: 'exit', at: 1400, actor: 'evaluator-0' }],
  ),
  scenario('kill-only-trainer', 'kill -9 of the only trainer', [kill(1000, 'trainer-0')], { trainers: 1 }),
  scenario('kill-evaluator', 'kill -9 of the evaluator', [kill(1300, 'evaluator-0', 'done-work')]),
  scenario('kill-broker', 'kill -9 of nats-server', [{ kind: 'broker', at: 1000, ms: 2000, wiped: false }]),
  scenario('kill-evolution', 'kill -9 of evolution', [kill(1000, 'evolution')]),
  scenario('stopped-evolution', 'evolution is stopped (SIGSTOP), for five seconds', [
    { kind: 'pause', at: 1000, ms: 60_000, actor: 'evolution' },
    kill(6000, 'evolution'),
  ]),
  scenario('kill-parent', 'kill -9 of the parent', [end(1000, 'the parent is killed')]),
  scenario('power-cut', 'kill -9 of everything, power cut', [
    end(1600, 'a power cut', 1, { kind: 'torn', share: 0.5 }),
  ]),
  scenario('interrupt', 'Ctrl-C', [{ kind: 'drain', at: 1000, ms: 1000, trainers: 1 }]),
  scenario('interrupt-twice', 'Ctrl-C twice', [end(1200, 'a second Ctrl-C')]),
  scenario('crash-loop', 'a process that dies again and again', [
    { kind: 'crash-loop', at: 1000, actor: 'trainer-1' },
  ]),
  scenario(
    'no-trainer',
    'no trainer for `runtime.waitForTrainersSeconds` (600 s)',
    [{ kind: 'crash-loop', at: 1000, actor: 'trainer-0' }],
    { trainers: 1, mayStop: true },
  ),
  scenario('slow-trainer', 'a trainer that is slow', [
    { kind: 'slow', at: 870, ms: 9000, actor: 'trainer-1', factor: 50 },
  ]),
  scenario(
    'silent-worker',
    'a worker that is silent: stopped (SIGSTOP), cut off, or on a host too busy for heartbeats',
    [{ kind: 'pause', at: 1000, ms: 6000, actor: 'trainer-1' }],
  ),
  scenario('lost-messages', 'a lost or damaged message', [
    { kind: 'drop', at: 890, ms: 1000, share: 0.3 },
    { kind: 'damage', at: 890, ms: 1000, share: 0.3 },
  ]),
  scenario('bad-gradient', 'a gradient with NaN or infinity', [
    { kind: 'bad-gradient', at: 1000, actor: 'trainer-1' },
  ]),
  scenario(
    'silent-corruption',
    'a trainer whose arithmetic is wrong, in silence',
    [{ kind: 'lie', at: 900, actor: 'trainer-1' }],
    { trainers: 3, doubleCheck: 1 },
  ),
  scenario('replicas-disagree', 'replicas that disagree', [
    { kind: 'weights', at: 1150, actor: 'trainer-1' },
  ]),
  scenario('other-host', 'a worker on another kind of host', [], {
    trainers: 3,
    foreign: ['trainer-2'],
  }),
  scenario('mute-trainer', 'a trainer that beats but reports nothing', [
    { kind: 'mute', at: 1000, ms: 12_000, actor: 'trainer-1' },
  ]),
  scenario(
    'hanging-trainer',
    'a trainer that hangs: loading an epoch, computing a slot, writing a snapshot',
    [{ kind: 'hang', at: 870, actor: 'trainer-1' }],
    { hangMs: 9000 },
  ),
  scenario('other-fence', 'a plan of another fence: of an earlier life of evolution, or forged', [
    { kind: 'forged-plan', at: 950 },
  ]),
  scenario('no-message', 'a message that is none, or has a field outside its limits', [
    { kind: 'garbage', at: 950 },
  ]),
  scenario('objective-fails', 'an objective that throws, or takes too long', [], {
    search: ONE_FAILS,
    maxDeliver: 5,
  }),
  scenario(
    'lost-objective',
    'the process of an objective that joined is lost, with `joining.onLost: wait`',
    [{ kind: 'pause', at: 1300, actor: 'objective-0', ms: 8000 }],
    { objective: JOINS },
  ),
  scenario(
    'dropped-objective',
    'the process of an objective that joined is lost, with `joining.onLost: drop`',
    [{ kind: 'pause', at: 1300, actor: 'objective-0', ms: 60_000 }],
    { objective: { ...JOINS, onLost: 'drop' } },
  ),
  scenario('torn-journal', 'journal cut in its last group (power cut in mid-write)', [
    kill(1050, 'evolution', 'recorded', { kind: 'torn', share: 0.5 }),
  ]),
  scenario(
    'damaged-journal',
    'journal damaged in the middle',
    [{ kind: 'journal-middle', at: 1400 }, kill(1420, 'evolution')],
    { mayStop: true },
  ),
  scenario('disk-full', 'disk full', [{ kind: 'disk-full', at: 1050, ms: 1500 }]),
  scenario('snapshot-damaged-as-written', 'a snapshot damaged as it is written', [
    { kind: 'snapshot', at: 1315 },
  ]),
  scenario('snapshot-damaged-before-evaluation', 'a snapshot damaged before its epoch is evaluated', [
    { kind: 'snapshot', at: 1330 },
  ]),
  scenario(
    'snapshot-damaged-at-epoch-start',
    'the snapshot damaged that an epoch begins with',
    [end(1600, 'Ctrl-C'), { kind: 'snapshot', at: 1700 }],
    { mayStop: true },
  ),
  scenario('lost-store', "the broker's store lost or damaged, the work queue's stream deleted", [
    { kind: 'broker', at: 1360, ms: 1000, wiped: true },
  ]),
];
