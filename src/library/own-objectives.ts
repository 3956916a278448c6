/**
 * Objectives that are functions of the calling program: each joins the search from this process, as `emars
 * objective` does from one of its own, and measures for it until the search is over.
 */
import { builtIn } from '../config/objectives.js';
import { measureForRun } from '../actors/objective/measuring-shell.js';
import { checkedMeasurement } from '../objectives/objective.js';
import type { GenomeObjective, HistoryObjective } from '../objectives/objective.js';
import type { RunFolder } from '../run/folder.js';
import { objectiveName, unit } from '../wire/fields.js';
import { busOf, ObjectiveRefused } from './objective.js';
import { RequestError } from './request.js';

/** An objective as an object of the calling program, with its function. */
export type OwnObjective = GenomeObjective | HistoryObjective;

export function isOwn(setting: unknown): setting is OwnObjective {
  return typeof setting === 'object' && setting !== null && 'measure' in setting;
}

/** Errors: RequestError for one that no search could take. */
export function requireSound(objectives: readonly OwnObjective[]): void {
  objectives.forEach((objective, index) => {
    const wrong = problemOf(objective);
    if (wrong !== null) throw new RequestError(`objective "${objective.name}": expected ${wrong}`);
    if (objectives.findIndex(({ name }) => name === objective.name) !== index)
      throw new RequestError(`expected each objective once, got ${objective.name} twice`);
  });
}

/** What a caller without a type checker may have got wrong; null: nothing. */
function problemOf({ name, unit: measure, direction, needs, measure: f }: OwnObjective): string | null {
  if (!objectiveName.safeParse(name).success)
    return 'a name of lower-case letters, digits and dashes, 32 at most';
  if (!unit.safeParse(measure).success) return 'a unit of at most 32 printable characters';
  if (builtIn(name) !== null) return `a name of its own: ${name} is built in`;
  if (!['max', 'min'].includes(direction)) return 'the direction max or min';
  if (!['genome', 'history'].includes(needs))
    return 'needs genome or history; one that needs weights is a module that the configuration names';
  return typeof f === 'function' ? null : 'measure to be a function';
}

export interface OwnObjectivesAtWork {
  /** Resolves once all of them take part. Errors: ObjectiveRefused with the reason of the search. */
  readonly joined: Promise<void>;
  readonly close: () => void;
}

/**
 * Lets the objectives join the run, which may not be at work yet. `since`: the epoch that they must take part
 * from; null: whichever they joined in before.
 */
export function joinOwn(
  objectives: readonly OwnObjective[],
  folder: RunFolder,
  since: number | null,
): OwnObjectivesAtWork {
  const stop = new AbortController();
  const joined = objectives.map((objective) => joinOne(objective, folder, since, stop.signal));
  return { joined: Promise.all(joined).then(() => undefined), close: () => stop.abort(new Error('closed')) };
}

function joinOne(
  objective: OwnObjective,
  folder: RunFolder,
  since: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { name, unit: measure, direction, needs } = objective;
  return new Promise((resolve, reject) => {
    const refused = (reason: string): void =>
      reject(new ObjectiveRefused(`the search does not take ${name}: ${reason}`));
    measureForRun({
      description: { name, unit: measure, direction, needs },
      sandbox: { measure: (subject) => measured(objective, subject) },
      since,
      join: () => busOf(folder, name, () => undefined, signal),
      tell: (event) => {
        if (event.kind !== 'joined') return;
        if (since === null || event.since === since) resolve();
        else refused(`epoch ${since} was at work before it came`);
      },
      signal,
    }).then(
      // Once it has joined, the status of the search says that it left, and why.
      (end) => (end.isOver ? resolve() : refused(end.reason)),
      reject,
    );
  });
}

/** In this process: what the function throws is a failed measurement, as everywhere. */
async function measured(
  objective: OwnObjective,
  subject: object,
): Promise<{ value: number; defined?: boolean }> {
  const found: unknown = await Promise.resolve(objective.measure(subject as never));
  return checkedMeasurement(objective.name, found);
}
