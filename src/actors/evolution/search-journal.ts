/** The journal of a search: opened, folded, and appended to. What it holds is the truth about a run. */
import { EmarsError } from '../../errors/error.js';
import type { Journal } from '../../runtime/storage/journal.js';
import { openJournal } from '../../runtime/storage/journal.js';
import type { Tally } from '../../protocol/evolution/tally.js';
import { emptyTally, tallied } from '../../protocol/evolution/tally.js';
import { apply } from '../../search/apply.js';
import type { SearchEvent } from '../../search/events.js';
import { decodeEvent, encodeEvent } from '../../search/events.js';
import type { SearchRules, SearchState } from '../../search/state.js';
import { initialState } from '../../search/state.js';

/** The journal cannot be read as the history of this run. */
export class DamagedRun extends EmarsError {
  override readonly name = 'DamagedRun';
  readonly kind = 'damaged';
}

export interface OpenedSearch {
  readonly journal: SearchJournal;
  readonly search: SearchState;
  readonly tally: Tally;
}

/** What the first record of a journal says, and every process that opens it expects. */
export interface RunFacts {
  readonly run: string;
  readonly optionsHash: string;
  /** SHA-256 of the run's `data.json`. */
  readonly dataDigest: string;
}

export class SearchJournal {
  constructor(private readonly journal: Journal) {}

  /** Writes events down, one fdatasync for all. What could not be read back is refused before anything is written. */
  async append(events: readonly SearchEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.journal.appendMany(events.map((event) => encodeEvent(event)));
  }

  async close(): Promise<void> {
    await this.journal.close();
  }
}

/** Opens or begins the journal of a run and folds what it holds. Errors: JournalError, DamagedRun. */
export async function openSearch(
  path: string,
  rules: SearchRules,
  { run, optionsHash, dataDigest }: RunFacts,
): Promise<OpenedSearch> {
  const { journal: file, records } = await openJournal(path);
  const journal = new SearchJournal(file);
  const events = records.map((record, index) => eventOf(path, record, index));
  if (events.length === 0) {
    events.push({ type: 'run-started', format: 1, run, options: optionsHash, data: dataDigest });
    await journal.append(events);
  }
  let search = initialState();
  let tally = emptyTally;
  events.forEach((event, index) => {
    try {
      search = apply(rules, search, event);
    } catch (cause) {
      throw damaged(path, index, cause);
    }
    tally = tallied(tally, event);
  });
  if (search.optionsHash !== optionsHash) {
    await journal.close();
    throw new DamagedRun(
      `expected the configuration that ${path} was begun with ` +
        `(${search.optionsHash?.slice(0, 12) ?? 'none'}), got another one ` +
        `(${optionsHash.slice(0, 12)}); restore config.yaml of the run`,
    );
  }
  const [first] = events;
  if (first?.type === 'run-started' && first.data !== undefined && first.data !== dataDigest) {
    await journal.close();
    throw new DamagedRun(
      `expected the data that ${path} was begun with (${first.data.slice(0, 12)}), got others ` +
        `(${dataDigest.slice(0, 12)}); restore data.json, split.json and the scans of the run`,
    );
  }
  return { journal, search, tally };
}

function eventOf(path: string, record: Uint8Array, index: number): SearchEvent {
  try {
    return decodeEvent(record);
  } catch (cause) {
    throw damaged(path, index, cause);
  }
}

function damaged(path: string, index: number, cause: unknown): DamagedRun {
  const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ').slice(0, 300);
  return new DamagedRun(
    `expected record ${index} of ${path} to continue the search, but it does not (${reason}); ` +
      'the run folder is damaged or of another version',
    { cause },
  );
}
