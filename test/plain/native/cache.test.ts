import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheFolder, publishEntry, readEntry, sweepPartial } from '#emars/native/cache.js';
import { until } from '../../support/until.js';
import { NativePartError } from '#emars/native/errors.js';
import { withLock } from '#emars/native/lock.js';

const folder = mkdtempSync(join(tmpdir(), 'emars-cache-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let counter = 0;
async function publish(content = 'content'): Promise<{ cache: string; entry: string; file: string }> {
  const cache = join(folder, `cache-${counter++}`);
  const entry = join(cache, 'part', '1.0');
  await publishEntry(cache, entry, async (partial) => {
    writeFileSync(join(partial, 'file'), content);
    return Promise.resolve({ facts: { version: '1.0' }, files: ['file'] });
  });
  return { cache, entry, file: join(entry, 'file') };
}

describe('the cache', () => {
  it('is where EMARS_CACHE says, else in XDG_CACHE_HOME, else in the home', () => {
    expect(cacheFolder({ EMARS_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/c');
    expect(cacheFolder({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/emars');
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative', HOME: '/h' })).toBe('/h/.cache/emars');
    expect(() => cacheFolder({ EMARS_CACHE: 'relative' })).toThrow(NativePartError);
  });

  it('believes an entry that is whole', async () => {
    const { entry } = await publish();
    expect(await readEntry(entry)).toEqual({ folder: entry, facts: { version: '1.0' } });
    expect(await readEntry(`${entry}-other`)).toBeNull();
  });

  it('finds a changed byte by the time of the file, and by the hash when asked to be thorough', async () => {
    const { entry, file } = await publish();
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'Content');
    expect(await readEntry(entry)).toBe('damaged');
    utimesSync(file, atime, mtime);
    expect(await readEntry(entry, true)).toBe('damaged');
  });

  it.each([
    ['a file is shorter', ({ file }: { file: string }) => writeFileSync(file, 'cont')],
    ['a file is gone', ({ file }: { file: string }) => rmSync(file)],
    ['its record is gone', ({ entry }: { entry: string }) => rmSync(join(entry, 'entry.json'))],
    [
      'its record is cut short',
      ({ entry }: { entry: string }) =>
        writeFileSync(
          join(entry, 'entry.json'),
          readFileSync(join(entry, 'entry.json'), 'utf8').slice(0, 40),
        ),
    ],
  ])('calls an entry damaged if %s', async (_words, damage) => {
    const made = await publish();
    damage(made);
    expect(await readEntry(made.entry)).toBe('damaged');
  });

  it('believes a copied entry after comparing hashes, and remembers the new times', async () => {
    const { entry } = await publish();
    const copy = join(folder, 'copy');
    cpSync(entry, copy, { recursive: true });
    utimesSync(join(copy, 'file'), 1000, 1000);
    const before = readFileSync(join(copy, 'entry.json'), 'utf8');
    expect(await readEntry(copy)).toEqual({ folder: copy, facts: { version: '1.0' } });
    expect(readFileSync(join(copy, 'entry.json'), 'utf8')).not.toBe(before);
    expect(await readEntry(copy)).toEqual({ folder: copy, facts: { version: '1.0' } });
  });

  it('publishes nothing of work that failed, and replaces a damaged entry', async () => {
    const { cache, entry, file } = await publish();
    writeFileSync(file, 'damaged!');
    const failing = publishEntry(cache, entry, (partial) => {
      writeFileSync(join(partial, 'file'), 'half');
      return Promise.reject(new Error('the line broke'));
    });
    await expect(failing).rejects.toThrow('the line broke');
    expect(await readEntry(entry)).toBe('damaged');
    expect(readdirSync(join(cache, 'partial'))).toEqual([]);
    await publishEntry(cache, entry, (partial) => {
      writeFileSync(join(partial, 'file'), 'again');
      return Promise.resolve({ facts: {}, files: ['file'] });
    });
    expect(await readEntry(entry)).toEqual({ folder: entry, facts: {} });
  });

  it('sweeps away what a killed set-up left', async () => {
    const { cache } = await publish();
    mkdirSync(join(cache, 'partial', '1-1', 'deep'), { recursive: true });
    sweepPartial(cache);
    expect(readdirSync(join(cache, 'partial'))).toEqual([]);
  });

  it('says what to do where it cannot be written', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const error: unknown = await publishEntry(join(file, 'cache'), join(file, 'cache', 'x'), () =>
      Promise.resolve({ facts: {}, files: [] }),
    ).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NativePartError);
    expect(String(error)).toContain('Set EMARS_CACHE to a folder that can be written');
  });
});

describe('the lock of a cache', () => {
  it('lets one work at a time, and all of them in the end', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    let most = 0;
    const waits: string[] = [];
    // Whoever is first stays until all others have said that they wait.
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await until(() => waits.length === 3);
      inside--;
    };
    await Promise.all(
      [0, 1, 2, 3].map(() => withLock(path, work, { onWait: (holder) => waits.push(holder) })),
    );
    expect(most).toBe(1);
    expect(waits).toHaveLength(3);
    expect(waits[0]).toContain(String(process.pid));
    expect(existsSync(path)).toBe(false);
  });

  it('is released by work that fails', async () => {
    const path = join(folder, 'lock');
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['whose process is gone', JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, n: 0 }), 0],
    ['of another host that was not touched for an hour', '{"host":"elsewhere","pid":1,"n":0}', 3600],
    ['that was never written', '', 3600],
  ])('is taken over from a holder %s', async (_words, text, age) => {
    const path = join(folder, 'lock');
    writeFileSync(path, text);
    const then = Date.now() / 1000 - age;
    utimesSync(path, then, then);
    expect(await withLock(path, () => Promise.resolve('done'))).toBe('done');
  });
});
