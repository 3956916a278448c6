/** Keeps `run.json` current while a run lives: what the parent sees and what evolution reports, as one record. */
import type { Fingerprint } from '../../native/fingerprint.js';
import type { RunFolder } from '../../run/folder.js';
import type { ProcessRecord, RunRecord } from '../../run/record.js';
import { LAST_DEAD_LETTERS, readRecordIfSound, writeRecord } from '../../run/record.js';
import type { Message } from '../../wire/messages.js';

/** What the parent knows of a process; its work is reported by evolution. */
export type ProcessRow = Omit<
  ProcessRecord,
  'slots' | 'evaluations' | 'joinedAtStep' | 'stepSeconds' | 'seen' | 'quarantined'
> & {
  readonly role: 'broker' | 'evolution' | 'trainer' | 'evaluator';
};

type Seen = NonNullable<Message<'Status'>['workers'][number]['seen']>;

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

export class RunRecorder {
  private before: Counted = { duplicates: 0, phases: {} };
  private current: Counted = { duplicates: 0, phases: {} };
  private last: Message<'Status'> | null = null;
  private readonly seen = new Map<string, NonNullable<ProcessRecord['seen']>>();
  private writing: Promise<void> = Promise.resolve();
  status: RunRecord['status'] = 'running';
  /** Why the run has failed. */
  error: string | null = null;
  resumedFromEpoch: number | null = null;
  badScans: RunRecord['badScans'] = [];
  /** Messages that nobody could use: how many, and what was last said of them. */
  deadLetters = 0;
  private lastDead: RunRecord['lastDeadLetters'] = [];

  /** `processes`: the rows of now, asked for at each write. */
  constructor(
    private readonly folder: RunFolder,
    private readonly fingerprint: Fingerprint,
    private readonly resumed: boolean,
    private readonly processes: () => readonly ProcessRow[],
  ) {}

  /** Carries over what earlier parts of the run counted. A record that cannot be read counts as none. */
  async load(): Promise<void> {
    const record = this.resumed ? await readRecordIfSound(this.folder) : null;
    if (record === null) return;
    this.before.duplicates = record.duplicateResults;
    this.badScans = record.badScans;
    this.deadLetters = record.deadLetters;
    this.lastDead = record.lastDeadLetters;
    for (const [name, seconds] of Object.entries(record.timings))
      if (seconds !== null) this.before.phases[name] = seconds;
  }

  addSeconds(name: string, seconds: number): void {
    this.before.phases[name] = (this.before.phases[name] ?? 0) + seconds;
  }

  deadLetter(letter: RunRecord['lastDeadLetters'][number]): void {
    this.deadLetters++;
    this.lastDead = [...this.lastDead, letter].slice(-LAST_DEAD_LETTERS);
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
    // Who is away for a moment still has its device.
    for (const { id, seen } of status.workers) if (seen !== null) this.seen.set(id, recorded(seen));
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
      .then(() => writeRecord(this.folder, this.record(totalSeconds)));
    return this.writing;
  }

  private record(totalSeconds: number): RunRecord {
    const workers = new Map(this.last?.workers.map((worker) => [worker.id, worker]) ?? []);
    const rows = this.processes();
    const foreign = [...workers.values()].flatMap((worker) => foreignRow(worker, rows));
    const timings: Record<string, number> = {};
    for (const name of new Set([...Object.keys(this.before.phases), ...Object.keys(this.current.phases)])) {
      timings[name] = round((this.before.phases[name] ?? 0) + (this.current.phases[name] ?? 0));
    }
    timings['totalSeconds'] = round((this.before.phases['totalSeconds'] ?? 0) + totalSeconds);
    return {
      format: 1,
      status: this.status,
      error: this.error,
      phase: this.last?.phase ?? 'preparing',
      epoch: this.last?.epoch ?? 0,
      epochs: this.last?.epochs ?? 0,
      step: this.last?.absoluteStep ?? 0,
      processes: [...rows, ...foreign].map((row) => ({
        ...row,
        slots: workers.get(row.id)?.slots ?? 0,
        joinedAtStep: workers.get(row.id)?.joinedAtStep ?? null,
        stepSeconds: workers.get(row.id)?.stepSeconds ?? null,
        evaluations: workers.get(row.id)?.evaluations ?? 0,
        seen: this.seen.get(row.id) ?? null,
        quarantined: workers.get(row.id)?.quarantined ?? null,
      })),
      repeatedSlots: this.last?.repeatedSlots ?? 0,
      checkedSlots: this.last?.checkedSlots ?? 0,
      duplicateResults: this.before.duplicates + this.current.duplicates,
      rolledBackEpochs: this.last?.rolledBack ?? 0,
      resumedFromEpoch: this.resumedFromEpoch,
      badScans: this.badScans,
      deadLetters: this.deadLetters,
      lastDeadLetters: this.lastDead,
      timings,
      fingerprint: { ...this.fingerprint },
    };
  }
}

/** Of a worker that joined by itself; none for our own processes. */
function foreignRow(
  { id, role, device }: Message<'Status'>['workers'][number],
  rows: readonly ProcessRow[],
): readonly ProcessRow[] {
  if (role === null || rows.some((row) => row.id === id)) return [];
  return [
    {
      role,
      id,
      pid: null,
      device: device === '' ? null : device,
      peakMemory: null,
      starts: null,
      memory: null,
      busy: null,
      dataShare: null,
    },
  ];
}

function recorded({ memoryMb, ...seen }: Seen): NonNullable<ProcessRecord['seen']> {
  return { ...seen, memoryMB: memoryMb, tensorflow: [...seen.tensorflow] };
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
