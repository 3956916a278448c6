import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const FIXTURE = fileURLToPath(new URL('./fixtures/full-disk.mjs', import.meta.url));
const run = promisify(execFile);

/** Runs `command` with a tmpfs of 512 KiB at $1, in a mount name space of its own; undefined if this host forbids that. */
async function onSmallDisk(command: string, folder: string, ...more: string[]): Promise<string | undefined> {
  for (const unshare of [['-m'], ['-Urm']]) {
    const mounted = await run('unshare', [
      ...unshare,
      'sh',
      '-c',
      'mount -t tmpfs -o size=512k tmpfs "$1"',
      'sh',
      folder,
    ]).then(
      () => true,
      () => false,
    );
    if (!mounted) continue;
    const script = `mount -t tmpfs -o size=512k tmpfs "$1" && exec ${command}`;
    return (await run('unshare', [...unshare, 'sh', '-c', script, 'sh', folder, ...more])).stdout;
  }
  return undefined;
}

test('a full disk stops the journal with a typed error, loses nothing acknowledged, and is over when space is back', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'emars-full-'));
  try {
    const output = await onSmallDisk('"$2" "$3" "$1"', folder, process.execPath, FIXTURE);
    if (output === undefined) {
      context.skip('this host does not let a user mount a small file system (unshare -m, unshare -Urm)');
      return;
    }
    const said = JSON.parse(output) as Record<string, unknown>;
    const acknowledged = Number(said['acknowledged']);
    expect(acknowledged).toBeGreaterThan(10);
    expect(said).toMatchObject({
      journal: {
        name: 'JournalError',
        reason: 'write-failed',
        code: 'ENOSPC',
        path: join(folder, 'journal'),
      },
      later: { name: 'JournalError', reason: 'write-failed' },
      snapshot: { name: 'SnapshotError', reason: 'write-failed', code: 'ENOSPC' },
      atomic: { code: 'ENOSPC' },
      files: ['ballast', 'journal', 'settings'],
      found: acknowledged,
      intact: true,
      afterwards: null,
    });
    expect((said['journal'] as { message: string }).message).toMatch(/the disk is full; free some space/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
