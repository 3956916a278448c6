/**
 * A reference search and tormented ones: the same configuration, faults from a plan, and the question whether
 * the result has the same bytes. Nothing here knows what a search computes.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs, sleep } from '../runtime/process/monotonic.js';
import { ChaosFailed } from './errors.js';
import type { Failing } from './failing-objective.js';
import { FailingObjective } from './failing-objective.js';
import { failingOf } from './faults.js';
import { placeOf } from './place.js';
import type { ChaosPlan, ChaosTold, FaultRow } from './plan.js';
import { argumentsOf } from './plan.js';
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
  const references = new References(plan, say);
  const { workMs } = await references.with(null);
  let mostWaitMs = Math.min(MOST_WAIT_MS, workMs / 2);
  const begun = monotonicMs();
  const left = [...plan.faults];
  const rows: FaultRow[] = [];
  const more = (): boolean => monotonicMs() - begun < plan.forMs;
  for (let search = 1, idle = 0; left[0] !== undefined && more(); search++) {
    const kind = failingOf(left[0].kind);
    const { expected } = await references.with(kind);
    say(`search ${search}: ${rows.length} of ${plan.faults.length} faults injected`);
    const place = await placeOf(plan, search);
    const { out } = place;
    const failing = kind === null ? null : await FailingObjective.at(join(place.folder, 'objective'), kind);
    const tormented = new Tormented(plan, { ...place, number: search, mostWaitMs }, failing, more);
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

interface Reference {
  /** Digest of its result. */
  readonly expected: string;
  /** How long there was work that a fault could have met. */
  readonly workMs: number;
}

/** Searches that nothing is done to: one, and one more for each objective that fails, once it is asked for. */
class References {
  private readonly known = new Map<Failing | null, Reference>();

  constructor(
    private readonly plan: ChaosPlan,
    private readonly say: (line: string) => void,
  ) {}

  async with(kind: Failing | null): Promise<Reference> {
    const known = this.known.get(kind) ?? (await this.run(kind));
    this.known.set(kind, known);
    return known;
  }

  private async run(kind: Failing | null): Promise<Reference> {
    const { folder, trainers } = this.plan;
    this.say(
      kind === null ? 'the reference, without faults' : `the reference with an objective that ${kind}`,
    );
    const name = kind === null ? 'reference' : `reference-${kind}`;
    const out = join(folder, name);
    const failing = kind === null ? null : await FailingObjective.at(join(folder, `${name}-objective`), kind);
    const args = argumentsOf(this.plan, failing);
    const search = new SearchProcess({ search: args, out, trainers, broker: null });
    search.start(false);
    let begun: number | null = null;
    while (search.exit() === null) {
      await sleep(POLL_MS);
      if (begun === null && isAtWork(await search.record())) begun = monotonicMs();
    }
    const workMs = begun === null ? 0 : monotonicMs() - begun;
    if (search.exit() !== 0)
      throw new ChaosFailed(
        `the reference search ended with exit code ${search.exit()}: ${search.lastWords}`,
      );
    if (failing?.hasFailed === false)
      throw new ChaosFailed(
        `the objective that ${kind} failed for no network; give a longer search with --config`,
      );
    return { expected: await resultDigest(out), workMs };
  }
}
