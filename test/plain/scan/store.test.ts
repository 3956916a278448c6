import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { BadScansError, CatalogueError } from '#emars/scan/errors.js';
import { CacheError } from '#emars/scan/store/cache.js';
import { inspectData } from '#emars/scan/catalogue/inspect.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { lungWindow } from '#emars/scan/store/window.js';
import { openScanStore, type ScanStore } from '#emars/scan/store/store.js';
import { resizeSlices } from './resize-slices.js';
import { fixtures, flatPng, lay, scratch } from './scratch.js';

const shape = [8, 24, 24] as const;
const numbers = (store: ScanStore) =>
  store.scans.map(({ id, contentHash, depth }) => [id, contentHash, depth, [...store.volume(id).data]]);

describe('the store', () => {
  const root = scratch();
  const cacheDir = join(scratch(), 'cache', 'scans');
  const options = { root, size: 12, cacheDir, threads: 2 };
  let store: ScanStore;
  beforeAll(async () => {
    await writePhantoms(root, { patients: 6, scansPerPatient: 2, shape, seed: 3 });
    store = await openScanStore(options);
  });

  it('holds every scan, sorted, with label, depth and the volume that reading by hand gives', async () => {
    expect(store.classes).toEqual(['CP', 'NCP', 'Normal']);
    expect(store.scans.map(({ id }) => id)).toEqual(store.scans.map(({ id }) => id).sort());
    expect(store.scans).toHaveLength(12);
    const catalogue = await readCatalogue(root);
    for (const [i, scan] of catalogue.scans.entries()) {
      const { data, shape: found, spacing } = await readScan(root, scan, { window: lungWindow });
      const stored = store.scans[i]!;
      expect(stored).toMatchObject({
        id: scan.path,
        patient: scan.patient,
        class: scan.class,
        label: store.classes.indexOf(scan.class),
        depth: found[0],
      });
      const source = { height: found[1], width: found[2], spacing };
      expect(store.volume(scan.path)).toEqual({
        depth: found[0],
        source,
        data: resizeSlices(data, found, 12),
      });
      expect(stored.source).toEqual(source);
    }
    expect(() => store.volume('unknown')).toThrow(/unknown/);
  });

  it('holds the middle of each slice where a share of it is asked for', async () => {
    const middle = await openScanStore({ ...options, cacheDir: scratch(), crop: 0.5 });
    const [scan] = (await readCatalogue(root)).scans;
    const { data, shape: found } = await readScan(root, scan!, { window: lungWindow });
    const cut = middle.volume(scan!.path).data;
    expect(cut).toEqual(resizeSlices(data, found, 12, 0.5));
    expect(cut).not.toEqual(store.volume(scan!.path).data);
    for (const crop of [0, 1.5, Number.NaN])
      await expect(openScanStore({ ...options, crop })).rejects.toThrow(/share of a slice/);
  });

  it('holds the spacing of files that say it, also when it comes from the cache', async () => {
    const nifti = join(scratch(), 'nifti');
    await writePhantoms(nifti, { patients: 2, scansPerPatient: 1, shape, seed: 4, format: 'nii' });
    for (let opening = 0; opening < 2; opening++) {
      const { scans } = await openScanStore({ ...options, root: nifti, cacheDir: join(nifti, '../cache') });
      expect(scans).toHaveLength(2);
      for (const { depth, source } of scans) {
        expect(source).toMatchObject({ height: shape[1], width: shape[2] });
        [300 / depth, 350 / shape[1], 350 / shape[2]].forEach((mm, axis) =>
          expect(source.spacing![axis]).toBeCloseTo(mm, 4),
        );
      }
    }
  });

  it('opened again reads the cache only, and says the same', async () => {
    // A volume that was decoded again would have been written again.
    const written = (): [string, number][] =>
      readdirSync(cacheDir)
        .filter((name) => name.endsWith('.volume'))
        .map((name) => [name, statSync(join(cacheDir, name)).mtimeMs]);
    const before = written();
    expect(before).toHaveLength(12);
    let calls = 0;
    expect(numbers(await openScanStore({ ...options, onProgress: () => calls++ }))).toEqual(numbers(store));
    expect(calls).toBe(12);
    expect(written()).toEqual(before);
  });

  it('decodes damaged entries again: flipped, cut, empty, replaced by another entry', async () => {
    const entries = readdirSync(cacheDir)
      .filter((name) => name.endsWith('.volume'))
      .map((name) => join(cacheDir, name));
    const good = entries.map((path) => readFileSync(path));
    const flipped = Buffer.from(good[0]!);
    flipped[flipped.length - 5]! ^= 4;
    writeFileSync(entries[0]!, flipped);
    truncateSync(entries[1]!, good[1]!.length - 4);
    writeFileSync(entries[2]!, '');
    writeFileSync(entries[3]!, good[4]!);
    const headless = Buffer.from(good[5]!);
    headless.writeUInt32LE(0xffffffff, 8);
    writeFileSync(entries[5]!, headless);
    expect(numbers(await openScanStore(options))).toEqual(numbers(store));
    expect(entries.map((path) => readFileSync(path))).toEqual(good);
  });

  it('follows the content: a changed file of equal size and time is found, another window, size or crop is another entry', async () => {
    const other = lay(scratch(), { 'a/p/s/1.png': flatPng(12, 12, 51), 'b/q/s/1.png': flatPng(12, 12, 102) });
    const dir = scratch();
    const open = (more = {}) => openScanStore({ root: other, size: 12, cacheDir: dir, threads: 1, ...more });
    // Old files, so that the index is trusted from the first time on.
    const past = new Date(Date.now() - 3_600_000);
    const first = await open();
    expect(first.volume('a/p/s').data[0]).toBeCloseTo(0.2, 6);
    writeFileSync(join(other, 'a/p/s/1.png'), flatPng(12, 12, 153));
    utimesSync(join(other, 'a/p/s/1.png'), past, past);
    const second = await open();
    expect(second.volume('a/p/s').data[0]).toBeCloseTo(0.6, 6);
    expect(second.volume('b/q/s')).toEqual(first.volume('b/q/s'));
    expect(readdirSync(dir).filter((name) => name.endsWith('.volume'))).toHaveLength(3);
    expect((await open({ size: 6 })).volume('a/p/s').data).toHaveLength(36);
    expect(readdirSync(dir).filter((name) => name.endsWith('.volume'))).toHaveLength(5);
    await open({ crop: 1 });
    expect(readdirSync(dir).filter((name) => name.endsWith('.volume'))).toHaveLength(5);
    await open({ crop: 0.5 });
    expect(readdirSync(dir).filter((name) => name.endsWith('.volume'))).toHaveLength(7);
  });

  it('reads volumes beyond its memory from the cache, checked each time', async () => {
    const small = await openScanStore({ ...options, memoryBytes: 12 * 12 * 8 * 4 * 3 });
    expect(numbers(small)).toEqual(numbers(store));
    const dir = scratch();
    const none = await openScanStore({ ...options, cacheDir: dir, memoryBytes: 0 });
    for (const name of readdirSync(dir)) if (name.endsWith('.volume')) truncateSync(join(dir, name), 100);
    expect(() => none.volume(store.scans[0]!.id)).toThrow(/damaged or removed/);
  });

  it('is opened by two processes at once on an empty cache, with equal volumes and no litter', async () => {
    const shared = scratch();
    const script = `
      const { openScanStore } = await import(process.argv[1]);
      const { createHash } = await import('node:crypto');
      const store = await openScanStore({ root: process.argv[2], size: 12, cacheDir: process.argv[3], threads: 1 });
      const hash = createHash('sha256');
      for (const { id } of store.scans) hash.update(id).update(store.volume(id).data);
      console.log(store.scans.length, hash.digest('hex'));`;
    const run = () =>
      promisify(execFile)(process.execPath, [
        '--input-type=module',
        '-e',
        script,
        '--',
        fileURLToPath(import.meta.resolve('#emars/scan/store/store.js')),
        root,
        shared,
      ]);
    const outputs = await Promise.all([run(), run()]);
    expect(outputs[0].stdout).toMatch(/^12 [0-9a-f]{64}\n$/);
    expect(outputs[1].stdout).toBe(outputs[0].stdout);
    expect(readdirSync(shared).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect(readdirSync(shared).filter((name) => name.endsWith('.volume'))).toHaveLength(12);
  });

  it('can be stopped, and refuses a cache that cannot be written and a size out of range', async () => {
    await expect(
      openScanStore({ ...options, signal: AbortSignal.abort(new Error('stopped')) }),
    ).rejects.toThrow('stopped');
    const stop = new AbortController();
    await expect(
      openScanStore({
        ...options,
        cacheDir: scratch(),
        signal: stop.signal,
        onProgress: () => stop.abort(new Error('enough')),
      }),
    ).rejects.toThrow('enough');
    const file = join(lay(scratch(), { file: 'not a folder' }), 'file');
    await expect(openScanStore({ ...options, cacheDir: file })).rejects.toThrow(CacheError);
    await expect(openScanStore({ ...options, size: 0 })).rejects.toThrow(RangeError);
  });
});

describe('scans that cannot be read', () => {
  const good = flatPng(8, 8, 100);
  const bad = lay(scratch(), {
    'a/p/s/1.png': good,
    'a/q/s/1.png': good.subarray(0, 50),
    'b/r/s/1.png': good,
    'b/t/s/2.png': flatPng(9, 8, 1),
    'b/t/s/1.png': good,
    'b/u/s/none.txt': '',
  });

  it('are all named at once when they are not to be skipped', async () => {
    const opening = openScanStore({ root: bad, size: 8, cacheDir: scratch(), threads: 1 });
    await expect(opening).rejects.toThrow(BadScansError);
    await expect(opening).rejects.toMatchObject({
      bad: [{ path: 'a/q/s/1.png' }, { path: 'b/t/s/2.png' }, { path: 'b/u/s' }],
    });
    await expect(opening).rejects.toThrow(/^3 of 5 scans cannot be read: a\/q\/s\/1\.png: [^\n]+$/);
  });

  it('are left out and counted when they are', async () => {
    const store = await openScanStore({
      root: bad,
      size: 8,
      cacheDir: scratch(),
      threads: 1,
      onBadScan: 'skip',
    });
    expect(store.scans.map(({ id }) => id)).toEqual(['a/p/s', 'b/r/s']);
    expect(store.bad).toHaveLength(3);
  });

  it('end it even so when none is left', async () => {
    const root = lay(scratch(), { 'a/p/s/1.png': 'x', 'b/q/s/1.png': 'y' });
    await expect(
      openScanStore({ root, size: 8, cacheDir: scratch(), threads: 1, onBadScan: 'skip' }),
    ).rejects.toThrow(BadScansError);
  });
});

describe('data inspect', () => {
  it('reads a TIFF of pages directly in a class folder, and refuses one of a single page', async () => {
    const of = (name: string): Buffer => readFileSync(join(fixtures, name));
    const root = lay(scratch(), { 'a/p1.tif': of('pages.tif'), 'b/p2.tif': of('colour.tif') });
    expect(await inspectData(root, { threads: 1 })).toMatchObject({
      scans: [{ path: 'a/p1.tif', patient: 'p1', class: 'a', shape: [3, 5, 7] }],
      problems: [{ path: 'b/p2.tif', reason: expect.stringMatching(/^has one page/) as string }],
    });
  });

  it('rounds what single precision does not hold: grey made of colours', async () => {
    const root = lay(scratch(), { 'a/p/1.png': readFileSync(join(fixtures, 'colour.png')) });
    const [scan] = (await inspectData(root, { threads: 1 })).scans;
    for (const value of [scan?.min, scan?.max]) {
      expect(Math.fround(value ?? NaN)).not.toBeNaN();
      expect(String(value).replace(/\D/g, '').length).toBeLessThanOrEqual(7);
    }
  });

  it('says layout, classes, every scan and every problem', async () => {
    const root = lay(scratch(), {
      'NCP/p/1/1.png': flatPng(8, 6, 100),
      'NCP/p/1/2.png': flatPng(8, 6, 120),
      'NCP/p/2/1.png': flatPng(4, 4, 7),
      'CP/p/1/1.png': flatPng(4, 4, 9),
      'CP/q/1/1.png': 'broken',
    });
    expect(await inspectData(root, { threads: 1 })).toEqual({
      remarks: [
        expect.stringMatching(/one patient only in CP, NCP/),
        expect.stringMatching(/2 of 3 scans have a single slice/),
        expect.stringMatching(/about 1, would validate/),
      ],
      layout: 'clean-cc-ccii',
      classes: { CP: { patients: 1, scans: 1 }, NCP: { patients: 1, scans: 2 } },
      scans: [
        {
          path: 'CP/p/1',
          patient: 'p',
          class: 'CP',
          shape: [1, 4, 4],
          dtype: 'uint8',
          min: 9,
          max: 9,
          spacing: null,
        },
        {
          path: 'NCP/p/1',
          patient: 'p',
          class: 'NCP',
          shape: [2, 6, 8],
          dtype: 'uint8',
          min: 100,
          max: 120,
          spacing: null,
        },
        {
          path: 'NCP/p/2',
          patient: 'p',
          class: 'NCP',
          shape: [1, 4, 4],
          dtype: 'uint8',
          min: 7,
          max: 7,
          spacing: null,
        },
      ],
      problems: [{ path: 'CP/q/1/1.png', reason: 'neither a PNG nor a JPEG, whatever its name says' }],
    });
  });

  it('ends with one line for a folder without scans', async () => {
    await expect(inspectData(scratch())).rejects.toThrow(CatalogueError);
  });
});
