/**
 * Supplies workers on other hosts: what they ask for by SHA-256 is put into the run's object store on the broker,
 * in pieces. Nothing lies there before somebody asks, and what was asked for longest ago makes room.
 */
import type { Options } from '../../config/options.js';
import type { RunFolder } from '../../run/folder.js';
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import { ObjectKeeper, ObjectStoreError } from '../../runtime/bus/object-store.js';
import { monotonicMs, sleep } from '../../runtime/process/monotonic.js';
import { inLanes } from '../../scan/store/decode-pool.js';
import { encode } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';
import { Listening } from '../setup/listening.js';
import { PIECE_BYTES, pieceCount, pieceName } from '../setup/pieces.js';
import type { RunContent, RunContents } from './run-contents.js';
import { contentsOfRun, partOf, snapshotContent } from './run-contents.js';
import { textOf } from '../../errors/text.js';

/** What may lie in the object store at a time: half of what our own broker's store takes. */
const STORE_BYTES = 512 * 2 ** 20;
const LANES = 2;
const AGAIN_MS = 1000;
/** After so long it is looked whether all pieces still lie there. */
const TRUSTED_MS = 10_000;
/** What was asked for so lately is about to be fetched. */
const WANTED_MS = 15_000;

interface Stocked {
  readonly content: RunContent;
  isReady: boolean;
  isBusy: boolean;
  checkedAt: number;
  askedAt: number;
}

export interface SuppliedRun {
  readonly folder: RunFolder;
  readonly options: Options;
}

export class Supply {
  private readonly listening: Listening;
  private readonly reconnects: Handle;
  private readonly store: ObjectKeeper;
  private readonly stock = new Map<string, Stocked>();
  private readonly waiting: string[] = [];
  private lanes = 0;
  private isClosed = false;
  private contents: RunContents | null = null;
  private counting: Promise<void> | null = null;

  /** Answers until it is closed. `say`: a line for people. */
  constructor(
    private readonly bus: Bus,
    private readonly subjects: Subjects,
    private readonly run: SuppliedRun,
    private readonly say: (line: string) => void,
  ) {
    this.store = new ObjectKeeper(bus, subjects.storeBucket);
    this.listening = new Listening(bus);
    this.listening.on('SupplyRequest', subjects.supply, ({ message, reply }) => {
      if (reply !== null) void this.answer(message.contents, reply);
    });
    // The broker may have come back without its store.
    this.reconnects = bus.onReconnect(() => this.stock.forEach((stocked) => (stocked.checkedAt = -Infinity)));
  }

  /** Takes the store off the broker. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.listening.close();
    this.reconnects.close();
    if (!this.bus.closed && this.bus.connected) await this.store.destroy().catch(() => undefined);
  }

  private async answer(asked: readonly string[], reply: string): Promise<void> {
    this.count();
    const contents: { sha256: string; bytes: number; ready: boolean }[] = [];
    for (const sha256 of asked) {
      const stocked = await this.find(sha256);
      if (stocked === null) continue;
      contents.push({ sha256, bytes: stocked.content.bytes, ready: stocked.isReady });
      stocked.askedAt = monotonicMs();
      if (!stocked.isReady || monotonicMs() - stocked.checkedAt > TRUSTED_MS) this.provide(sha256, stocked);
    }
    if (this.isClosed || this.bus.closed) return;
    this.bus.respond(reply, encode('SupplyReply', { manifest: this.contents?.manifest ?? null, contents }));
  }

  /** Begins with the first question to look through what the run has. */
  private count(): void {
    const { folder, options } = this.run;
    if (this.contents !== null || this.counting !== null) return;
    this.counting = contentsOfRun(folder, options)
      .then(
        (contents) => void (this.contents = contents),
        (error: unknown) => this.say(`workers on other hosts cannot be supplied: ${textOf(error)}`),
      )
      .finally(() => (this.counting = null));
  }

  private async find(sha256: string): Promise<Stocked | null> {
    const known = this.stock.get(sha256);
    if (known !== undefined) return known;
    const content = this.contents?.bySha256.get(sha256) ?? (await snapshotContent(this.run.folder, sha256));
    if (content === null) return null;
    const stocked = { content, isReady: false, isBusy: false, checkedAt: -Infinity, askedAt: monotonicMs() };
    this.stock.set(sha256, stocked);
    return stocked;
  }

  private provide(sha256: string, stocked: Stocked): void {
    if (stocked.isBusy) return;
    stocked.isBusy = true;
    this.waiting.push(sha256);
    if (this.lanes >= LANES) return;
    this.lanes++;
    void this.work().finally(() => this.lanes--);
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next !== undefined && !this.isClosed; next = this.waiting.shift()) {
      const stocked = this.stock.get(next)!;
      try {
        if (!stocked.isReady) await this.makeRoom(stocked.content.bytes);
        await this.put(next, stocked);
        stocked.isReady = true;
        stocked.checkedAt = monotonicMs();
      } catch (error) {
        // It is asked for again; the next try may find the broker back.
        stocked.isReady = false;
        if (!(error instanceof ObjectStoreError)) this.stock.delete(next);
        await sleep(AGAIN_MS);
      } finally {
        stocked.isBusy = false;
      }
    }
  }

  /** Puts the pieces that do not lie there yet. */
  private async put(sha256: string, { content }: Stocked): Promise<void> {
    await inLanes(pieceCount(content.bytes), LANES, async (index) => {
      const name = pieceName(sha256, index);
      if (await this.store.has(name)) return;
      await this.store.put(name, await partOf(content, index * PIECE_BYTES, PIECE_BYTES));
    });
  }

  private async makeRoom(bytes: number): Promise<void> {
    const ready = (): [string, Stocked][] => [...this.stock].filter(([, { isReady }]) => isReady);
    for (;;) {
      const total = ready().reduce((sum, [, { content }]) => sum + content.bytes, 0);
      if (total === 0 || total + bytes <= STORE_BYTES || this.isClosed) return;
      const [oldest] = ready().sort(([, a], [, b]) => a.askedAt - b.askedAt);
      const [sha256, stocked] = oldest!;
      if (monotonicMs() - stocked.askedAt < WANTED_MS) {
        await sleep(AGAIN_MS);
        continue;
      }
      this.stock.delete(sha256);
      for (let index = 0; index < pieceCount(stocked.content.bytes); index++)
        await this.store.remove(pieceName(sha256, index));
    }
  }
}
