/** Each row of the guide to faults, as a transcript that a person can follow (`npm run sim -- --transcripts`). */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTranscript, transcriptOf } from '../../sim/transcript/files.js';
import { ELSEWHERE, SCENARIOS } from '../../sim/transcript/scenarios.js';
import { ROOT, textOf } from '../docs/pages.js';

const FOLDER = join(ROOT, 'test', 'sim', 'transcripts');

/** First columns of the guide's tables. */
const rows = textOf('docs/guides/faults.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| fault '))
  .map((line) => line.split(' | ')[0]!.slice(2));

describe('the guide to faults', () => {
  test('has a transcript for each row, or says where else the row is tested', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect([...SCENARIOS.map(({ row }) => row), ...Object.keys(ELSEWHERE)].sort()).toEqual([...rows].sort());
  });

  test('and there is no transcript without a scenario', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
    expect(files.sort()).toEqual(SCENARIOS.map(({ file }) => `${file}.txt`).sort());
  });
});

for (const scenario of SCENARIOS) {
  test(`${scenario.row}: what happens is what its transcript says`, () => {
    expect(transcriptOf(scenario)).toBe(readTranscript(FOLDER, scenario.file));
  });
}
