/** Joins the bus of a run: as its `bus.json` says, or with credentials alone. */
import type { Bus } from '../../runtime/bus/connection.js';
import { connect } from '../../runtime/bus/connection.js';
import { readBusAccess } from '../../run/bus-access.js';
import type { BrokerAccess } from '../../run/credentials.js';
import { loginFor } from '../../run/credentials.js';
import type { BusClient } from '../../wire/bus-role.js';
import { inboxOf } from '../../wire/bus-role.js';
import type { Subjects } from '../../wire/subjects.js';
import { subjectsOf } from '../../wire/subjects.js';

const DEADLINE_MS = 15_000;

/**
 * `path`: of `bus.json`. Errors: BrokerUnreachable; RunFolderError for a missing or damaged file;
 * CredentialsError.
 */
export async function joinBus(
  path: string,
  client: BusClient,
): Promise<{ bus: Bus; subjects: Subjects; run: string }> {
  const { run, ...access } = await readBusAccess(path);
  const bus = await joinBroker(access, client, `emars ${run} ${client.id}`);
  return { bus, subjects: subjectsOf(run), run };
}

/**
 * The broker as `client`, with the key that is its own. `name`: shown by the server, for people.
 * Errors: BrokerUnreachable, CredentialsError; the reason of `signal`, which ends the trying.
 */
export function joinBroker(
  access: BrokerAccess,
  client: BusClient,
  name: string,
  signal?: AbortSignal,
): Promise<Bus> {
  const { url, ca } = access;
  const login = loginFor(access, client);
  // A trainer's gradients are for the others: half of what it took in, with two of them, would be its own.
  const echo = client.role !== 'trainer';
  const inboxPrefix = inboxOf(client);
  return connect({ url, ca, login, name, inboxPrefix, deadlineMs: DEADLINE_MS, signal, echo });
}
