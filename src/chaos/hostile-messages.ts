/** A client of the broker that hears every message of the run and sends it again: as it was, or damaged. */
import type { Generator } from '../random/generator.js';
import { connect } from '../runtime/bus/connection.js';
import { sleep } from '../runtime/process/monotonic.js';

/** Of each subject, so that a flood of chunks does not hide the rare messages. */
const MOST_OF_A_SUBJECT = 200;
const LATE_MS = 300;
/** Messages of the run; JetStream's own and the inboxes are the broker's business. */
const SUBJECTS = 'emars.>';

export interface Intruder {
  readonly url: string;
  /** Of a key that may do everything. */
  readonly seed: string;
}

export interface Hostility {
  readonly kind: 'replay' | 'poison';
  readonly lastsMs: number;
  readonly random: Generator;
}

/** Resolves with the number of messages sent when the time is over. */
export async function sendHostile(
  { url, seed }: Intruder,
  { kind, lastsMs, random }: Hostility,
): Promise<number> {
  const login = { kind: 'nkey', seed } as const;
  const bus = await connect({ url, login, name: 'emars chaos', onError: () => undefined });
  const sent = new Map<string, number>();
  let count = 0;
  // What we send comes back to us; a message is answered once.
  const ours = new Set<string>();
  const keyOf = (subject: string, bytes: Uint8Array): string =>
    `${subject} ${Buffer.from(bytes).toString('base64')}`;
  const send = (subject: string, bytes: Uint8Array): void => {
    if (bus.closed) return;
    ours.add(keyOf(subject, bytes));
    if (bus.publish(subject, bytes)) count++;
  };
  bus.subscribe(SUBJECTS, async (bytes, { subject }) => {
    const before = sent.get(subject) ?? 0;
    if (ours.has(keyOf(subject, bytes)) || before >= MOST_OF_A_SUBJECT) return;
    sent.set(subject, before + 1);
    const copy = Uint8Array.from(bytes);
    if (kind === 'poison') for (const bad of damaged(copy, random)) send(subject, bad);
    else {
      await sleep(LATE_MS * random.uniform());
      send(subject, copy);
    }
  });
  await sleep(lastsMs);
  await bus.close();
  return count;
}

/** The message cut short, with a bit flipped, with more behind it, and bytes of no message at all. */
function damaged(bytes: Uint8Array, random: Generator): Uint8Array[] {
  const noise = Uint8Array.from({ length: random.integer(256) }, () => random.integer(256));
  const flipped = Uint8Array.from(bytes);
  if (flipped.length > 0) flipped[random.integer(flipped.length)]! ^= 1 << random.integer(8);
  const cut = bytes.subarray(0, random.integer(Math.max(1, bytes.length)));
  return [cut, flipped, Buffer.concat([bytes, noise]), noise];
}
