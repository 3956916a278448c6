/**
 * The search state and its journal, always in step: an event is on disk before it counts.
 * Also tallies who did what, from the same events, so that the tallies survive every restart.
 */
import type { Journal } from '../../runtime/storage/journal.js';
import { openJournal } from '../../runtime/storage/journal.js';
import { apply } from '../../search/apply.js';
import type { SearchEvent } from '../../search/events.js';
import { decodeEvent, encodeEvent, searchEvent } from '../../search/events.js';
import type { SearchRules, SearchState } from '../../search/state.js';
import { initialState } from '../../search/state.js';

/** The journal cannot be read as the history of this run. */
export class DamagedRun extends Error {
  override readonly name = 'DamagedRun';
}

export interface Tally {
  /** Committed slots by trainer, evaluations by worker. */
  readonly slots: Map<string, number>;
  readonly evaluations: Map<string, number>;
  repeatedSlots: number;
}

export class SearchLog {
  readonly tally: Tally = { slots: new Map(), evaluations: new Map(), repeatedSlots: 0 };
  private current = initialState();

  private constructor(
    private readonly rules: SearchRules,
    private readonly journal: Journal,
  ) {}

  /** Opens or begins the journal of a run. Errors: JournalError, DamagedRun. */
  static async open(path: string, rules: SearchRules, run: string, optionsHash: string): Promise<SearchLog> {
    const { journal, records } = await openJournal(path);
    const log = new SearchLog(rules, journal);
    records.forEach((record, index) => {
      try {
        log.fold(decodeEvent(record));
      } catch (cause) {
        throw new DamagedRun(
          `expected record ${index} of ${path} to continue the search, but it does not (${(cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ').slice(0, 300)}); the run folder is damaged or of another version`,
          { cause },
        );
      }
    });
    if (records.length === 0) await log.record({ type: 'run-started', format: 1, run, options: optionsHash });
    if (log.state.optionsHash !== optionsHash) {
      await journal.close();
      throw new DamagedRun(
        `expected the configuration that ${path} was begun with (${log.state.optionsHash.slice(0, 12)}), got another one (${optionsHash.slice(0, 12)}); restore config.yaml of the run`,
      );
    }
    return log;
  }

  get state(): SearchState {
    return this.current;
  }

  /** Writes an event down (fdatasync), then lets it count. What could not be read back is refused before it is written. */
  async record(event: SearchEvent): Promise<void> {
    await this.journal.append(encodeEvent(searchEvent.parse(event)));
    this.fold(event);
  }

  /** Several at once, one sync. */
  async recordAll(events: readonly SearchEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.journal.appendMany(events.map((event) => encodeEvent(searchEvent.parse(event))));
    for (const event of events) this.fold(event);
  }

  private fold(event: SearchEvent): void {
    this.current = apply(this.rules, this.current, event);
    if (event.type === 'step-committed') {
      for (const slot of event.slots) increment(this.tally.slots, slot.owner);
      this.tally.repeatedSlots += event.repeated;
    } else if (event.type === 'evaluated') increment(this.tally.evaluations, event.worker);
  }

  async close(): Promise<void> {
    await this.journal.close();
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
