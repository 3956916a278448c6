/** What a soak reads of processes and folders, and what it says of a leak. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { heapFile, readHeaps } from '../../../bench/soak/heap-files.js';
import { sampleFolder, sampleProcess } from '../../../bench/soak/process-sample.js';
import { EpochGrowth, SeriesBook } from '../../../bench/soak/series.js';
import { courseTable, summary } from '../../../bench/soak/table.js';

const folders: string[] = [];
function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'emars-soak-test-'));
  folders.push(folder);
  return folder;
}
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const hasProc = existsSync('/proc/self/status');

describe('A soak', () => {
  it.skipIf(!hasProc)('sees each handle of a process, its threads and its memory', () => {
    const before = sampleProcess(process.pid)!;
    const open = Array.from({ length: 200 }, () => openSync('/dev/null', 'r'));
    const after = sampleProcess(process.pid)!;
    open.forEach(closeSync);
    // The test runner may open or close one meanwhile.
    expect(Math.round((after.handles - before.handles) / 50)).toBe(4);
    expect(after.threads).toBeGreaterThan(1);
    expect(after.memory).toBeGreaterThan(2 ** 24);
  });

  it.skipIf(!hasProc)('has nothing of a process that is gone', async () => {
    const child = spawn('true');
    await once(child, 'exit');
    expect(sampleProcess(child.pid!)).toBeNull();
  });

  it('adds up the files of a folder but for those it is told to leave out', async () => {
    const folder = temporary();
    mkdirSync(join(folder, 'phantoms'));
    mkdirSync(join(folder, 'snapshots'));
    writeFileSync(join(folder, 'phantoms', 'a'), Buffer.alloc(1000));
    writeFileSync(join(folder, 'snapshots', 'b'), Buffer.alloc(30));
    writeFileSync(join(folder, 'journal'), Buffer.alloc(4));
    expect(await sampleFolder(folder, ['phantoms'])).toEqual({ files: 2, bytes: 34 });
    expect(await sampleFolder(join(folder, 'none'))).toEqual({ files: 0, bytes: 0 });
  });

  it('adds up the heaps of the threads of a process, without those that say nothing any more', () => {
    const folder = temporary();
    writeFileSync(join(folder, heapFile(12, 0)), '100');
    writeFileSync(join(folder, heapFile(12, 3)), '20');
    writeFileSync(join(folder, heapFile(12, 4)), '5000');
    utimesSync(join(folder, heapFile(12, 4)), 1, 1);
    writeFileSync(join(folder, heapFile(7, 0)), '3');
    writeFileSync(join(folder, `${heapFile(7, 0)}.new`), '');
    expect([...readHeaps(folder)].sort()).toEqual([
      [12, 120],
      [7, 3],
    ]);
  });

  it('takes the growth of a folder from epoch to epoch, whatever number of samples lie between', () => {
    const growth = new EpochGrowth();
    const seen = [
      [1, 500],
      [1, 520],
      [2, 600],
      [2, 650],
      [4, 900],
    ] as const;
    expect(seen.map(([epoch, value]) => growth.take(epoch, value))).toEqual([null, null, 100, null, 150]);
  });

  it('names what grows with its slope, judges nothing of the warm-up, and says what is too short', () => {
    const book = new SeriesBook();
    for (let k = 0; k < 200; k++) {
      const at = k / 100;
      book.note('evolution', 'heap', 'bytes', { at, value: 2 ** 25 * (1 + 0.05 * at) });
      book.note('trainer-0', 'handles', 'number', { at, value: 30 });
      // Grows while it warms up, then no more.
      book.note('parent', 'memory', 'bytes', { at, value: 2 ** 27 * Math.min(1, 0.5 + at) });
      if (k > 195) book.note('leases', 'slots of a step', 'number', { at, value: 2 });
    }
    const findings = book.findings(0.5, 1);
    expect(findings.map(({ of, verdict }) => [of, verdict])).toEqual([
      ['evolution', 'grows'],
      ['trainer-0', 'steady'],
      ['parent', 'steady'],
      ['leases', 'short'],
    ]);
    const said = summary({ book, hours: 2, epochs: 9, kills: 3, failures: ['x has died'] }, findings, 1);
    expect(said).toContain('GROWS: evolution, heap: 4.7');
    expect(said).toContain('1 cannot be told from growth in so short a time: leases slots of a step');
    expect(said).toContain('FAILED: x has died');
    expect(courseTable(findings)).toMatch(/evolution +heap +\d+\.\d MB +4\.7\d .*GROWS/);
  });
});
