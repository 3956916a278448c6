/** The parent's desk for dead letters: written down in the run folder, counted in `run.json`, told on the terminal. */
import type { Bus, Handle } from '../../runtime/bus/bus.js';
import { appendDeadLetter, DEAD_LETTER_LINES } from '../../run/dead-letters.js';
import type { RunFolder } from '../../run/folder.js';
import type { Subjects } from '../../wire/subjects.js';
import { isTenfold } from '../setup/dead-letters.js';
import { Listening } from '../setup/listening.js';
import type { RunRecorder } from './run-recorder.js';

export function openDeadLetterDesk(
  bus: Bus,
  subjects: Subjects,
  { folder, record }: { readonly folder: RunFolder; readonly record: RunRecorder },
  onNote: (line: string) => void,
): Handle {
  const listening = new Listening(bus);
  let seen = 0;
  let writing: Promise<void> = Promise.resolve();
  listening.on('DeadLetter', subjects.dead, ({ message }) => {
    const { by, expected, subject, reason, size, count, head } = message;
    const why = reason ?? 'no reason given';
    record.deadLetter({ by, expected, subject, reason: why.slice(0, 500) });
    if (++seen <= DEAD_LETTER_LINES) {
      const line = {
        by,
        expected,
        subject,
        reason: why,
        bytes: size,
        count,
        head: Buffer.from(head).toString('base64'),
      };
      // A disk that is full ends the run elsewhere.
      writing = writing.then(() => appendDeadLetter(folder, line)).catch(() => undefined);
    }
    if (isTenfold(seen)) onNote(`${by} refused a message: ${why} (${seen} so far; see dead-letters.jsonl)`);
  });
  return listening;
}
