/** Makes one fault happen to a search that is at work. */
import type { ProcessRecord } from '../run/record.js';
import type { Broker } from '../runtime/broker/broker.js';
import { sleep } from '../runtime/process/monotonic.js';
import type { BadGradients, Harm } from './bad-gradients.js';
import type { Damage } from './damage.js';
import { cutJournal, cutSnapshot, flipJournal, flipSnapshot, hasSnapshot } from './damage.js';
import { ChaosFailed } from './errors.js';
import type { FailingObjective } from './failing-objective.js';
import type { FaultKind, PlannedFault } from './faults.js';
import type { Hostility, Intruder } from './hostile-messages.js';
import { sendHostile } from './hostile-messages.js';
import type { LinkProxy, Weather } from './link-proxy.js';
import { FAIR } from './link-proxy.js';
import { ProcessorQuota } from './processor-quota.js';
import type { SearchProcess } from './search-process.js';
import { kill } from './search-process.js';
import type { SmallDisk } from './small-disk.js';
import type { WallClock } from './wall-clock.js';

export interface Scene {
  readonly search: SearchProcess;
  readonly broker: Broker;
  /** Of the one client that may say and hear everything. */
  readonly intruder: Intruder;
  readonly link: LinkProxy;
  readonly out: string;
  readonly clock: WallClock;
  readonly gradients: BadGradients;
  /** The objective that fails, where this search has one. */
  readonly failing: FailingObjective | null;
  /** Under the folder of the run, and under the broker's store; null where nobody may mount. */
  readonly disks: { readonly run: SmallDisk; readonly store: SmallDisk } | null;
}

/** What was really done; null where there was nothing to do it to, so that it counts as not injected. */
export interface Injection {
  readonly target: string;
  /** Ids of processes that were killed: another process must come. */
  readonly killed: readonly ProcessRecord[];
  /** Every process of the run has ended: it must be resumed. */
  readonly ended: boolean;
  /** The run may end by this, then or a little later: it must be resumed if it does. */
  readonly mayEnd: boolean;
  /** It can get no further before a deadline that no fault of ours is: then it goes on once evolution is back. */
  readonly stalled: boolean;
  /** Of a file; a resume may refuse it, and goes on when it is put back. */
  readonly damage: Damage | null;
}

const POLL_MS = 20;
const AGAIN_MS = 10_000;
const DELAY_MS = 300;
const SHARE = 0.05;
const STOPPED_MS = 90;
const RUNNING_MS = 10;
const HOUR_MS = 3_600_000;

/** Resolves when the fault is over. Afterwards the run is at work, or has to be resumed. */
export async function inject(fault: PlannedFault, scene: Scene): Promise<Injection | null> {
  const { kind, draw, lastsMs } = fault;
  const { search, broker } = scene;
  switch (kind) {
    case 'kill-trainer':
    case 'kill-evaluator':
    case 'kill-evolution':
      return killed(await pick(scene, roleOf(kind), draw));
    case 'kill-two':
      return killed(...(await pickTwo(scene, draw)));
    case 'kill-again':
      return killedAgain(scene, draw);
    case 'kill-parent':
      await search.killParent();
      return wholeRun('parent');
    case 'kill-all':
      await search.killAll();
      return wholeRun('every process');
    case 'stop-trainer':
    case 'stop-evaluator':
    case 'stop-evolution': {
      const target = await pick(scene, roleOf(kind), draw);
      return target === null ? null : stopped(target.id, target.pid, lastsMs);
    }
    case 'slow-trainer':
    case 'slow-evaluator':
    case 'slow-evolution': {
      const target = await pick(scene, roleOf(kind), draw);
      return target === null ? null : slowed(target, lastsMs);
    }
    case 'stop-broker':
      return stopped('broker', broker.pid(), lastsMs);
    case 'kill-broker':
    case 'wipe-broker':
      await broker.restart({ wipe: kind === 'wipe-broker' });
      return onRun(kind === 'wipe-broker' ? 'broker and its store' : 'broker');
    case 'cut-link':
    case 'cut-one-way':
    case 'delay-link':
    case 'lose-link':
    case 'duplicate-bytes':
    case 'corrupt-bytes':
      return disturbed(scene.link, weatherOf(kind, draw), lastsMs);
    case 'replay-messages':
    case 'poison-messages':
      return flooded(scene.intruder, {
        kind: kind === 'replay-messages' ? 'replay' : 'poison',
        lastsMs,
        random: scene.link.random,
      });
    case 'nan-gradient':
      return sentBad(scene, 'nan');
    case 'cut-gradient':
      return sentBad(scene, 'cut');
    case 'clock-jump':
      return jumped(scene.clock, draw, lastsMs);
    case 'full-disk':
      return filled('files of the run', scene.disks?.run, lastsMs);
    case 'full-store':
      return filled('store of the broker', scene.disks?.store, lastsMs);
    case 'objective-throws':
    case 'objective-hangs':
      return killedBeside(scene, ['evolution'], draw);
    case 'objective-lies':
      // Evolution itself may ask again for what it has not written yet: another value then is another search.
      return killedBeside(scene, ['trainer', 'evaluator'], draw);
    case 'journal-cut':
    case 'journal-flip':
    case 'snapshot-flip':
    case 'snapshot-cut':
      return damaged(scene, kind, draw);
    default:
      return kind satisfies never;
  }
}

const NOTHING = { killed: [], ended: false, mayEnd: false, stalled: false, damage: null };
const onRun = (target: string): Injection => ({ ...NOTHING, target });
const wholeRun = (target: string): Injection => ({ ...NOTHING, target, ended: true });

function roleOf(kind: FaultKind): string {
  return kind.slice(kind.indexOf('-') + 1);
}

async function workers({ search }: Scene, role: string | null): Promise<ProcessRecord[]> {
  const living = await search.living();
  return living
    .filter((row) => row.role !== 'broker' && (role === null || row.role === role))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function pick(scene: Scene, role: string, draw: number): Promise<ProcessRecord | null> {
  const rows = await workers(scene, role);
  return rows[draw % Math.max(1, rows.length)] ?? null;
}

async function pickTwo(scene: Scene, draw: number): Promise<(ProcessRecord | null)[]> {
  const rows = await workers(scene, null);
  if (rows.length < 2) return [null];
  const first = draw % rows.length;
  const second = (first + 1 + ((draw >>> 8) % (rows.length - 1))) % rows.length;
  return [rows[first]!, rows[second]!];
}

function killed(...targets: readonly (ProcessRecord | null)[]): Injection | null {
  const hit = targets.filter((target) => target !== null && kill(target.pid, 'SIGKILL')) as ProcessRecord[];
  if (hit.length < targets.length) return null;
  return { ...NOTHING, target: hit.map(({ id }) => id).join(', '), killed: hit };
}

async function killedAgain(scene: Scene, draw: number): Promise<Injection | null> {
  const first = await pick(scene, 'trainer', draw);
  if (killed(first) === null) return null;
  for (const end = performance.now() + AGAIN_MS; performance.now() < end;) {
    await sleep(POLL_MS);
    const next = (await workers(scene, 'trainer')).find(
      ({ id, pid }) => id === first!.id && pid !== first!.pid,
    );
    if (next === undefined) continue;
    const again = killed(next);
    return again === null ? null : { ...again, target: `${next.id}, twice` };
  }
  return null;
}

/** A kill of a process of these roles, once the objective of this search has failed. */
async function killedBeside(scene: Scene, roles: readonly string[], draw: number): Promise<Injection | null> {
  const { failing, search } = scene;
  if (failing === null) throw new TypeError('expected a search with an objective that fails');
  while (!failing.hasFailed) {
    if (search.exit() !== null) return null;
    await sleep(POLL_MS);
  }
  const rows = (await workers(scene, null)).filter(({ role }) => roles.includes(role));
  const injection = killed(rows[draw % Math.max(1, rows.length)] ?? null);
  const target = `${injection?.target}, beside a failing objective`;
  return injection && { ...injection, target, stalled: failing.failing === 'hangs' };
}

async function stopped(id: string, pid: number | null, lastsMs: number): Promise<Injection | null> {
  if (!kill(pid, 'SIGSTOP')) return null;
  await sleep(lastsMs);
  kill(pid, 'SIGCONT');
  return onRun(`${id}, ${(lastsMs / 1000).toFixed(1)} s`);
}

/** A process that gets a tenth of a processor: by a quota, or, where this host lets us set none, by stops. */
async function slowed({ id, pid }: ProcessRecord, lastsMs: number): Promise<Injection | null> {
  const quota = await ProcessorQuota.on(pid!);
  if (quota !== null) {
    await sleep(lastsMs);
    await quota.lift();
    return onRun(`${id}, a tenth of a processor for ${(lastsMs / 1000).toFixed(1)} s`);
  }
  const end = performance.now() + lastsMs;
  let times = 0;
  for (; performance.now() < end && kill(pid, 'SIGSTOP'); times++) {
    await sleep(STOPPED_MS);
    kill(pid, 'SIGCONT');
    await sleep(RUNNING_MS);
  }
  return times === 0 ? null : onRun(`${id}, stopped ${times} times`);
}

async function flooded(intruder: Intruder, hostility: Hostility): Promise<Injection | null> {
  const count = await sendHostile(intruder, hostility);
  return count === 0 ? null : onRun(`${count} messages`);
}

async function sentBad({ gradients, search }: Scene, harm: Harm): Promise<Injection | null> {
  const isSent = await gradients.send(harm, () => search.exit() !== null);
  return isSent ? onRun(harm === 'nan' ? 'a gradient with NaN' : 'a gradient a value short') : null;
}

async function jumped(clock: WallClock, draw: number, lastsMs: number): Promise<Injection> {
  const ahead = draw % 2 === 0;
  await clock.jump(ahead ? HOUR_MS : -HOUR_MS);
  await sleep(lastsMs);
  await clock.jump(0);
  return onRun(`${ahead ? 'an hour ahead' : 'an hour behind'}, ${(lastsMs / 1000).toFixed(1)} s`);
}

async function filled(what: string, disk: SmallDisk | undefined, lastsMs: number): Promise<Injection | null> {
  if (disk === undefined) return null;
  await disk.fill();
  await sleep(lastsMs);
  await disk.empty();
  return { ...onRun(`${what}, ${(lastsMs / 1000).toFixed(1)} s`), mayEnd: true };
}

async function disturbed(
  link: LinkProxy,
  weather: Partial<Weather>,
  lastsMs: number,
): Promise<Injection | null> {
  link.change(weather);
  await sleep(lastsMs);
  const pieces = link.disturbed;
  link.change(FAIR);
  return pieces === 0 ? null : onRun(`link, ${(lastsMs / 1000).toFixed(1)} s, ${pieces} pieces`);
}

function weatherOf(kind: FaultKind, draw: number): Partial<Weather> {
  switch (kind) {
    case 'cut-link':
      return { cut: ['to-server', 'to-clients'] };
    case 'cut-one-way':
      return { cut: [draw % 2 === 0 ? 'to-server' : 'to-clients'] };
    case 'delay-link':
      return { delayMs: DELAY_MS };
    case 'lose-link':
      return { loss: SHARE };
    case 'duplicate-bytes':
      return { duplication: SHARE };
    default:
      return { corruption: 1e-6 };
  }
}

/** Waits for the first snapshot, where it takes one. */
async function damaged(scene: Scene, kind: FaultKind, draw: number): Promise<Injection | null> {
  const { search, out } = scene;
  while (kind.startsWith('snapshot-') && !(await hasSnapshot(out))) {
    if (search.exit() !== null) return null;
    await sleep(POLL_MS);
  }
  await search.killAll();
  const damage = await DAMAGES[kind]!(out, draw);
  if (damage === null) throw new ChaosFailed(`nothing in ${out} could be damaged after all was killed`);
  return { ...wholeRun(damage.target), damage };
}

const DAMAGES: Readonly<Partial<Record<FaultKind, (out: string, draw: number) => Promise<Damage | null>>>> = {
  'journal-cut': cutJournal,
  'journal-flip': flipJournal,
  'snapshot-flip': flipSnapshot,
  'snapshot-cut': cutSnapshot,
};
