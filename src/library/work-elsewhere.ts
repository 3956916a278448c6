/** Working for a run of another host: all that is known of it is the broker that it is at work on. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { joinBroker } from '../actors/setup/bus-access.js';
import { prepareWorkplace, removeWorkplace } from '../actors/worker/prepare-workplace.js';
import { cacheFolder } from '../native/cache.js';
import type { BrokerAccess } from '../run/credentials.js';
import { soleClient } from '../run/credentials.js';
import type { Role } from '../wire/messages.js';
import { subjectsOf } from '../wire/subjects.js';
import type { BrokerRequest } from './broker.js';
import { brokerAccess } from './broker.js';
import { findRun } from './find-run.js';
import { RequestError } from './request.js';
import type { Work, WorkerRequest } from './work.js';
import { supervised, workerId } from './work.js';

export interface WorkElsewhereRequest extends WorkerRequest {
  readonly broker: BrokerRequest;
  /** Name or id of the run; null: the only one on the broker. */
  readonly run: string | null;
  /** Folder for what is fetched; null: in the user's cache. */
  readonly cache: string | null;
  /** Bound of the cache, bytes. */
  readonly cacheBytes: number;
}

/**
 * Finds the run, waiting for it if need be, and joins it. Errors: the reason of `leave` or `stop`; BrokerUnreachable,
 * RunNotFound, RequestError where several runs fit, ContentCacheError, ContentUnavailable, HostUnfit, NativePartError,
 * KernelsMissing, WorkerFailed.
 */
export async function workElsewhere(request: WorkElsewhereRequest): Promise<Work> {
  const { tell, leave, stop, waitMs } = request;
  const access = brokerAccess(request.broker);
  if (access === null) throw new RequestError('expected --nats URL, the broker of the run, got none');
  const signal = AbortSignal.any([leave, stop]);
  const client = clientOf(access, request);
  const { id } = client;
  const cache = resolve(request.cache ?? join(cacheFolder(), 'workers'));
  const bus = await joinBroker(access, client, `emars worker ${id}`, signal);
  try {
    const { run, kernels } = await findRun(bus, request.run, () => tell({ kind: 'waiting' }), {
      signal,
      waitMs,
    });
    const { folder, options } = await prepareWorkplace({
      access: { run, ...access },
      bus,
      subjects: subjectsOf(run),
      cache,
      cacheBytes: request.cacheBytes,
      client,
      signal,
    });
    const logs = join(cache, 'logs');
    await mkdir(logs, { recursive: true });
    const place = { folder, options, kernels, id, logFile: join(logs, `${id}.log`) };
    const begun = await supervised({ ...request, role: client.role }, place);
    return { ...begun, end: begun.end.finally(() => removeWorkplace(folder)) };
  } finally {
    await bus.close();
  }
}

/** Credentials for one worker alone say who it is. Errors: RequestError where another one is asked for. */
function clientOf(
  access: BrokerAccess,
  { role, id }: WorkerRequest,
): { readonly role: Role; readonly id: string } {
  const sole = soleClient(access);
  if (sole === null) return { role, id: id ?? workerId(role) };
  if (sole.role !== role || (id !== null && sole.id !== null && sole.id !== id))
    throw new RequestError(
      `expected credentials for ${role} "${id ?? 'any'}", got those of ${sole.role} "${sole.id ?? 'any'}"; ` +
        'give --role and --id as the credentials do, or other credentials',
    );
  return { role, id: sole.id ?? id ?? workerId(role) };
}
