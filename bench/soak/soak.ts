/** One long search that is watched, while one of its trainers is killed again and again. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SearchProcess, kill } from '#emars/chaos/search-process.js';
import { nativeParts } from '#emars/library/native-parts.js';
import { writeCredentials } from '#emars/run/credentials.js';
import { issueKeysForAll } from '#emars/run/keys.js';
import type { RunRecord } from '#emars/run/record.js';
import type { Broker } from '#emars/runtime/broker/broker.js';
import { mayEverything, startBroker } from '#emars/runtime/broker/broker.js';
import { newUserKey } from '#emars/runtime/bus/keys.js';
import { monotonicMs, sleep } from '#emars/runtime/process/monotonic.js';
import { BrokerWatch } from './broker-watch.js';
import { HEAP_FOLDER, readHeaps } from './heap-files.js';
import { sampleFolder, sampleProcess } from './process-sample.js';
import { EpochGrowth, SeriesBook } from './series.js';

const HOUR_MS = 3_600_000;
const END_MS = 60_000;
const POLL_MS = 200;

export interface SoakPlan {
  /** Arguments of `emars search`, without --out and --trainers. */
  readonly search: readonly string[];
  readonly trainers: number;
  /** Empty, there already; runs, logs and the broker's store. */
  readonly folder: string;
  readonly hours: number;
  readonly sampleMs: number;
  /** Between two kills; null: none. */
  readonly killMs: number | null;
}

export interface Soaked {
  readonly book: SeriesBook;
  readonly hours: number;
  readonly epochs: number;
  readonly kills: number;
  /** Deaths and ends that nobody wished, and processes that could not be watched. */
  readonly failures: readonly string[];
}

/** Of the moment, for people. */
export type Tell = (hours: number, record: RunRecord | null, kills: number) => void;

/** Ends when the time is over, the search has ended, or `stop` is aborted. */
export async function soak(plan: SoakPlan, tell: Tell, stop: AbortSignal): Promise<Soaked> {
  const heaps = join(plan.folder, 'heaps');
  await mkdir(heaps);
  const { login, users } = issueKeysForAll();
  const master = newUserKey();
  const parts = await nativeParts((line) => process.stderr.write(`${line}\n`), stop);
  const broker = await startBroker({
    binary: parts.nats.path,
    users: [...users, mayEverything(master.publicKey)],
    storeDir: join(plan.folder, 'broker'),
    logFile: join(plan.folder, 'broker.log'),
  });
  const creds = join(plan.folder, 'broker.creds');
  await writeCredentials(creds, { format: 1, urls: [], ca: null, keys: login.keys });
  const probe = new URL('./heap-probe.js', import.meta.url).href;
  const search = new SearchProcess({
    search: plan.search,
    out: join(plan.folder, 'run'),
    trainers: plan.trainers,
    broker: { url: broker.url, creds },
    environment: {
      [HEAP_FOLDER]: heaps,
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${probe}`.trim(),
    },
  });
  const watch = await BrokerWatch.on(broker.url, master.seed);
  try {
    return await new Soak(plan, { search, broker, watch, heaps }).run(tell, stop);
  } finally {
    await endGently(search);
    await watch.close();
    await broker.stop();
  }
}

interface Parts {
  readonly search: SearchProcess;
  readonly broker: Broker;
  readonly watch: BrokerWatch;
  readonly heaps: string;
}

class Soak {
  private readonly book = new SeriesBook();
  private readonly failures = new Set<string>();
  /** The process behind each id that is watched: it has to be the same one to the end. */
  private readonly pids = new Map<string, number>();
  private readonly growth = new EpochGrowth();
  private kills = 0;
  private begun = 0;

  constructor(
    private readonly plan: SoakPlan,
    private readonly parts: Parts,
  ) {}

  async run(tell: Tell, stop: AbortSignal): Promise<Soaked> {
    const { hours, sampleMs, killMs } = this.plan;
    const { search } = this.parts;
    search.start(false);
    const isOver = (): boolean => search.exit() !== null || stop.aborted;
    // Preparing scans and starting processes is no part of the time.
    while (!isOver() && !isAtWork(await search.record())) await sleep(POLL_MS);
    this.begun = monotonicMs();
    let [nextSample, nextKill] = [this.begun, this.begun + (killMs ?? Infinity)];
    while (!isOver() && this.now() < hours) {
      if (monotonicMs() >= nextSample) {
        nextSample += sampleMs * Math.max(1, Math.ceil((monotonicMs() - nextSample) / sampleMs));
        const record = await search.record();
        await this.sample(record);
        tell(this.now(), record, this.kills);
      }
      if (monotonicMs() >= nextKill) {
        nextKill = monotonicMs() + killMs!;
        if (kill(this.victimOf(await search.record()), 'SIGKILL')) this.kills++;
      }
      await sleep(POLL_MS);
    }
    const code = search.exit();
    if (code !== null && code !== 0 && !stop.aborted)
      this.failures.add(`the search ended with exit code ${code}: ${search.lastWords}`);
    const epochs = (await search.record())?.epoch ?? 0;
    return {
      book: this.book,
      hours: this.now(),
      epochs,
      kills: this.kills,
      failures: [...this.failures],
    };
  }

  /** The last of several trainers. The others, and all else, live to the end. */
  private victimId(): string | null {
    const { trainers, killMs } = this.plan;
    return killMs === null || trainers < 2 ? null : `trainer-${trainers - 1}`;
  }

  private victimOf(record: RunRecord | null): number | null {
    const victim = this.victimId();
    return record?.processes.find(({ id }) => id === victim)?.pid ?? null;
  }

  private now(): number {
    return (monotonicMs() - this.begun) / HOUR_MS;
  }

  private async sample(record: RunRecord | null): Promise<void> {
    const { search, broker, watch, heaps } = this.parts;
    const bytes = readHeaps(heaps);
    const victim = this.victimId();
    for (const { id, pid, role } of record?.processes ?? [])
      if (id !== victim && role !== 'broker' && pid !== null) this.noteProcess(id, pid, bytes);
    if (search.pid !== null) this.noteProcess('parent', search.pid, bytes);
    this.noteProcess('nats-server', broker.pid(), bytes);
    this.noteProcess('broker supervisor', broker.supervisorPid(), bytes);

    const seen = await watch.sample();
    if (seen !== null) {
      this.number('broker', 'messages kept', seen.messages);
      this.number('leases', 'evaluations handed out', seen.handedOut);
      if (seen.slotLeases !== null) this.number('leases', 'slots of a step', seen.slotLeases);
    }
    await this.sampleFolders(record);
  }

  private async sampleFolders(record: RunRecord | null): Promise<void> {
    const { folder } = this.plan;
    const at = this.now();
    const store = await sampleFolder(join(folder, 'broker'));
    this.book.note('broker', 'store', 'bytes', { at, value: store.bytes });
    const run = await sampleFolder(join(folder, 'run'), ['phantoms']);
    this.number('run folder', 'files', run.files);
    if (record === null) return;
    // What a search finds is kept: it may grow, but not ever more quickly.
    const grown = this.growth.take(record.epoch, run.bytes);
    if (grown !== null) this.book.note('run folder', 'growth an epoch', 'bytes', { at, value: grown });
  }

  private noteProcess(id: string, pid: number, heaps: ReadonlyMap<number, number>): void {
    const before = this.pids.get(id) ?? pid;
    this.pids.set(id, before);
    if (pid !== before) this.failures.add(`${id} has died and was started again: it is watched no longer`);
    const found = pid === before ? sampleProcess(pid) : null;
    if (found === null) return;
    const at = this.now();
    this.book.note(id, 'memory', 'bytes', { at, value: found.memory });
    this.number(id, 'threads', found.threads);
    this.number(id, 'handles', found.handles);
    const heap = heaps.get(pid);
    if (heap !== undefined) this.book.note(id, 'heap', 'bytes', { at, value: heap });
  }

  private number(of: string, what: string, value: number): void {
    this.book.note(of, what, 'number', { at: this.now(), value });
  }
}

function isAtWork(record: RunRecord | null): boolean {
  return record?.status === 'running' && record.phase !== 'preparing';
}

/** As Ctrl-C does, and if that takes long, as nobody can refuse. */
async function endGently(search: SearchProcess): Promise<void> {
  search.kill('SIGINT');
  for (const end = monotonicMs() + END_MS; search.exit() === null && monotonicMs() < end;)
    await sleep(POLL_MS);
  await search.killAll();
}
