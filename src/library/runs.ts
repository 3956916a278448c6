/** Which searches are at work on a broker: the library's side of `emars runs`. */
import { joinBroker } from '../actors/setup/bus-access.js';
import { clientOf } from '../run/credentials.js';
import type { Bus } from '../runtime/bus/bus.js';
import { Deadline, sleep } from '../runtime/process/monotonic.js';
import { codeUnitOrder } from '../scan/catalogue/natural-order.js';
import { decode, encode, PROTOCOL, WireError } from '../wire/messages.js';
import { RUNS_SUBJECT } from '../wire/subjects.js';
import type { BrokerRequest } from './broker.js';
import { brokerAccess } from './broker.js';
import { RequestError } from './request.js';

/** A search at work, as its parent describes it on the bus. */
export interface RunAtWork {
  /** Id on the bus, 12 hex digits. */
  readonly run: string;
  /** Name of its folder. */
  readonly name: string;
  /** Version of EMARS. */
  readonly version: string;
  /** SHA-256 of its config.yaml. */
  readonly config: string;
  readonly phase: string;
  readonly epoch: number;
  /** Warm-up and search together; 0 before it has begun. */
  readonly epochs: number;
  /** Workers alive. */
  readonly trainers: number;
  readonly evaluators: number;
  /** Digest of the native kernels that it computes by; null: TensorFlow. */
  readonly kernels: string | null;
  /** Messages that nobody could use, so far: `dead-letters.jsonl` in its folder. */
  readonly deadLetters: number;
}

/** How long answers are waited for after the question, and after the last one that came. */
const QUIET_MS = 1500;
const LONGEST_MS = 10_000;
const PAUSE_MS = 100;
/** More answers than this are a mistake or an attack. */
const MOST_RUNS = 10_000;

/** Asks a broker. Errors: RequestError without one, CredentialsError, BrokerUnreachable. */
export async function runsAtWork(broker: BrokerRequest): Promise<RunAtWork[]> {
  const access = brokerAccess(broker);
  if (access === null) throw new RequestError('expected --nats URL, the broker to ask, got none');
  const bus = await joinBroker(access, clientOf(access, 'watcher'), 'emars runs');
  try {
    return await askForRuns(bus);
  } finally {
    await bus.close();
  }
}

/** Runs that answer within a second or two, by name, then id. */
export async function askForRuns(bus: Bus, signal?: AbortSignal): Promise<RunAtWork[]> {
  const found = new Map<string, RunAtWork>();
  const inbox = bus.inbox();
  let quiet = 0;
  const answers = bus.subscribe(inbox, (bytes) => {
    const run = runOf(bytes);
    if (run === null || found.size >= MOST_RUNS) return;
    found.set(run.run, run);
    quiet = 0;
  });
  bus.publish(RUNS_SUBJECT, encode('RunsRequest', { protocol: PROTOCOL }), inbox);
  for (const longest = new Deadline(LONGEST_MS); quiet < QUIET_MS && !longest.over; quiet += PAUSE_MS) {
    if (signal?.aborted === true) break;
    await sleep(PAUSE_MS, signal);
  }
  answers.close();
  return [...found.values()].sort((a, b) => codeUnitOrder(a.name, b.name) || codeUnitOrder(a.run, b.run));
}

/** Null for what is no such answer: anybody may send to an inbox. */
function runOf(bytes: Uint8Array): RunAtWork | null {
  try {
    const { run, name, version, config, kernels, ...progress } = decode('RunInfo', bytes);
    const { phase, epoch, epochs, trainers, evaluators, deadLetters } = progress;
    return { run, name, version, config, phase, epoch, epochs, trainers, evaluators, kernels, deadLetters };
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
