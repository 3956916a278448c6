/**
 * The native codec against those whose work it does: zlib, sharp, and the arithmetic in TypeScript. What it takes has the
 * very bits that they give; what is damaged has their refusal, word by word.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { INFLATE_SLACK, loadCodec, type NativeCodec } from '#emars/scan/native-codec.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import type { SliceValues } from '#emars/scan/readers/reader.js';
import { SlicePreparer } from '#emars/scan/store/prepare-slices.js';
import { openScanStore } from '#emars/scan/store/store.js';
import { lungWindow } from '#emars/scan/store/window.js';
import { pngOf, type Picture } from './support/filtered-png.js';
import { kernelsPath } from './support/kernels.js';

const RUNS = Number(process.env['EMARS_PROPERTY_RUNS'] ?? 150);
const SEED = Number(process.env['EMARS_PROPERTY_SEED'] ?? 3);
const options = { numRuns: RUNS, seed: SEED };
const folder = mkdtempSync(join(tmpdir(), 'emars-codec-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Bytes as pictures have them, from noise to long repetitions. */
const data = fc
  .record({
    length: fc.oneof(fc.nat(40), fc.nat(5000), fc.nat(120_000)),
    values: fc.integer({ min: 1, max: 256 }),
    period: fc.integer({ min: 1, max: 40_000 }),
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  })
  .map(({ length, values, period, seed }) => {
    const bytes = Buffer.alloc(length);
    let state = seed;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      const isNew = i < period || (state >> 8) % 29 === 0;
      bytes[i] = isNew ? (((state >> 16) % 256) & (state >> 20)) % values : bytes[i - period]!;
    }
    return bytes;
  });
const packing = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FILTERED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
  ),
});
const wrapping = fc.constantFrom(
  { gzip: false, pack: deflateSync, unpack: inflateSync },
  { gzip: true, pack: gzipSync, unpack: gunzipSync },
);

describe.skipIf(kernelsPath === null)('the native codec', () => {
  const codec = loadCodec(kernelsPath)!;

  const unpacked = (gzip: boolean, packed: Uint8Array, most: number): Buffer | null => {
    // What lies behind the room that the decoder has is looked at afterwards.
    const memory = Buffer.alloc(most + INFLATE_SLACK + 64, 0xa5);
    const length = codec.inflateScan(gzip, packed, memory.subarray(0, most + INFLATE_SLACK));
    expect(memory.subarray(most + INFLATE_SLACK).every((byte) => byte === 0xa5)).toBe(true);
    return length < 0 ? null : memory.subarray(0, length);
  };

  it('unpacks what zlib packs, whatever its level, strategy and window', () => {
    fc.assert(
      fc.property(data, packing, wrapping, (bytes, how, { gzip, pack }) => {
        const packed = pack(bytes, how);
        expect(unpacked(gzip, packed, bytes.length)?.equals(bytes)).toBe(true);
        expect(unpacked(gzip, packed, bytes.length + 1000)?.equals(bytes)).toBe(true);
        if (bytes.length > 0) expect(unpacked(gzip, packed, bytes.length - 1)).toBeNull();
      }),
      options,
    );
  });

  it('takes no stream that zlib refuses, and none for another one', () => {
    let taken = 0;
    const hurt = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        data,
        packing,
        wrapping,
        hurt,
        fc.nat(20),
        (bytes, how, { gzip, pack, unpack }, hurts, cut) => {
          const packed = pack(bytes, how);
          for (const { at, to } of hurts) packed[at % packed.length] = to;
          for (const damaged of [packed, packed.subarray(0, Math.max(0, packed.length - cut))]) {
            const ours = unpacked(gzip, damaged, bytes.length + 300);
            if (ours === null) continue;
            taken++;
            expect(ours.equals(unpack(damaged))).toBe(true);
          }
        },
      ),
      options,
    );
    // Some damage is none: bytes that were so before, or the hints of a gzip header.
    expect(taken).toBeGreaterThan(0);
  });

  const picture: fc.Arbitrary<Picture> = fc.record({
    width: fc.integer({ min: 1, max: 90 }),
    height: fc.integer({ min: 1, max: 40 }),
    bits: fc.constantFrom(8, 16),
    filters: fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }),
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    pieces: fc.integer({ min: 1, max: 4 }),
  });
  let files = 0;
  const read = async (bytes: Buffer, by: NativeCodec | null): Promise<unknown> => {
    const file = `${files++}.png`;
    writeFileSync(join(folder, file), bytes);
    const outcome = await readScan(folder, { path: 'a', files: [file] }, { codec: by }).then(
      (volume) => volume,
      (error: unknown) => (error as Error).message.replace(file, ''),
    );
    rmSync(join(folder, file));
    return outcome;
  };

  it('reads a PNG with the bits that sharp gives, whatever the filters of its rows', async () => {
    let natively = 0;
    const counting: NativeCodec = {
      ...codec,
      unpackPng: (...all) => {
        const isTaken = codec.unpackPng(...all);
        if (isTaken) natively++;
        return isTaken;
      },
    };
    await fc.assert(
      fc.asyncProperty(picture, async (one) => {
        const bytes = pngOf(one);
        const theirs = await read(bytes, null);
        expect(typeof theirs).toBe('object');
        expect(await read(bytes, counting)).toEqual(theirs);
      }),
      options,
    );
    expect(natively).toBe(RUNS);
  });

  it('refuses a PNG whose pixel data are damaged in the words of before', async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(picture, fc.nat(), fc.nat(255), async (one, at, to) => {
        const bytes = pngOf({ ...one, damage: { at, to } });
        const theirs = await read(bytes, null);
        if (typeof theirs === 'string') refused++;
        expect(await read(bytes, codec)).toEqual(theirs);
      }),
      options,
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('windows, crops and resizes slices of every type with the bits of the arithmetic in TypeScript', () => {
    const kinds = [Uint8Array, Uint16Array, Int16Array, Float32Array] as const;
    const slices = fc.record({
      kind: fc.constantFrom(...kinds),
      height: fc.integer({ min: 1, max: 70 }),
      width: fc.integer({ min: 1, max: 70 }),
      size: fc.integer({ min: 1, max: 80 }),
      crop: fc.oneof(fc.constant(1), fc.double({ min: 0.05, max: 1, noNaN: true })),
      unit: fc.constantFrom('grey' as const, 'hu' as const, 'offset-hu' as const),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    });
    fc.assert(
      fc.property(slices, ({ kind, height, width, size, crop, unit, seed }) => {
        let state = seed;
        const slice = new kind(height * width) as SliceValues;
        for (let i = 0; i < slice.length; i++) {
          state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
          slice[i] = kind === Float32Array ? state / 2 ** 18 - 4000 : state >> 8;
        }
        const results = [codec, null].map((by) => {
          const out = new Float32Array(size * size).fill(-1);
          const settings = { size, crop, window: lungWindow };
          new SlicePreparer({ height, width, unit }, settings, by).prepare(slice.slice(), out);
          return Buffer.from(out.buffer).toString('hex');
        });
        expect(results[0]).toBe(results[1]);
      }),
      options,
    );
  });

  it.each(['png', 'tif', 'nii'] as const)('leaves the cache of %s files as it was', async (format) => {
    const root = join(folder, format);
    await writePhantoms(root, { patients: 4, scansPerPatient: 1, shape: [5, 64, 64], seed: 9, format });
    const caches = await Promise.all(
      [kernelsPath, null].map(async (path, i) => {
        const cacheDir = join(folder, `${format}-cache-${i}`);
        await openScanStore({ root, size: 24, cacheDir, threads: 1, codec: path });
        const names = readdirSync(cacheDir).filter((name) => name.endsWith('.volume'));
        return names.sort().map((name) => [name, readFileSync(join(cacheDir, name), 'hex')]);
      }),
    );
    expect(caches[0]).toHaveLength(4);
    expect(caches[0]).toEqual(caches[1]);
  });
});
