/** `bus.json`: how the processes of a run find the broker. Credentials never stand in arguments. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../../runtime/storage/atomic-file.js';
import type { Bus, Credentials } from '../../runtime/bus/connection.js';
import { connect } from '../../runtime/bus/connection.js';
import type { Subjects } from '../../wire/subjects.js';
import { subjectsOf } from '../../wire/subjects.js';

const busAccess = z.object({
  run: z.string(),
  url: z.string(),
  credentials: z.object({ user: z.string(), password: z.string() }).optional(),
});

export interface BusAccess {
  /** Id of the run on the bus. */
  readonly run: string;
  readonly url: string;
  readonly credentials?: Credentials | undefined;
}

export async function writeBusAccess(path: string, access: BusAccess): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(access), 0o600);
}

/** Joins the bus of a run. Errors: BrokerUnreachable; SyntaxError or ZodError for a damaged file. */
export async function joinBus(
  path: string,
  name: string,
): Promise<{ bus: Bus; subjects: Subjects; run: string }> {
  const access = busAccess.parse(JSON.parse(await readFile(path, 'utf8')));
  const bus = await connect({
    url: access.url,
    credentials: access.credentials,
    name: `emars ${access.run} ${name}`,
    deadlineMs: 15_000,
  });
  return { bus, subjects: subjectsOf(access.run), run: access.run };
}
