/** Takes the learned state of an epoch that is over from a trainer on another host, chunk by chunk over the bus. */
import { Assembly, bytesOf, digestOf } from '../../gradient/chunks.js';
import type { StateHolders } from '../../protocol/evolution/commands.js';
import { SNAPSHOT_KEEPER } from '../../protocol/trainer/state-transfer.js';
import type { Bus } from '../../runtime/bus/bus.js';
import { monotonicMs, sleep } from '../../runtime/process/monotonic.js';
import { CHUNK_BYTES, encode } from '../../wire/messages.js';
import { fromClient } from '../../wire/sender.js';
import type { Subjects } from '../../wire/subjects.js';
import { Listening } from '../setup/listening.js';

/** Chunks asked for at a time. */
const WINDOW = 32;
const ASK_AGAIN_MS = 2000;
const LOOK_MS = 20;
/** A trainer that sends nothing for so long is left for the next one. */
const SILENT_MS = 20_000;

/** `words`: length of the state in fp32 numbers. Errors: Error where no trainer sends it. */
export async function takeState(
  bus: Bus,
  subjects: Subjects,
  { fence, step, trainers }: StateHolders,
  words: number,
): Promise<Uint8Array> {
  for (const trainer of trainers) {
    const state = await takeFrom(bus, subjects, { fence, step, trainer }, words);
    if (state !== null) return bytesOf(state);
  }
  throw new Error(`none of ${trainers.join(', ')} sends the weights after step ${step}`);
}

interface Holder {
  readonly fence: number;
  readonly step: number;
  readonly trainer: string;
}

/** Null where the trainer falls silent, or sends what is not what it says. */
async function takeFrom(
  bus: Bus,
  subjects: Subjects,
  { fence, step, trainer }: Holder,
  words: number,
): Promise<Float32Array | null> {
  const assembly = new Assembly(words, CHUNK_BYTES);
  const said: { digest: string | null } = { digest: null };
  let movedAt = monotonicMs();
  let askedAt = -Infinity;
  let due = 0;
  const listening = new Listening(bus);
  listening.on('StateChunk', subjects.state(SNAPSHOT_KEEPER), ({ message }) => {
    if (message.from !== trainer || message.fence !== fence || message.step !== step) return;
    if (message.length !== words || (said.digest ?? message.digest) !== message.digest) return;
    const verdict = assembly.add(message.index, message.payload);
    if (verdict !== 'stored' && verdict !== 'complete') return;
    said.digest = message.digest;
    movedAt = monotonicMs();
    due--;
  });
  try {
    while (!assembly.complete) {
      const now = monotonicMs();
      if (now - movedAt > SILENT_MS) return null;
      if (due <= 0 || now - Math.max(askedAt, movedAt) > ASK_AGAIN_MS) {
        const chunks = assembly.missing().slice(0, WINDOW);
        bus.publish(
          fromClient(subjects.stateRequest(trainer), { role: 'evolution', id: SNAPSHOT_KEEPER }),
          encode('StateRequest', { from: SNAPSHOT_KEEPER, fence, step, chunks }),
        );
        due = chunks.length;
        askedAt = now;
      }
      await sleep(LOOK_MS);
    }
  } finally {
    listening.close();
  }
  return digestOf(assembly.vector) === said.digest ? assembly.vector : null;
}
