/** Joins the bus of a run, as its `bus.json` says. */
import type { Bus } from '../../runtime/bus/connection.js';
import { connect } from '../../runtime/bus/connection.js';
import { readBusAccess } from '../../run/bus-access.js';
import type { Subjects } from '../../wire/subjects.js';
import { subjectsOf } from '../../wire/subjects.js';

const DEADLINE_MS = 15_000;

/** `path`: of `bus.json`. Errors: BrokerUnreachable; RunFolderError for a missing or damaged file. */
export async function joinBus(
  path: string,
  name: string,
): Promise<{ bus: Bus; subjects: Subjects; run: string }> {
  const { run, url, credentials } = await readBusAccess(path);
  const bus = await connect({ url, credentials, name: `emars ${run} ${name}`, deadlineMs: DEADLINE_MS });
  return { bus, subjects: subjectsOf(run), run };
}
