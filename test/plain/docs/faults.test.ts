/** The guide of faults: every fault of the matrix is there, with tests that exist. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const guide = readFileSync('docs/guides/faults.md', 'utf8');
const IDS = [
  ...'K1 K2 K3 K4 K5 K6 K7 K8 K9 K10 S1 S2 S3 S4 P1 P3 C1 D1 D2 D3 D4 D5'.split(' '),
  ...'G1 G2 G3 M1 M2 M3 M4 I1 I2 F1 U1 Z1'.split(' '),
];

/** Last cells of the rows of tables whose head ends so. */
function lastCells(head: string): string[] {
  const tables = guide.split(/\n\n/).filter((part) => part.startsWith('|'));
  const rows = tables
    .map((table) => table.trim().split('\n'))
    .filter(([first]) => first!.endsWith(`| ${head} |`));
  return rows.flatMap((lines) => lines.slice(2).map((line) => line.split('|').at(-2)!.trim()));
}

describe('docs/guides/faults.md', () => {
  it('has each fault of the matrix once', () => {
    expect([...guide.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, id]) => id)).toEqual(IDS);
  });

  it.each(['tested', 'shown by'])('has no blank under "%s", and the files are there', (head) => {
    const cells = lastCells(head);
    expect(cells.length).toBeGreaterThan(5);
    for (const cell of cells) {
      const files = [...cell.matchAll(/`([^`]+)`/g)].map(([, file]) => file!);
      expect(files, cell).not.toEqual([]);
      expect(files.filter((file) => !existsSync(`test/${file}`))).toEqual([]);
    }
  });
});
