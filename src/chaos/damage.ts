/** Damage to the files of a run that is not at work: what a bad disk or a power cut does. */
import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runFolder } from '../run/folder.js';

export interface Damage {
  /** File, and what was done to it. */
  readonly target: string;
  /** Puts the file back as it was. */
  readonly undo: () => Promise<void>;
}

/** Bytes at the end of a journal that a power cut may take. */
const TAIL_BYTES = 64;

/** Cuts 1 to 64 bytes off the journal. Null where it is too short. */
export async function cutJournal(root: string, draw: number): Promise<Damage | null> {
  return damaged(runFolder(root).journal, (bytes) => {
    const cut = 1 + (draw % TAIL_BYTES);
    return bytes.length <= 2 * TAIL_BYTES
      ? null
      : { bytes: bytes.subarray(0, -cut), what: `journal less ${cut} bytes` };
  });
}

/** Flips a bit of the last 64 bytes of the journal. Null where it is too short. */
export async function flipJournal(root: string, draw: number): Promise<Damage | null> {
  return damaged(runFolder(root).journal, (bytes) =>
    bytes.length <= 2 * TAIL_BYTES
      ? null
      : flipped(bytes, bytes.length - 1 - (draw % TAIL_BYTES), draw >>> 8, 'journal'),
  );
}

/** Flips a bit of the newest snapshot. Null where there is none yet. */
export async function flipSnapshot(root: string, draw: number): Promise<Damage | null> {
  const path = await newestSnapshot(root);
  if (path === null) return null;
  return damaged(path, (bytes) => flipped(bytes, draw % bytes.length, draw >>> 8, 'snapshot'));
}

/** Cuts the newest snapshot short. Null where there is none yet. */
export async function cutSnapshot(root: string, draw: number): Promise<Damage | null> {
  const path = await newestSnapshot(root);
  if (path === null) return null;
  return damaged(path, (bytes) => {
    const kept = draw % bytes.length;
    return { bytes: bytes.subarray(0, kept), what: `snapshot of ${kept} bytes` };
  });
}

type Change = (bytes: Buffer) => { readonly bytes: Buffer; readonly what: string } | null;

async function damaged(path: string, change: Change): Promise<Damage | null> {
  const before = await readFile(path).catch(() => null);
  const after = before === null ? null : change(before);
  if (before === null || after === null) return null;
  await writeFile(path, after.bytes);
  return { target: after.what, undo: () => putBack(path, before) };
}

/** Not by renaming: an open journal of a process that lives must not be replaced under it. */
async function putBack(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

function flipped(bytes: Buffer, at: number, bit: number, name: string): { bytes: Buffer; what: string } {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << (bit & 7);
  return { bytes: copy, what: `${name}, byte ${at} of ${bytes.length}` };
}

/** True once the run has written a snapshot. */
export async function hasSnapshot(root: string): Promise<boolean> {
  return (await newestSnapshot(root)) !== null;
}

async function newestSnapshot(root: string): Promise<string | null> {
  const { snapshots } = runFolder(root);
  const names = (await readdir(snapshots).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name));
  // One may be cleared away between the two calls.
  const time = (name: string): Promise<number> =>
    stat(join(snapshots, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  const files = await Promise.all(names.map(async (name) => ({ name, time: await time(name) })));
  const newest = files.sort((a, b) => b.time - a.time)[0];
  return newest === undefined ? null : join(snapshots, newest.name);
}
