/**
 * A reference search and tormented ones: the same configuration, faults from a plan, and the question whether
 * the result has the same bytes. Nothing here knows what a search computes.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs, sleep } from '../runtime/process/monotonic.js';
import { ChaosFailed } from './errors.js';
import { placeOf } from './place.js';
import type { ChaosPlan, ChaosTold, FaultRow } from './plan.js';
import { isAtWork } from './position.js';
import { resultDigest, SearchProcess } from './search-process.js';
import { Tormented } from './tormented.js';

const POLL_MS = 50;
/** Between a search that goes on and the next fault; less where the whole search is short. */
const MOST_WAIT_MS = 2000;
/** Searches that end before anything could be done to them, in a row; each halves all waits that follow. */
const MOST_IDLE = 8;

/** Runs all of it. Errors: ChaosFailed where the reference does not end, or a search has no room for faults. */
export async function torment(plan: ChaosPlan, { say, onRow }: ChaosTold): Promise<FaultRow[]> {
  await mkdir(plan.folder, { recursive: true });
  const { expected, workMs } = await reference(plan, say);
  let mostWaitMs = Math.min(MOST_WAIT_MS, workMs / 2);
  const begun = monotonicMs();
  const left = [...plan.faults];
  const rows: FaultRow[] = [];
  for (let search = 1, idle = 0; left.length > 0 && monotonicMs() - begun < plan.forMs; search++) {
    say(`search ${search}: ${rows.length} of ${plan.faults.length} faults injected`);
    const more = (): boolean => monotonicMs() - begun < plan.forMs;
    const place = await placeOf(plan, search);
    const { out } = place;
    const tormented = new Tormented(plan, { ...place, number: search, mostWaitMs }, more);
    const { struck, failure } = await tormented.run(left);
    const digest = failure === null ? await resultDigest(out) : null;
    const equal = digest === expected;
    for (const disk of Object.values(place.disks ?? {})) await disk.unmount(!equal);
    if (!equal)
      say(`search ${search} in ${out}: ${failure ?? 'another front or history than the reference'}`);
    for (const row of struck) {
      rows.push({ ...row, equal });
      onRow({ ...row, equal });
    }
    if (equal) await rm(place.folder, { recursive: true, force: true });
    else if (struck.length === 0)
      throw new ChaosFailed(`a search without faults in ${out} is not the reference`);
    idle = struck.length === 0 ? idle + 1 : 0;
    // The machine is quicker now than while the reference ran.
    if (idle > 0) mostWaitMs /= 2;
    if (idle === MOST_IDLE)
      throw new ChaosFailed(
        'the search ends before a fault can be injected; give a longer one with --config',
      );
  }
  return rows;
}

/** Digest of its result, and how long there was work that a fault could have met. */
async function reference(
  plan: ChaosPlan,
  say: (line: string) => void,
): Promise<{ expected: string; workMs: number }> {
  say('the reference, without faults');
  const out = join(plan.folder, 'reference');
  const search = new SearchProcess({ search: plan.search, out, trainers: plan.trainers, broker: null });
  search.start(false);
  let begun: number | null = null;
  while (search.exit() === null) {
    await sleep(POLL_MS);
    if (begun === null && isAtWork(await search.record())) begun = monotonicMs();
  }
  const workMs = begun === null ? 0 : monotonicMs() - begun;
  if (search.exit() !== 0)
    throw new ChaosFailed(`the reference search ended with exit code ${search.exit()}: ${search.lastWords}`);
  return { expected: await resultDigest(out), workMs };
}
