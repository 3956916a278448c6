import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openJournal } from '#emars/runtime/storage/journal.js';
import { keepOnly, readSnapshot } from '#emars/runtime/storage/snapshots.js';

const WRITER = fileURLToPath(new URL('./fixtures/writer.mjs', import.meta.url));

test('a kill -9 at any moment leaves every acknowledged record and only whole snapshots', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'emars-kill-'));
  const path = join(folder, 'journal');
  const snapshots = join(folder, 'snapshots');
  try {
    let acknowledged = 0;
    for (let round = 0; round < 8; round++) {
      const child = spawn(process.execPath, [WRITER, path, snapshots], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'close');
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        // The first word: it has begun; the kill comes at an odd moment after it.
        if (output === '') setTimeout(() => child.kill('SIGKILL'), 3 + round * 11);
        output += text;
      });
      await ended;
      const before = acknowledged;
      acknowledged = Math.max(acknowledged, ...output.split('\n').map(Number));
      expect(acknowledged).toBeGreaterThan(before);
      const { journal, records } = await openJournal(path);
      await journal.close();
      expect(records.length).toBeGreaterThanOrEqual(acknowledged);
      for (const [i, record] of records.entries())
        expect(Buffer.from(record).toString()).toBe(`record ${i} ${'x'.repeat(i % 3000)}`);
      acknowledged = records.length;
    }
    const names = (await readdir(snapshots)).filter((name) => !name.startsWith('.'));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(await readSnapshot(snapshots, name)).toHaveLength(300_000);
    await keepOnly(snapshots, names.slice(0, 2));
    expect((await readdir(snapshots)).sort()).toEqual(names.slice(0, 2).sort());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
