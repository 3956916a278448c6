import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ScanError } from '#emars/scan/errors.js';
import { encodeNifti, encodeTiff } from '#emars/scan/phantom/phantom-files.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { generator } from '#emars/random/generator.js';
import { fixtures, flatPng, lay, png, pngChunk, scratch } from './scratch.js';

const root = scratch();
let files = 0;
/** Reads bytes as a scan of one file and expects a ScanError; returns its reason. */
async function refusal(ending: string, bytes: Buffer): Promise<string> {
  const name = `${++files}.${ending}`;
  lay(root, { [name]: bytes });
  const error: unknown = await readScan(root, { path: name, files: [name] }).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error, name).toBeInstanceOf(ScanError);
  if (!(error instanceof ScanError)) throw new Error('expected a ScanError');
  expect(error.path).toBe(name);
  return error.reason;
}

/** Growth of the resident memory over `work`, in MiB. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().rss;
  await work();
  return (process.memoryUsage().rss - before) / 2 ** 20;
}

/** 256 MiB of zeros, packed. */
const zeros = (pack: typeof deflateSync): Buffer => pack(Buffer.alloc(2 ** 28), { level: 1 });
const whole = flatPng(64, 64, 9);
const rows = (count: number): Buffer => Buffer.alloc(count * 65);

describe('a PNG is refused when', () => {
  it('a chunk has a wrong checksum, or its end is missing', async () => {
    const flipped = Buffer.from(whole);
    flipped[60]! ^= 1;
    expect(await refusal('png', flipped)).toMatch(/checksum/);
    expect(await refusal('png', whole.subarray(0, whole.length - 12))).toMatch(/truncated/);
  });

  it('it declares no pixels, or more than the limits, before anything is inflated', async () => {
    expect(await refusal('png', png(0, 0, Buffer.alloc(0)))).toMatch(/at least 1/);
    const grown = await growth(async () =>
      expect(await refusal('png', png(65_535, 65_535, Buffer.alloc(100)))).toMatch(/65535 x 65535/),
    );
    expect(grown).toBeLessThan(64);
    expect(await refusal('png', png(2 ** 31, 2 ** 31, Buffer.alloc(100)))).toMatch(/at most/);
  });

  it('it holds fewer or more rows than it declares', async () => {
    expect(await refusal('png', png(64, 64, rows(63)))).toMatch(/less pixel data/);
    expect(await refusal('png', png(64, 64, rows(65)))).toMatch(/more pixel data/);
  });

  it('its pixel data is a bomb: 256 MiB from a megabyte', async () => {
    const bomb = png(64, 64, Buffer.alloc(0), { before: [pngChunk('IDAT', zeros(deflateSync))] });
    expect(await growth(() => refusal('png', bomb))).toBeLessThan(64);
  });

  it('it is animated, or its header has values that do not exist', async () => {
    expect(
      await refusal('png', png(64, 64, rows(64), { before: [pngChunk('acTL', Buffer.alloc(8))] })),
    ).toMatch(/animated/);
    expect(await refusal('png', png(64, 64, rows(64), { bits: 3 }))).toMatch(/do not exist/);
    expect(await refusal('png', png(64, 64, rows(64), { type: 5 }))).toMatch(/do not exist/);
    expect(await refusal('png', png(64, 64, rows(64), { interlace: 2 }))).toMatch(/do not exist/);
    expect(
      await refusal('png', png(64, 64, rows(64), { before: [pngChunk('XXXX', Buffer.alloc(1))] })),
    ).toMatch(/critical/);
  });

  it('but not for a text chunk that would unpack to 256 MiB: text is never unpacked', async () => {
    const text = pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), zeros(deflateSync)]));
    lay(root, { 'text.png': png(64, 64, rows(64), { before: [text] }) });
    let mean = -1;
    const grown = await growth(
      async () => (mean = (await readScan(root, { path: 'text.png', files: ['text.png'] })).max),
    );
    expect(mean).toBe(0);
    expect(grown).toBeLessThan(64);
  });
});

describe('a TIFF is refused when', () => {
  const width = 8;
  const tiff = encodeTiff(new Uint16Array(64), width, width);
  const directory = tiff.readUInt32LE(4);
  /** Sets the value of the field with this tag. */
  const withField = (tag: number, value: number, count = 1, type?: number): Buffer => {
    const bytes = Buffer.from(tiff);
    for (let i = 0; i < bytes.readUInt16LE(directory); i++) {
      const at = directory + 2 + 12 * i;
      if (bytes.readUInt16LE(at) !== tag) continue;
      if (type !== undefined) bytes.writeUInt16LE(type, at + 2);
      bytes.writeUInt32LE(count, at + 4);
      bytes.writeUInt32LE(value, at + 8);
      return bytes;
    }
    throw new Error(`no field ${tag}`);
  };

  it('its directories form a loop, or lie outside of the file', async () => {
    const loop = Buffer.from(tiff);
    loop.writeUInt32LE(directory, directory + 2 + 12 * loop.readUInt16LE(directory));
    expect(await refusal('tif', loop)).toMatch(/loop/);
    const outside = Buffer.from(tiff);
    outside.writeUInt32LE(0xfffffff0, 4);
    expect(await refusal('tif', outside)).toMatch(/beyond the end/);
  });

  it.each([
    ['declares 2^20 pixels of width', withField(256, 2 ** 20), /at most/],
    ['has no height', withField(257, 0), /at least 1/],
    ['has strips outside of the file', withField(273, 0xffff0000), /beyond the end/],
    ['has 2^32 − 1 strips', withField(273, 8, 2 ** 32 - 1), /more values|beyond/],
    ['has a strip without data', withField(279, 0), /without data/],
    ['has less data than pixels', withField(279, 100), /shorter/],
    ['has 7 bits a value', withField(258, 7), /7 bits/],
    ['is compressed as JPEG', withField(259, 7), /compression 7/],
    ['has a palette', withField(262, 3), /neither grey nor RGB/],
    ['has 200 samples', withField(277, 200), /samples/],
    ['has a field of an unknown type', withField(259, 1, 1, 99), /unknown type/],
    ['has a field that is no number', withField(259, 1, 1, 12), /expected a whole number|beyond/],
  ])('it %s', async (_what, bytes, reason) => {
    expect(await refusal('tif', bytes)).toMatch(reason);
  });

  it('a strip is a bomb, in each compression', async () => {
    const packed = (compression: number, data: Buffer): Buffer => {
      const head = withField(259, compression);
      const bytes = Buffer.concat([head, data]);
      const set = (tag: number, value: number): void => {
        for (let i = 0; i < head.readUInt16LE(directory); i++)
          if (head.readUInt16LE(directory + 2 + 12 * i) === tag)
            bytes.writeUInt32LE(value, directory + 10 + 12 * i);
      };
      set(273, head.length);
      set(279, data.length);
      return bytes;
    };
    const bomb = packed(8, zeros(deflateSync));
    expect(await growth(() => refusal('tif', bomb))).toBeLessThan(64);
    // PackBits and LZW stop at the size of the picture; what is too short or not a code is refused.
    expect(await refusal('tif', packed(32773, Buffer.from([130, 7])))).toMatch(/damaged/);
    expect(await refusal('tif', packed(5, Buffer.alloc(40, 0xff)))).toMatch(/damaged/);
    expect(await refusal('tif', packed(8, Buffer.from('not deflate')))).toMatch(/damaged/);
  });
});

describe('a NIfTI is refused when', () => {
  const nifti = encodeNifti(new Int16Array(4 * 4 * 4), [4, 4, 4], [1, 1, 1]);
  const edited = (edit: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(nifti);
    edit(bytes);
    return bytes;
  };

  it.each([
    [
      'declares more voxels than the limits',
      edited((b) => [1, 2, 3].forEach((i) => b.writeInt16LE(32_000, 40 + 2 * i))),
      /at most/,
    ],
    ['declares a negative size', edited((b) => b.writeInt16LE(-4, 42)), /at least 1/],
    ['has a fourth dimension', edited((b) => (b.writeInt16LE(4, 40), b.writeInt16LE(9, 48))), /4 dimensions/],
    ['has complex values', edited((b) => b.writeInt16LE(32, 70)), /data type 32/],
    ['starts its voxels inside the header', edited((b) => b.writeFloatLE(10, 108)), /start at byte/],
    ['starts its voxels at no number', edited((b) => b.writeFloatLE(Number.NaN, 108)), /start at byte/],
    [
      'has no directions',
      edited((b) => [280, 300, 320].forEach((at) => b.writeFloatLE(0, at))),
      /no three directions/,
    ],
    [
      'has its data in another file',
      edited((b) => b.write('ni1\0', 344, 'latin1')),
      /header apart from its data/,
    ],
  ])('it %s', async (_what, bytes, reason) => {
    expect(await refusal('nii', bytes)).toMatch(reason);
    expect(await refusal('nii.gz', gzipSync(bytes))).toMatch(reason);
  });

  it('it unpacks to far more than it declares, without unpacking that much', async () => {
    const bomb = Buffer.concat([gzipSync(nifti), zeros(gzipSync)]);
    expect(await growth(() => refusal('nii.gz', bomb))).toBeLessThan(96);
  });
});

it('no file with flipped bytes ends in anything but a volume or a ScanError', async () => {
  const samples: readonly [string, Buffer][] = [
    ['png', whole],
    ['nii', readFileSync(join(fixtures, 'lps.nii'))],
    ['nii.gz', readFileSync(join(fixtures, 'lps.nii.gz'))],
    ...['pages.tif', 'bigtiff.tif', 'deflate-predictor.tif', 'packbits.tif', 'lzw-flat.tif', 'tiled.tif'].map(
      (file): [string, Buffer] => ['tif', readFileSync(join(fixtures, file))],
    ),
    ['jpg', readFileSync(join(fixtures, 'grey.jpg'))],
  ];
  let refused = 0;
  for (const [index, [ending, bytes]] of samples.entries()) {
    for (let round = 0; round < 40; round++) {
      const random = generator(5, 'flip', index, round);
      const changed = Buffer.from(bytes);
      for (let flips = 1 + random.integer(4); flips > 0; flips--)
        changed[random.integer(Math.min(changed.length, 700))] = random.integer(256);
      const name = `flip.${ending}`;
      lay(root, { [name]: changed });
      const outcome: unknown = await readScan(root, { path: name, files: [name] }).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error) {
        expect(outcome, `${ending} ${index} ${round}`).toBeInstanceOf(ScanError);
        refused++;
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
});
