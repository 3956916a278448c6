/** What holds of every journal: groups(records(bytes)), cut anywhere, or with any bit turned. */
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { JournalError, openJournal } from '#emars/runtime/storage/journal.js';
import { holdsInTime } from '../property.js';

const folder = mkdtempSync(join(tmpdir(), 'emars-journal-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const record = fc.uint8Array({ maxLength: 40 });
const groups = fc.array(fc.array(record, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });
const file = join(folder, 'journal');

interface Written {
  /** The whole file. */
  readonly bytes: Buffer;
  /** Length of the file after each group; [0]: of an empty journal. */
  readonly ends: readonly number[];
}

async function written(content: readonly (readonly Uint8Array[])[]): Promise<Written> {
  rmSync(file, { force: true });
  const { journal } = await openJournal(file);
  const ends = [journal.bytes];
  for (const group of content) {
    await journal.appendMany(group);
    ends.push(journal.bytes);
  }
  await journal.close();
  return { bytes: readFileSync(file), ends };
}

const hex = (records: readonly Uint8Array[]): string[] =>
  records.map((bytes) => Buffer.from(bytes).toString('hex'));

/** Opens a file of these bytes: its records and what was cut off. */
async function opened(bytes: Uint8Array): Promise<{ records: string[]; torn: number }> {
  writeFileSync(file, bytes);
  const { journal, records } = await openJournal(file);
  await journal.close();
  return { records: hex(records), torn: journal.tornBytes };
}

describe('every journal', () => {
  it('is read as it was written', async () => {
    await holdsInTime(
      fc.asyncProperty(groups, async (content) => {
        const { bytes } = await written(content);
        expect(await opened(bytes)).toEqual({ records: hex(content.flat()), torn: 0 });
      }),
    );
  });

  it('opens from every prefix, with the groups that are whole, and goes on from there', async () => {
    await holdsInTime(
      fc.asyncProperty(groups, fc.nat(), async (content, at) => {
        const { bytes, ends } = await written(content);
        const cut = at % (bytes.length + 1);
        const whole = ends.filter((end) => end <= cut).length - 1;
        const kept = content.slice(0, Math.max(0, whole)).flat();
        const first = await opened(bytes.subarray(0, cut));
        expect(first).toEqual({ records: hex(kept), torn: cut - (whole < 0 ? 0 : ends[whole]!) });

        const { journal } = await openJournal(file);
        expect(journal.tornBytes).toBe(0);
        await journal.append(Uint8Array.of(1, 2, 3));
        await journal.close();
        expect(await opened(readFileSync(file))).toEqual({ records: [...hex(kept), '010203'], torn: 0 });
      }),
    );
  });

  it('with one bit turned is refused, or gives the records before the damage: never other ones', async () => {
    let refused = 0;
    await holdsInTime(
      fc.asyncProperty(groups, fc.nat(), fc.nat({ max: 7 }), async (content, at, bit) => {
        const { bytes, ends } = await written(content);
        const damaged = Buffer.from(bytes);
        damaged[at % bytes.length]! ^= 1 << bit;
        const group = ends.findIndex((end) => at % bytes.length < end);
        try {
          const { records } = await opened(damaged);
          expect(records).toEqual(hex(content.slice(0, Math.max(0, group - 1)).flat()));
          expect(group).toBe(ends.length - 1); // Only the last group may be taken for a torn tail.
        } catch (error) {
          if (!(error instanceof JournalError)) throw error;
          expect(readFileSync(file)).toEqual(damaged); // Refused, and left untouched.
          refused++;
        }
      }),
      100,
    );
    expect(refused).toBeGreaterThan(10);
  });
});
