import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ScanError } from '#emars/scan/errors.js';
import { encodeGzip, encodeNifti, encodePng, encodeTiff } from '#emars/scan/phantom/phantom-files.js';
import { ScanSource } from '#emars/scan/readers/source.js';
import { openScan, readers, readScan } from '#emars/scan/readers/read-scan.js';
import { defaultLimits } from '#emars/scan/limits.js';
import { fixtures, lay, scratch, values } from './scratch.js';

const shape = [3, 5, 7] as const;
const count = 105;
const read = (file: string) => readScan(fixtures, { path: file, files: [file] });

/** One scan of 3 × 5 × 7 in every format, for the suite that all readers must pass. */
const formats: readonly {
  name: string;
  dtype: string;
  modulus: number;
  offset: number;
  files: (v: readonly number[]) => Record<string, Buffer>;
}[] = [
  {
    name: 'PNG, 8 bits',
    dtype: 'uint8',
    modulus: 256,
    offset: 0,
    files: (v) =>
      Object.fromEntries(
        [0, 1, 2].map((z) => [`s/${z + 9}.png`, encodePng(v.slice(z * 35, z * 35 + 35), 7, 5)]),
      ),
  },
  {
    name: 'PNG, 16 bits',
    dtype: 'uint16',
    modulus: 65536,
    offset: 0,
    files: (v) =>
      Object.fromEntries(
        [0, 1, 2].map((z) => [`s/${z + 9}.png`, encodePng(v.slice(z * 35, z * 35 + 35), 7, 5, 16)]),
      ),
  },
  {
    name: 'TIFF, 16 bits',
    dtype: 'uint16',
    modulus: 65536,
    offset: 0,
    files: (v) =>
      Object.fromEntries(
        [0, 1, 2].map((z) => [`s/IM${z + 9}.tif`, encodeTiff(v.slice(z * 35, z * 35 + 35), 7, 5)]),
      ),
  },
  {
    name: 'NIfTI',
    dtype: 'int16',
    modulus: 4096,
    offset: -1024,
    files: (v) => ({ 's.nii': encodeNifti(Int16Array.from(v), shape, [3, 2, 1]) }),
  },
  {
    name: 'NIfTI, packed',
    dtype: 'int16',
    modulus: 4096,
    offset: -1024,
    files: (v) => ({ 's.nii.gz': encodeGzip(encodeNifti(Int16Array.from(v), shape, [3, 2, 1])) }),
  },
];

describe.each(formats)('every reader: $name', ({ dtype, modulus, offset, files }) => {
  const expected = values(count, modulus, offset);
  let root: string;
  let scan: { path: string; files: string[] };
  beforeAll(() => {
    const written = files(expected);
    root = lay(scratch(), written);
    scan = { path: 's', files: Object.keys(written) };
  });

  it('gives shape, type, range and every value, in order', async () => {
    const volume = await readScan(root, scan);
    expect([...volume.data]).toEqual(expected);
    expect(volume).toMatchObject({ shape, dtype, min: Math.min(...expected), max: Math.max(...expected) });
  });

  it('says the shape before any slice is decoded, and can be walked twice', async () => {
    const open = await openScan(new ScanSource(root, { limits: defaultLimits }), scan);
    expect(open.shape).toEqual(shape);
    for (let walk = 0; walk < 2; walk++) {
      const means: number[] = [];
      for await (const slice of open.slices()) means.push([...slice].reduce((sum, value) => sum + value, 0));
      expect(means).toEqual(
        [0, 1, 2].map((z) => expected.slice(z * 35, z * 35 + 35).reduce((sum, value) => sum + value, 0)),
      );
    }
  });

  it('refuses width, height, slices, voxels and bytes over the limits, naming the file', async () => {
    for (const limit of [{ width: 6 }, { height: 4 }, { slices: 2 }, { voxels: 104 }, { fileBytes: 60 }]) {
      const refused = readScan(root, scan, { limits: { ...defaultLimits, ...limit } });
      await expect(refused).rejects.toThrow(ScanError);
      await expect(refused).rejects.toMatchObject({ path: scan.files[0] });
    }
  });

  it('answers a missing file, an empty file, a folder and a file of another kind with a ScanError', async () => {
    const [file] = scan.files;
    const broken = scratch();
    await expect(readScan(broken, scan)).rejects.toThrow(ScanError);
    lay(broken, { [file!]: '' });
    await expect(readScan(broken, scan)).rejects.toThrow(/empty/);
    lay(broken, { [file!]: 'something else entirely, long enough to hold any header there is'.repeat(20) });
    await expect(readScan(broken, scan)).rejects.toThrow(/whatever its name says|damaged/);
    const other = scratch();
    mkdirSync(join(other, file!), { recursive: true });
    await expect(readScan(other, scan)).rejects.toThrow(ScanError);
  });

  it('never takes a file cut at any byte for a whole one', async () => {
    const written = files(expected);
    const last = scan.files.at(-1)!;
    const whole = written[last]!;
    const dir = scratch();
    for (let length = 0; length < whole.length; length += length < 400 ? 7 : 61) {
      lay(dir, { ...written, [last]: whole.subarray(0, length) });
      await expect(readScan(dir, scan), `${last} cut to ${length} of ${whole.length} bytes`).rejects.toThrow(
        ScanError,
      );
    }
  });
});

it('every format has exactly one reader', async () => {
  expect(Object.keys(readers).sort()).toEqual(['dicom', 'image', 'nifti', 'numpy', 'tiff']);
  for (const [format, load] of Object.entries(readers)) expect((await load()).format).toBe(format);
});

describe('files of other encoders (test/fixtures/scan/make.py)', () => {
  it.each(['pages.tif', 'big-endian.tif', 'bigtiff.tif', 'deflate-predictor.tif', 'packbits.tif'])(
    '%s holds the 16-bit pages',
    async (file) => {
      const volume = await read(file);
      expect(volume).toMatchObject({ shape, dtype: 'uint16', spacing: null });
      expect([...volume.data]).toEqual(values(count, 4096));
    },
  );

  it('TIFF: tiles, LZW through every code width, LZW of one value', async () => {
    expect([...(await read('tiled.tif')).data]).toEqual(values(40 * 50, 4096));
    expect([...(await read('lzw.tif')).data]).toEqual(values(64 * 64, 4096));
    expect(new Set((await read('lzw-flat.tif')).data)).toEqual(new Set([777]));
  });

  it('TIFF: signed, float, 8 bits, inverted, colour', async () => {
    expect(await read('signed.tif')).toMatchObject({
      dtype: 'int16',
      data: Float32Array.from(values(count, 4096, -1024)),
    });
    expect(await read('float.tif')).toMatchObject({
      dtype: 'float32',
      data: Float32Array.from(values(count, 4096, -1024), (v) => v / 4),
    });
    expect(await read('eight-bits.tif')).toMatchObject({
      dtype: 'uint8',
      data: Float32Array.from(values(count, 256)),
    });
    expect(await read('inverted.tif')).toMatchObject({
      data: Float32Array.from(values(count, 4096), (v) => 65535 - v),
    });
    expect(await read('colour.tif')).toMatchObject({
      shape: [1, 5, 7],
      dtype: 'uint8',
      data: Float32Array.from(values(35, 256)),
    });
  });

  it.each(['grey.png', 'colour.png', 'colour-alpha.png', 'palette.png'])(
    '%s gives the grey values exactly',
    async (file) => {
      expect(await read(file)).toMatchObject({
        shape: [1, 5, 7],
        dtype: 'uint8',
        data: Float32Array.from(values(35, 256)),
      });
    },
  );

  it('PNG: 16 bits stay 16, one bit becomes 0 and 255, interlaced is read', async () => {
    expect(await read('sixteen-bits.png')).toMatchObject({
      dtype: 'uint16',
      data: Float32Array.from(values(35, 4096)),
    });
    expect(await read('one-bit.png')).toMatchObject({
      dtype: 'uint8',
      data: Float32Array.from(values(35, 256), (v) => (v > 127 ? 255 : 0)),
    });
    const interlaced = await sharp(join(fixtures, 'grey.png'))
      .toColourspace('b-w')
      .png({ progressive: true })
      .toBuffer();
    expect(interlaced[28]).toBe(1);
    const root = lay(scratch(), { 'i.png': interlaced });
    expect((await readScan(root, { path: 'i.png', files: ['i.png'] })).data).toEqual(
      Float32Array.from(values(35, 256)),
    );
  });

  it.each(['grey.jpg', 'colour.jpg'])('%s is within what JPEG loses', async (file) => {
    const { shape: found, data } = await read(file);
    expect(found).toEqual([1, 16, 16]);
    data.forEach((value, i) =>
      expect(Math.abs(value - ((i % 16) + Math.floor(i / 16)) * 8)).toBeLessThanOrEqual(6),
    );
  });

  it.each([
    'lps.nii',
    'lps.nii.gz',
    'lps-nifti2.nii',
    'lps-big-endian.nii',
    'ras.nii',
    'ras-by-quaternion.nii',
    'head-first.nii',
    'coronal.nii',
    'unknown-orientation.nii',
  ])(
    '%s comes out with depth towards the head, height towards the back, width towards the left',
    async (file) => {
      const volume = await read(file);
      expect(volume).toMatchObject({ shape, dtype: 'int16', spacing: [2.5, 0.75, 0.5] });
      expect([...volume.data]).toEqual(values(count, 4096, -1024));
    },
  );

  it('NIfTI: stored values are scaled by slope and intercept, the type stays that of the file', async () => {
    const volume = await read('scaled.nii');
    expect(volume.dtype).toBe('uint16');
    expect([...volume.data]).toEqual(values(count, 2048).map((v) => v * 2 - 1024));
  });

  it('slices of different sizes, types or depth in one scan are refused, naming the odd one', async () => {
    const root = scratch();
    const place = (to: string, from: string): void => copyFileSync(join(fixtures, from), join(root, to));
    mkdirSync(join(root, 's'));
    place('s/1.png', 'grey.png');
    place('s/2.png', 'sixteen-bits.png');
    place('s/1.tif', 'colour.tif');
    place('s/2.tif', 'pages.tif');
    place('s/3.jpg', 'grey.jpg');
    await expect(readScan(root, { path: 's', files: ['s/1.png', 's/2.png'] })).rejects.toMatchObject({
      path: 's/2.png',
    });
    await expect(readScan(root, { path: 's', files: ['s/1.png', 's/3.jpg'] })).rejects.toThrow(
      /16 x 16.*7 x 5/,
    );
    await expect(readScan(root, { path: 's', files: ['s/1.tif', 's/2.tif'] })).rejects.toThrow(/3 pages/);
  });
});
