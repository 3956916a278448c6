/** One search under faults. */
import { join } from 'node:path';
import { generator } from '../random/generator.js';
import { writeCredentials } from '../run/credentials.js';
import { issueKeysForAll } from '../run/keys.js';
import type { RunRecord } from '../run/record.js';
import { mayEverything, startBroker } from '../runtime/broker/broker.js';
import { newUserKey } from '../runtime/bus/keys.js';
import { monotonicMs, sleep } from '../runtime/process/monotonic.js';
import { BadGradients } from './bad-gradients.js';
import type { Damage } from './damage.js';
import { ChaosFailed } from './errors.js';
import type { FailingObjective } from './failing-objective.js';
import type { PlannedFault } from './faults.js';
import { failingOf } from './faults.js';
import type { Injection, Scene } from './inject.js';
import { inject } from './inject.js';
import { LinkProxy } from './link-proxy.js';
import type { Place } from './place.js';
import type { ChaosPlan, Struck } from './plan.js';
import { argumentsOf } from './plan.js';
import { evolutionOf, isAtWork, isReborn, positionOf } from './position.js';
import { SearchProcess } from './search-process.js';
import { WallClock } from './wall-clock.js';

const POLL_MS = 50;
/** Exit code of a run whose folder is damaged. */
const REFUSED = 3;
const SEARCH_MS = 1_800_000;

/** One search, with a broker of ours behind a proxy of ours, from its start to its end. */
export class Tormented {
  private scene!: Scene;
  private mayEnd = false;
  private readonly deadline = monotonicMs() + SEARCH_MS;

  constructor(
    private readonly plan: ChaosPlan,
    private readonly place: Place & { readonly number: number; readonly mostWaitMs: number },
    private readonly failing: FailingObjective | null,
    private readonly more: () => boolean,
  ) {}

  /** Takes faults from `left` as long as the search has room for them. */
  async run(left: PlannedFault[]): Promise<{ struck: Struck[]; failure: string | null }> {
    const { seed, trainers, natsBinary } = this.plan;
    const { failing } = this;
    const args = argumentsOf(this.plan, failing);
    const { folder, out, store, disks, number } = this.place;
    const { login, users } = issueKeysForAll();
    const master = newUserKey();
    const broker = await startBroker({
      binary: natsBinary,
      users: [...users, mayEverything(master.publicKey)],
      storeDir: store,
      logFile: join(folder, 'broker.log'),
    });
    const port = Number(new URL(broker.url).port);
    const link = await LinkProxy.open({ port }, generator(seed, 'chaos-link', number));
    const creds = join(folder, 'broker.creds');
    await writeCredentials(creds, { format: 1, urls: [], ca: null, keys: login.keys });
    const through = { url: link.url, creds };
    const clock = await WallClock.at(join(folder, 'clock'));
    const gradients = await BadGradients.at(join(folder, 'failpoints'));
    const environment = { ...clock.environment, ...gradients.environment };
    const search = new SearchProcess({ search: args, out, trainers, broker: through, environment });
    const intruder = { url: broker.url, seed: master.seed };
    this.scene = { search, broker, intruder, link, out, clock, gradients, failing, disks };
    const struck: Struck[] = [];
    try {
      search.start(false);
      await this.until(async () => search.exit() !== null || isAtWork(await search.record()));
      await this.strikeAll(left, struck);
      await this.untilEnd();
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

  /** A fault for a search with this very objective, or with none that fails. */
  private isFor(fault: PlannedFault | undefined): fault is PlannedFault {
    return fault !== undefined && failingOf(fault.kind) === (this.failing?.failing ?? null);
  }

  private async strikeAll(left: PlannedFault[], struck: Struck[]): Promise<void> {
    const { search } = this.scene;
    while (search.exit() === null && this.isFor(left[0]) && this.more()) {
      await sleep(left[0].wait * this.place.mostWaitMs);
      if (search.exit() !== null || !isAtWork(await search.record())) return;
      const row = await this.strike(left[0]);
      // What found nothing to be done to is tried again in the next search.
      if (row === null) return;
      struck.push(row);
      left.shift();
      if (this.mayEnd) await this.goOn();
    }
  }

  /** Until it has ended, and not by what may end a run. */
  private async untilEnd(): Promise<void> {
    do await this.until(() => Promise.resolve(this.scene.search.exit() !== null));
    while (await this.goOn());
  }

  /** Resumes a search that a fault has ended which may do that; true if it did. */
  private async goOn(): Promise<boolean> {
    if (!this.mayEnd || !this.hasFailed()) return false;
    this.mayEnd = false;
    await this.resume(null, evolutionOf(await this.scene.search.record()));
    return true;
  }

  private hasFailed(): boolean {
    const code = this.scene.search.exit();
    return code !== null && code !== 0;
  }

  private async strike(fault: PlannedFault): Promise<Struck | null> {
    const { search } = this.scene;
    const before = await search.record();
    const begun = monotonicMs();
    const injection = await inject(fault, this.scene);
    if (injection === null) return null;
    const over = monotonicMs();
    let detected: number | null = null;
    const ended = injection.ended || (injection.mayEnd && this.hasFailed());
    // By this or by a full disk before, it may still end later.
    this.mayEnd = (this.mayEnd || injection.mayEnd) && !ended;
    if (ended) {
      detected = over;
      await this.resume(injection.damage, evolutionOf(before));
    } else if (injection.killed.length > 0) {
      await this.until(async () => search.exit() !== null || replaced(await search.record(), injection));
      detected = monotonicMs();
    }
    if (injection.stalled)
      await this.until(
        async () => search.exit() !== null || isReborn(await search.record(), evolutionOf(before)),
      );
    else if (!ended) await this.untilMoved();
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
  private async resume(damage: Damage | null, dead: number | null): Promise<void> {
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

/** Each process that was killed has another in its place. */
function replaced(record: RunRecord | null, { killed }: Injection): boolean {
  if (record?.status !== 'running') return record !== null;
  return killed.every(({ id, pid }) => {
    const now = record.processes.find((row) => row.id === id)?.pid ?? null;
    return now !== null && now !== pid;
  });
}
