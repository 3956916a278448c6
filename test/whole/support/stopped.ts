/**
 * Moments of a search that last. A quick machine may pass any moment between two looks at its files; so a process that
 * the search cannot go on without is stopped (SIGSTOP) there, looked at again, and let go when the test has acted.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseJournal } from '#emars/runtime/storage/journal-format.js';
import type { SearchEvent } from '#emars/search/events.js';
import { decodeEvent } from '#emars/search/events.js';
import type { RunJson, RunningSearch } from './search-process.js';
import { readRun } from './search-process.js';

type Step = Extract<SearchEvent, { type: 'step-committed' }>;

/** Where a search is by its journal: what stands there has happened. */
export interface Place {
  readonly epoch: number;
  readonly phase: 'planning' | 'training' | 'evaluating' | 'over';
  /** Steps of the epoch so far. */
  readonly step: number;
  /** Every step so far, those of rolled back epochs too. */
  readonly steps: readonly Step[];
}

export interface Moment {
  readonly what: string;
  readonly holds: (place: Place) => boolean;
}

export interface Victim {
  readonly search: Pick<RunningSearch, 'child' | 'output'>;
  readonly folder: string;
  /**
   * The process to stop: `evolution` holds all the rest up, for less than the five seconds after which it is
   * replaced; a trainer the step that it has a part in.
   */
  readonly id: string;
}

const NOWHERE: Place = { epoch: 0, phase: 'planning', step: 0, steps: [] };
const LOOK_MS = 3;
const PATIENCE_MS = 600_000;

/** An epoch from `first` to `last` trains or is evaluated. */
export const inEpoch = (first: number, last = Infinity): Moment => ({
  what: `epoch ${first} has begun`,
  holds: ({ epoch, phase }) =>
    epoch >= first && epoch <= last && (phase === 'training' || phase === 'evaluating'),
});

/** Of the epochs from `first` on the middle of one: three steps behind it and five to go, of `perEpoch`. */
export const inMidEpoch = (first: number, perEpoch: number): Moment => ({
  what: `an epoch from ${first} on is in its middle`,
  holds: ({ epoch, phase, step }) =>
    phase === 'training' && epoch >= first && step >= 3 && step <= perEpoch - 5,
});

function placeOf(folder: string): Place {
  const path = join(folder, 'journal');
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return NOWHERE;
  }
  return parseJournal(path, bytes).records.map(decodeEvent).reduce(after, NOWHERE);
}

function after(place: Place, event: SearchEvent): Place {
  switch (event.type) {
    case 'epoch-planned':
      return { ...place, epoch: event.epoch, phase: 'training', step: 0 };
    case 'step-committed':
      return { ...place, step: place.step + 1, steps: [...place.steps, event] };
    case 'epoch-trained':
      return { ...place, phase: 'evaluating' };
    case 'selected':
      return { ...place, phase: 'planning' };
    case 'rolled-back':
      return { ...place, phase: 'planning', step: 0 };
    case 'finished':
      return { ...place, phase: 'over' };
    default:
      return place;
  }
}

/**
 * Stops a process at a moment, acts, and lets it go. `act` gets the run's record, which may be older, and the place.
 * Throws when the search ends before the moment comes.
 */
export async function whileStopped(victim: Victim, moment: Moment, act: Act): Promise<void> {
  const { search, folder, id } = victim;
  const end = performance.now() + PATIENCE_MS;
  for (let seen = { size: -1, place: NOWHERE }; performance.now() < end;) {
    const size = statSync(join(folder, 'journal'), { throwIfNoEntry: false })?.size ?? 0;
    if (size !== seen.size) seen = { size, place: placeOf(folder) };
    const pid = moment.holds(seen.place) ? pidOf(folder, id) : null;
    if (pid !== null && (await actsWhileStopped(pid, folder, moment, act))) return;
    if (search.child.exitCode !== null || search.child.signalCode !== null)
      throw new Error(`the search ended before ${moment.what}\n${search.output()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`waited in vain until ${moment.what}: ${JSON.stringify(readRun(folder))}`);
}

type Act = (run: RunJson, place: Place) => unknown;

/** Stops the process and acts; false where the moment had passed when it stood still, or the process has ended. */
async function actsWhileStopped(pid: number, folder: string, moment: Moment, act: Act): Promise<boolean> {
  if (!signalled(pid, 'SIGSTOP')) return false;
  try {
    const place = (await isStopped(pid)) ? placeOf(folder) : null;
    if (place === null || !moment.holds(place)) return false;
    await act(readRun(folder)!, place);
    return true;
  } finally {
    signalled(pid, 'SIGCONT');
  }
}

function pidOf(folder: string, id: string): number | null {
  return readRun(folder)?.processes.find((row) => row.id === id)?.pid ?? null;
}

/** Waits until the signal has arrived; false where the process has ended. */
async function isStopped(pid: number): Promise<boolean> {
  for (;;) {
    let status: string;
    try {
      status = readFileSync(`/proc/${pid}/status`, 'utf8');
    } catch {
      return false;
    }
    if (/^State:\s+T/m.test(status)) return true;
    if (/^State:\s+[ZX]/m.test(status)) return false;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** False where the process has ended. */
function signalled(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
