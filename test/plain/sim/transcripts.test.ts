/** Each row of the guide to faults, as a transcript that a person can follow (`npm run sim -- --transcripts`). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTranscript, transcriptOf } from '../../sim/transcript/files.js';
import { ON_DISK, transcriptOnDisk } from '../../sim/transcript/on-disk.js';
import { SCENARIOS } from '../../sim/transcript/scenarios.js';
import { ROOT, textOf } from '../docs/pages.js';

const FOLDER = join(ROOT, 'test', 'sim', 'transcripts');

/** First columns of the guide's tables that say what happens. */
const rows = textOf('docs/guides/faults.md')
  .split('\n\n')
  .filter((part) => part.startsWith('| fault | what happens |'))
  .flatMap((table) => table.trim().split('\n').slice(2))
  .map((line) => line.split(' | ')[0]!.slice(2));

describe('the guide to faults', () => {
  test('has a transcript for each row', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect([...SCENARIOS, ...ON_DISK].map(({ row }) => row).sort()).toEqual([...rows].sort());
  });

  test('and there is no transcript without a scenario', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
    expect(files.sort()).toEqual([...SCENARIOS, ...ON_DISK].map(({ file }) => `${file}.txt`).sort());
  });
});

for (const scenario of SCENARIOS) {
  test(`${scenario.row}: what happens is what its transcript says`, () => {
    expect(transcriptOf(scenario)).toBe(readTranscript(FOLDER, scenario.file));
  });
}

for (const each of ON_DISK) {
  test(`${each.row}: what happens is what its transcript says`, async () => {
    expect(await transcriptOnDisk(each)).toBe(readTranscript(FOLDER, each.file));
  });
}
