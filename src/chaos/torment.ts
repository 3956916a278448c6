/**
 * A reference search and tormented ones: the same configuration, faults from a plan, and the question whether
 * the result has the same bytes. Nothing here knows what a search computes.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { generator } from '../random/generator.js';
import type { RunRecord } from '../run/record.js';
import { startBroker } from '../runtime/broker/broker.js';
import { monotonicMs, sleep } from '../runtime/process/monotonic.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { ChaosFailed } from './errors.js';
import type { FaultKind, PlannedFault } from './faults.js';
import type { Injection, Scene } from './inject.js';
import { inject } from './inject.js';
import { LinkProxy } from './link-proxy.js';
import { resultDigest, SearchProcess } from './search-process.js';

export interface ChaosPlan {
  /** Arguments of `emars search`, without --out and --trainers. */
  readonly search: readonly string[];
  readonly trainers: number;
  readonly faults: readonly PlannedFault[];
  readonly seed: number;
  /** Folder for the runs of this chaos; made new. */
  readonly folder: string;
  readonly natsBinary: string;
  /** No fault is begun after so long, milliseconds. */
  readonly forMs: number;
}

export interface FaultRow {
  readonly number: number;
  readonly kind: FaultKind;
  readonly target: string;
  /** The search it happened to, from 1. */
  readonly search: number;
  /** Seconds until the run's record showed it; null where it never does: a stop, a disturbed link. */
  readonly detected: number | null;
  /** Seconds until the search went on, after the fault was over. */
  readonly recovered: number;
  /** Gradient slots computed again, and epochs begun again, until the next fault. */
  readonly repeatedSlots: number;
  readonly repeatedEpochs: number;
  readonly equal: boolean;
}

export interface ChaosTold {
  readonly say: (line: string) => void;
  readonly onRow: (row: FaultRow) => void;
}

const POLL_MS = 50;
/** Exit code of a run whose folder is damaged. */
const REFUSED = 3;
const SEARCH_MS = 1_800_000;
/** Between a search that goes on and the next fault; less where the whole search is short. */
const MOST_WAIT_MS = 2000;
/** Searches that end before anything could be done to them, in a row. */
const MOST_IDLE = 3;

/** Runs all of it. Errors: ChaosFailed where the reference does not end, or a search has no room for faults. */
export async function torment(plan: ChaosPlan, { say, onRow }: ChaosTold): Promise<FaultRow[]> {
  await mkdir(plan.folder, { recursive: true });
  const { expected, workMs } = await reference(plan, say);
  const mostWaitMs = Math.min(MOST_WAIT_MS, workMs / 2);
  const begun = monotonicMs();
  const left = [...plan.faults];
  const rows: FaultRow[] = [];
  for (let search = 1, idle = 0; left.length > 0 && monotonicMs() - begun < plan.forMs; search++) {
    say(`search ${search}: ${rows.length} of ${plan.faults.length} faults injected`);
    const out = join(plan.folder, `tormented-${search}`);
    const more = (): boolean => monotonicMs() - begun < plan.forMs;
    const { struck, failure } = await new Tormented(plan, { out, number: search, mostWaitMs }, more).run(
      left,
    );
    const digest = failure === null ? await resultDigest(out) : null;
    const equal = digest === expected;
    if (!equal)
      say(`search ${search} in ${out}: ${failure ?? 'another front or history than the reference'}`);
    for (const row of struck) {
      rows.push({ ...row, equal });
      onRow({ ...row, equal });
    }
    if (equal) await rm(out, { recursive: true, force: true });
    else if (struck.length === 0)
      throw new ChaosFailed(`a search without faults in ${out} is not the reference`);
    idle = struck.length === 0 ? idle + 1 : 0;
    if (idle === MOST_IDLE)
      throw new ChaosFailed(
        'the search ends before a fault can be injected; give a longer one with --config',
      );
  }
  return rows;
}

/** Digest of its result, and how long there was work that a fault could have met. */
async function reference(
  plan: ChaosPlan,
  say: (line: string) => void,
): Promise<{ expected: string; workMs: number }> {
  say('the reference, without faults');
  const out = join(plan.folder, 'reference');
  const search = new SearchProcess({ search: plan.search, out, trainers: plan.trainers, broker: null });
  search.start(false);
  let begun: number | null = null;
  while (search.exit() === null) {
    await sleep(POLL_MS);
    if (begun === null && isAtWork(await search.record())) begun = monotonicMs();
  }
  const workMs = begun === null ? 0 : monotonicMs() - begun;
  if (search.exit() !== 0)
    throw new ChaosFailed(`the reference search ended with exit code ${search.exit()}: ${search.lastWords}`);
  return { expected: await resultDigest(out), workMs };
}

type Struck = Omit<FaultRow, 'equal'>;

/** One search, with a broker of ours behind a proxy of ours, from its start to its end. */
class Tormented {
  private scene!: Scene;
  private readonly deadline = monotonicMs() + SEARCH_MS;

  constructor(
    private readonly plan: ChaosPlan,
    private readonly place: { readonly out: string; readonly number: number; readonly mostWaitMs: number },
    private readonly more: () => boolean,
  ) {}

  /** Takes faults from `left` as long as the search has room for them. */
  async run(left: PlannedFault[]): Promise<{ struck: Struck[]; failure: string | null }> {
    const { seed, search: args, trainers, natsBinary, folder } = this.plan;
    const { out, number, mostWaitMs } = this.place;
    const broker = await startBroker({
      binary: natsBinary,
      storeDir: join(folder, `broker-${number}`),
      logFile: join(folder, `broker-${number}.log`),
    });
    const port = Number(new URL(broker.url).port);
    const link = await LinkProxy.open(port, generator(seed, 'chaos-link', number));
    const creds = join(folder, `broker-${number}.creds`);
    await writeFileAtomic(creds, `${broker.login.user}:${broker.login.password}\n`, 0o600);
    const through = { url: link.url, creds };
    const search = new SearchProcess({ search: args, out, trainers, broker: through });
    this.scene = { search, broker, link, out };
    const struck: Struck[] = [];
    try {
      search.start(false);
      await this.until(async () => search.exit() !== null || isAtWork(await search.record()));
      while (search.exit() === null && left.length > 0 && this.more()) {
        await sleep(left[0]!.wait * mostWaitMs);
        if (search.exit() !== null || !isAtWork(await search.record())) break;
        const row = await this.strike(left[0]!);
        if (row !== null) struck.push(row);
        // What found nothing to be done to is tried again in the next search.
        if (row === null) break;
        left.shift();
      }
      await this.until(() => Promise.resolve(search.exit() !== null));
      const code = search.exit()!;
      return { struck, failure: code === 0 ? null : `exit code ${code}: ${search.lastWords}` };
    } catch (error) {
      if (!(error instanceof ChaosFailed)) throw error;
      return { struck, failure: error.message };
    } finally {
      await search.killAll();
      await link.close();
      await broker.stop();
    }
  }

  private async strike(fault: PlannedFault): Promise<Struck | null> {
    const { search } = this.scene;
    const before = await search.record();
    const begun = monotonicMs();
    const injection = await inject(fault, this.scene);
    if (injection === null) return null;
    const over = monotonicMs();
    let detected: number | null = null;
    if (injection.ended) {
      detected = over;
      await this.resume(injection, evolutionOf(before));
    } else if (injection.killed.length > 0) {
      await this.until(async () => search.exit() !== null || replaced(await search.record(), injection));
      detected = monotonicMs();
    }
    if (!injection.ended) await this.untilMoved();
    const after = await search.record();
    return {
      number: fault.number,
      kind: fault.kind,
      target: injection.target,
      search: this.place.number,
      detected: detected === null ? null : (detected - begun) / 1000,
      recovered: (monotonicMs() - over) / 1000,
      repeatedSlots: Math.max(0, (after?.repeatedSlots ?? 0) - (before?.repeatedSlots ?? 0)),
      repeatedEpochs: Math.max(0, (after?.rolledBackEpochs ?? 0) - (before?.rolledBackEpochs ?? 0)),
    };
  }

  /** Goes on; a run that refuses a damaged file must go on once the file is put back. */
  private async resume({ damage }: Injection, dead: number | null): Promise<void> {
    const { search } = this.scene;
    for (const last of [false, true]) {
      search.start(true);
      // Until then the record is still the one of the life before.
      await this.until(async () => search.exit() !== null || isReborn(await search.record(), dead));
      await (damage === null ? this.untilMoved() : this.untilStep());
      if (last || damage === null || search.exit() !== REFUSED) return;
      await damage.undo();
    }
  }

  /**
   * Until a step is committed or an epoch is over, or the search ends: going back to a snapshot is no sign
   * that it can be read.
   */
  private async untilStep(): Promise<void> {
    const { search } = this.scene;
    let [step, epoch] = [Infinity, Infinity];
    await this.until(async () => {
      const record = await search.record();
      const went = record !== null && (record.step > step || record.epoch > epoch);
      if (record !== null) [step, epoch] = [record.step, record.epoch];
      return search.exit() !== null || went;
    });
  }

  /** Until the search gets anywhere from where it is, or ends. */
  private async untilMoved(): Promise<void> {
    const { search } = this.scene;
    const at = positionOf(await search.record());
    const moved = (record: RunRecord | null): boolean =>
      record !== null && record.phase !== 'preparing' && positionOf(record) !== at;
    await this.until(async () => search.exit() !== null || moved(await search.record()));
  }

  private async until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) {
      if (monotonicMs() > this.deadline)
        throw new ChaosFailed(`the search did not go on within ${SEARCH_MS / 1000} s`);
      await sleep(POLL_MS);
    }
  }
}

/** Training or evaluating, hence with room for faults. */
function isAtWork(record: RunRecord | null): boolean {
  return record?.status === 'running' && !['preparing', 'done', 'failed'].includes(record.phase);
}

function evolutionOf(record: RunRecord | null): number | null {
  return record?.processes.find(({ role }) => role === 'evolution')?.pid ?? null;
}

/** The record is of another evolution process, and that has said where the search is. */
function isReborn(record: RunRecord | null, dead: number | null): boolean {
  const pid = evolutionOf(record);
  return record !== null && record.phase !== 'preparing' && pid !== null && pid !== dead;
}

/** Changes whenever the search gets anywhere. */
function positionOf(record: RunRecord | null): string {
  if (record === null) return '';
  const { phase, epoch, step, rolledBackEpochs, processes } = record;
  const work = processes.map(({ id, slots, evaluations }) => `${id} ${slots} ${evaluations}`);
  return [phase, epoch, step, rolledBackEpochs, ...work].join(' ');
}

/** Each process that was killed has another in its place. */
function replaced(record: RunRecord | null, { killed }: Injection): boolean {
  if (record?.status !== 'running') return record !== null;
  return killed.every(({ id, pid }) => {
    const now = record.processes.find((row) => row.id === id)?.pid ?? null;
    return now !== null && now !== pid;
  });
}
