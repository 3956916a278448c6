/**
 * Takes contents of a run into the cache of this host: asks the run for them, reads their pieces from its
 * object store, several at a time, and checks the whole against its SHA-256. What breaks off goes on with the
 * pieces that are missing, also in another process.
 */
import { EmarsError } from '../../errors/error.js';
import type { Bus } from '../../runtime/bus/bus.js';
import { AskTimeout, NoResponder } from '../../runtime/bus/bus-errors.js';
import { ObjectStoreError, readObject } from '../../runtime/bus/object-store.js';
import { Deadline, sleep } from '../../runtime/process/monotonic.js';
import type { ContentCache } from '../../runtime/storage/content-cache.js';
import { inLanes } from '../../scan/store/decode-pool.js';
import type { Message } from '../../wire/messages.js';
import { decode, encode, SUPPLIES } from '../../wire/messages.js';
import type { Subjects } from '../../wire/subjects.js';
import { pieceBytes, pieceCount, pieceName } from '../setup/pieces.js';

/** The run does not give what this worker needs. */
export class ContentUnavailable extends EmarsError {
  override readonly name = 'ContentUnavailable';
  readonly kind = 'unavailable';
}

export interface FetchSource {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly cache: ContentCache;
  /** Ends the fetching. */
  readonly signal?: AbortSignal | undefined;
}

export interface Wanted {
  readonly sha256: string;
  readonly bytes: number;
}

const ASK_MS = 5000;
const AGAIN_MS = 250;
const LANES = 4;
/** Without an answer or a piece for so long, the run is taken for gone. */
const PATIENCE_MS = 180_000;
/** Times in a row that the run may not know a content: it may be about to write it. */
const UNKNOWN = 40;
/** Times that the pieces of a content may not be what its name says. */
const DAMAGED = 3;

/** SHA-256 of the run's manifest; waits until it is made. Errors: ContentUnavailable; the reason of `signal`. */
export async function manifestDigest(
  source: Pick<FetchSource, 'bus' | 'subjects' | 'signal'>,
): Promise<string> {
  for (;;) {
    const { manifest } = await ask(source, []);
    if (manifest !== null) return manifest;
    await sleep(AGAIN_MS, source.signal);
  }
}

/** Fetches what is not here; `keep` stays when room is made. Errors: as `fetchContent`. */
export async function fetchContents(
  source: FetchSource,
  wanted: readonly Wanted[],
  keep: ReadonlySet<string>,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  const missing: Wanted[] = [];
  for (const content of wanted)
    if (!(await source.cache.has(content.sha256, content.bytes))) missing.push(content);
  let done = wanted.length - missing.length;
  onProgress(done, wanted.length);
  for (let start = 0; start < missing.length; start += SUPPLIES) {
    const batch = missing.slice(start, start + SUPPLIES);
    // The run begins with all of them.
    await ask(
      source,
      batch.map(({ sha256 }) => sha256),
    );
    await inLanes(batch.length, LANES, async (index) => {
      await fetchContent(source, batch[index]!.sha256, keep);
      onProgress(++done, wanted.length);
    });
  }
}

/** Errors: ContentUnavailable, ContentCacheError; the reason of the source's signal. */
export async function fetchContent(
  source: FetchSource,
  sha256: string,
  keep: ReadonlySet<string> = new Set(),
): Promise<void> {
  let unknown = 0;
  let damaged = 0;
  let patience = new Deadline(PATIENCE_MS);
  for (;;) {
    const { contents } = await ask(source, [sha256]);
    const [supplied] = contents;
    if (supplied?.sha256 !== sha256) {
      if (++unknown >= UNKNOWN) throw new ContentUnavailable(`the run does not have the content ${sha256}`);
      await sleep(AGAIN_MS, source.signal);
      continue;
    }
    if (await source.cache.has(sha256, supplied.bytes)) return;
    if (supplied.ready) {
      const gained = await takePieces(source, supplied);
      if (gained > 0) patience = new Deadline(PATIENCE_MS);
      if ((await missingPieces(source, supplied)).length === 0) {
        if (await source.cache.join(sha256, pieceCount(supplied.bytes), keep)) return;
        if (++damaged >= DAMAGED)
          throw new ContentUnavailable(
            `what the run gives as ${sha256} is another content, ${DAMAGED} times`,
          );
        continue;
      }
    }
    if (patience.over) throw new ContentUnavailable(`nothing of ${sha256} came for ${PATIENCE_MS / 1000} s`);
    await sleep(AGAIN_MS, source.signal);
  }
}

type Supplied = Message<'SupplyReply'>['contents'][number];

/** Takes the pieces that are missing; how many came. One that does not come now is no error. */
async function takePieces(source: FetchSource, supplied: Supplied): Promise<number> {
  const { bus, subjects, cache } = source;
  const { sha256, bytes } = supplied;
  const missing = await missingPieces(source, supplied);
  let gained = 0;
  await inLanes(missing.length, LANES, async (at) => {
    source.signal?.throwIfAborted();
    const index = missing[at]!;
    const piece = await readObject(bus, subjects.storeBucket, pieceName(sha256, index)).catch(
      absentIfUnavailable,
    );
    if (piece?.length !== pieceBytes(bytes, index)) return;
    await cache.putPiece(sha256, index, piece);
    gained++;
  });
  return gained;
}

function absentIfUnavailable(error: unknown): null {
  if (error instanceof ObjectStoreError) return null;
  throw error;
}

async function missingPieces({ cache }: FetchSource, { sha256, bytes }: Supplied): Promise<number[]> {
  const here = await cache.pieces(sha256);
  return Array.from({ length: pieceCount(bytes) }, (_, index) => index).filter((index) => !here.has(index));
}

/** Asks until the run answers. Errors: ContentUnavailable; the reason of `signal`. */
async function ask(
  { bus, subjects, signal }: Pick<FetchSource, 'bus' | 'subjects' | 'signal'>,
  contents: readonly string[],
): Promise<Message<'SupplyReply'>> {
  const patience = new Deadline(PATIENCE_MS);
  for (;;) {
    signal?.throwIfAborted();
    try {
      return decode(
        'SupplyReply',
        await bus.ask(subjects.supply, encode('SupplyRequest', { contents }), ASK_MS),
      );
    } catch (error) {
      if (!(error instanceof AskTimeout || error instanceof NoResponder)) throw error;
      if (patience.over) throw new ContentUnavailable('the run does not answer; is it at work?');
      await sleep(AGAIN_MS, signal);
    }
  }
}
