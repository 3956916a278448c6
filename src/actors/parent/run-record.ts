/** `run.json`: what happens in a run, kept current while it lives. Never an input to the search. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Fingerprint } from '../../native/fingerprint.js';
import { writeFileAtomic } from '../../runtime/storage/atomic-file.js';
import type { Message } from '../../wire/messages.js';

export interface ProcessRow {
  readonly role: 'broker' | 'evolution' | 'trainer' | 'evaluator';
  readonly id: string;
  /** Null for a broker that is not ours, and between death and restart. */
  readonly pid: number | null;
  readonly device: string | null;
  /** Bytes, resident, at most. */
  readonly peakMemory: number | null;
  readonly starts: number;
}

const badScan = z.object({ path: z.string(), reason: z.string() });
const carried = z.object({
  duplicateResults: z.number(),
  timings: z.record(z.string(), z.number()),
  badScans: z.array(badScan),
});

/** Counters that a process restarts from zero; what earlier processes counted is carried along. */
interface Counted {
  duplicates: number;
  phases: Record<string, number>;
}

const PHASE_NAMES: Readonly<Record<string, string>> = {
  train: 'trainSeconds',
  evaluate: 'evaluateSeconds',
  select: 'selectSeconds',
};

export class RunRecord {
  private before: Counted = { duplicates: 0, phases: {} };
  private current: Counted = { duplicates: 0, phases: {} };
  private last: Message<'Status'> | null = null;
  private writing: Promise<void> = Promise.resolve();
  status: 'running' | 'finished' | 'interrupted' | 'failed' = 'running';
  error = '';
  resumedFromEpoch: number | null = null;
  badScans: readonly { readonly path: string; readonly reason: string }[] = [];

  constructor(
    private readonly path: string,
    private readonly fingerprint: Fingerprint,
    private readonly resumed: boolean,
    private readonly processes: () => readonly ProcessRow[],
  ) {}

  /** Carries over what earlier parts of the run counted. A record that cannot be read counts as none. */
  async load(): Promise<void> {
    if (!this.resumed) return;
    const parsed = carried.safeParse(
      await readFile(this.path, 'utf8')
        .then(JSON.parse)
        .catch(() => null),
    );
    if (!parsed.success) return;
    this.before.duplicates = parsed.data.duplicateResults;
    this.badScans = parsed.data.badScans;
    for (const [name, seconds] of Object.entries(parsed.data.timings)) this.before.phases[name] = seconds;
  }

  addSeconds(name: string, seconds: number): void {
    this.before.phases[name] = (this.before.phases[name] ?? 0) + seconds;
  }

  /** The evolution process was started again: its counters begin from zero. */
  evolutionRestarted(): void {
    this.before.duplicates += this.current.duplicates;
    for (const [name, seconds] of Object.entries(this.current.phases)) this.addSeconds(name, seconds);
    this.current = { duplicates: 0, phases: {} };
  }

  /** Takes the newest status; true when the run entered another phase or epoch. */
  take(status: Message<'Status'>): boolean {
    const turned = status.phase !== this.last?.phase || status.epoch !== this.last.epoch;
    if (this.resumed && this.resumedFromEpoch === null && status.epoch > 0)
      this.resumedFromEpoch = status.epoch;
    this.last = status;
    this.current = {
      duplicates: status.duplicateResults,
      phases: Object.fromEntries(
        status.phases.flatMap(({ name, seconds }) =>
          PHASE_NAMES[name] === undefined ? [] : [[PHASE_NAMES[name], seconds]],
        ),
      ),
    };
    return turned;
  }

  /** Writes the record; calls are serialised. `totalSeconds`: of this process so far. */
  write(totalSeconds: number): Promise<void> {
    this.writing = this.writing
      .catch(() => undefined)
      .then(() => writeFileAtomic(this.path, JSON.stringify(this.document(totalSeconds), null, 2) + '\n'));
    return this.writing;
  }

  private document(totalSeconds: number): object {
    const workers = new Map(this.last?.workers.map((worker) => [worker.id, worker]) ?? []);
    const timings: Record<string, number> = {};
    for (const name of new Set([...Object.keys(this.before.phases), ...Object.keys(this.current.phases)])) {
      timings[name] = round((this.before.phases[name] ?? 0) + (this.current.phases[name] ?? 0));
    }
    timings['totalSeconds'] = round((this.before.phases['totalSeconds'] ?? 0) + totalSeconds);
    return {
      format: 1,
      status: this.status,
      ...(this.error === '' ? {} : { error: this.error }),
      phase: this.last?.phase ?? 'preparing',
      epoch: this.last?.epoch ?? 0,
      epochs: this.last?.epochs ?? 0,
      step: this.last?.absoluteStep ?? 0,
      processes: this.processes().map((row) => ({
        ...row,
        slots: workers.get(row.id)?.slots ?? 0,
        evaluations: workers.get(row.id)?.evaluations ?? 0,
      })),
      repeatedSlots: this.last?.repeatedSlots ?? 0,
      duplicateResults: this.before.duplicates + this.current.duplicates,
      rolledBackEpochs: this.last?.rolledBack ?? 0,
      resumedFromEpoch: this.resumedFromEpoch,
      badScans: this.badScans,
      timings,
      fingerprint: this.fingerprint,
    };
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
