/**
 * Dead letters: what cannot be read, is not of who it says it is from, or has been tried too often. The first 4 KiB go
 * to a stream of the run, with the reason; its parent writes them down. A flood of them must not become another:
 * of each kind the first few are sent, then each tenfold.
 */
import type { Bus } from '../../runtime/bus/bus.js';
import type { BusClient } from '../../wire/bus-role.js';
import type { MessageName } from '../../wire/messages.js';
import { DEAD_LETTER_BYTES, encode } from '../../wire/messages.js';
import { fromClient } from '../../wire/sender.js';
import type { Subjects } from '../../wire/subjects.js';

export interface Refused {
  /** What it should have been, and where it came. */
  readonly expected: MessageName;
  readonly subject: string;
  readonly reason: string;
  readonly bytes: Uint8Array;
  /** Of this kind so far, by this shell. */
  readonly count: number;
}

/** Takes what a shell refuses. */
export type DeadLetterBox = (refused: Refused) => void;

const FIRST = 8;

/** Sends dead letters in the name of `client`. */
export function deadLetterBox(bus: Bus, subjects: Subjects, client: BusClient): DeadLetterBox {
  const to = fromClient(subjects.dead, client);
  return ({ expected, subject, reason, bytes, count }) => {
    if (bus.closed || (count > FIRST && !isTenfold(count))) return;
    const head = bytes.subarray(0, DEAD_LETTER_BYTES);
    const by = `${client.role}.${client.id}`;
    const at = subject.replace(/[^\x21-\x7e]/g, '?').slice(0, 256);
    bus.publish(
      to,
      encode('DeadLetter', { by, expected, subject: at, reason, size: bytes.length, count, head }),
    );
  };
}

/** 1, 10, 100 …: what is worth a word where each would be too many. */
export function isTenfold(count: number): boolean {
  return /^10*$/.test(String(count));
}
