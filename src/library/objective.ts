/** An objective that joins a running search, and one that is taken out of it again. */
import { resolve } from 'node:path';
import type { MeasuringEvent } from '../actors/objective/measuring-shell.js';
import { measureForRun } from '../actors/objective/measuring-shell.js';
import { joinBroker, joinBus } from '../actors/setup/bus-access.js';
import { EmarsError } from '../errors/error.js';
import type { BrokerAccess } from '../run/credentials.js';
import { RunFolderError } from '../run/error.js';
import type { RunFolder } from '../run/folder.js';
import { runFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { BrokerUnreachable } from '../runtime/bus/bus-errors.js';
import type { Bus } from '../runtime/bus/bus.js';
import { sleep } from '../runtime/process/monotonic.js';
import { decode, encode } from '../wire/messages.js';
import { fromClient } from '../wire/sender.js';
import type { Subjects } from '../wire/subjects.js';
import { subjectsOf } from '../wire/subjects.js';
import type { BrokerRequest } from './broker.js';
import { brokerAccess } from './broker.js';
import { findRun } from './find-run.js';
import { ObjectiveSandbox } from './objective-sandbox.js';
import { RequestError, requireFile } from './request.js';
import { requireRun } from './run-argument.js';

/** Which objective joins which search. */
export interface ObjectiveRequest {
  /** A JavaScript module that exports by default { name, unit, direction, needs, measure }. */
  readonly module: string;
  /** Folder of a run of this machine; with `broker` the run's name or id. */
  readonly run: string;
  /** The broker of a run of another host. */
  readonly broker?: BrokerRequest | undefined;
  /** The first epoch to take part in. Default: the next. */
  readonly since?: number | undefined;
  /** Seconds that one measurement may take. Default 60. */
  readonly deadlineSeconds?: number | undefined;
  /** Memory that its process may take, MB; where it needs weights, beside what an evaluation takes. Default 1024. */
  readonly memoryMB?: number | undefined;
  readonly onEvent?: ((event: ObjectiveEvent) => void) | undefined;
  /** Ends the process; the search then waits for it, or goes on without, as configured. */
  readonly signal?: AbortSignal | undefined;
}

/** What happens to an objective that joins. */
export type ObjectiveEvent =
  | { readonly kind: 'loaded'; readonly name: string; readonly unit: string }
  /** The run is not at work: it is waited for. */
  | { readonly kind: 'waiting' }
  /** Something that this machine lacks is brought. */
  | { readonly kind: 'providing'; readonly text: string }
  | MeasuringEvent;

/** The search does not have this objective, or has it no more: it failed too often, say. */
export class ObjectiveRefused extends EmarsError {
  override readonly name = 'ObjectiveRefused';
  readonly kind = 'refused';
}

const DEADLINE_SECONDS = 60;
const MEMORY_MB = 1024;
const LOOK_AGAIN_MS = 1000;
const ASK_MS = 10_000;

/**
 * Lets an objective join a search, and measures for it until the search is over or the objective is
 * removed. Errors: RequestError, NotARun, ObjectiveUnfit for a module that is none, ObjectiveRefused with
 * the reason of the search; where it needs weights, those of `openRun`; the reason of `signal`.
 */
export async function joinObjective(request: ObjectiveRequest): Promise<'the search is over' | 'removed'> {
  const { onEvent: tell = () => undefined, signal = new AbortController().signal } = request;
  requireFile(request.module, 'a JavaScript module');
  const access = brokerAccess(request.broker ?? {});
  if (access === null) requireRun(request.run);
  const { deadlineSeconds = DEADLINE_SECONDS, memoryMB = MEMORY_MB, since = null } = request;
  const sandbox = new ObjectiveSandbox(resolve(request.module), { deadlineSeconds, memoryMB });
  try {
    const description = await sandbox.describe();
    const { name, unit, needs } = description;
    if (needs === 'weights' && access !== null)
      throw new RequestError(
        `expected --run DIR, the folder of a run of this machine, for ${name}, which needs weights, got a broker; ` +
          "start it on the run's host, or name it in the configuration of a search",
      );
    tell({ kind: 'loaded', name, unit });
    const folder = runFolder(resolve(request.run));
    const joinHere = async (): ReturnType<typeof busOf> => {
      const joined = await busOf(folder, name, tell, signal);
      try {
        if (joined !== null && needs === 'weights')
          await sandbox.openRun(folder, (text) => tell({ kind: 'providing', text }), signal);
        return joined;
      } catch (error) {
        await joined?.bus.close();
        throw error;
      }
    };
    const end = await measureForRun({
      description,
      sandbox,
      since,
      join: access === null ? joinHere : () => busElsewhere(access, name, request.run, { tell, signal }),
      tell,
      signal,
    });
    if (end.isOver) return 'the search is over';
    if (end.isRemoved) return 'removed';
    throw new ObjectiveRefused(
      `the search ${end.wasJoined ? 'goes on without' : 'does not take'} ${name}: ${end.reason}`,
    );
  } finally {
    sandbox.close();
  }
}

/** Joins the bus of a run of this machine once it is at work; null where the search has finished. */
export async function busOf(
  folder: RunFolder,
  name: string,
  tell: (event: ObjectiveEvent) => void,
  signal: AbortSignal,
): Promise<{ bus: Bus; subjects: Subjects } | null> {
  for (let isFirst = true; ; isFirst = false) {
    signal.throwIfAborted();
    if ((await readRecordIfSound(folder))?.status === 'finished') return null;
    try {
      return await joinBus(folder.bus, { role: 'objective', id: name });
    } catch (error) {
      if (!(error instanceof RunFolderError || error instanceof BrokerUnreachable)) throw error;
      if (isFirst) tell({ kind: 'waiting' });
      await sleep(LOOK_AGAIN_MS);
    }
  }
}

interface Awaiting {
  readonly tell: (event: ObjectiveEvent) => void;
  readonly signal: AbortSignal;
}

/** Joins the bus of a run of another host, by its name or id; waits until it is at work. */
async function busElsewhere(
  access: BrokerAccess,
  name: string,
  run: string,
  { tell, signal }: Awaiting,
): Promise<{ bus: Bus; subjects: Subjects }> {
  const bus = await joinBroker(access, { role: 'objective', id: name }, `emars objective ${name}`);
  try {
    const found = await findRun(bus, run, () => tell({ kind: 'waiting' }), { signal, waitMs: null });
    return { bus, subjects: subjectsOf(found.run) };
  } catch (error) {
    await bus.close();
    throw error;
  }
}

/**
 * Takes an objective that joined out of a search: the epoch at work is selected without it already.
 * Errors: NotARun, RunFolderError where the run is not at work, ObjectiveRefused without such an objective.
 */
export async function removeObjective({
  name,
  run,
  broker = {},
}: {
  readonly name: string;
  readonly run: string;
  readonly broker?: BrokerRequest | undefined;
}): Promise<{ readonly epoch: number }> {
  const access = brokerAccess(broker);
  if (access === null) requireRun(run);
  const never = new AbortController().signal;
  const leave = encode('ObjectiveLeave', { name });
  const client = { role: 'objective', id: name } as const;
  const { bus, subjects } =
    access === null
      ? await joinBus(runFolder(resolve(run)).bus, client)
      : await busElsewhere(access, name, run, { tell: () => undefined, signal: never });
  const subject = fromClient(subjects.objectiveLeave, client);
  try {
    const answer = await bus.ask(subject, leave, ASK_MS);
    const { accepted, reason, epoch } = decode('ObjectiveReply', answer);
    if (!accepted) throw new ObjectiveRefused(reason ?? `the search does not let ${name} go`);
    return { epoch };
  } finally {
    await bus.close();
  }
}
