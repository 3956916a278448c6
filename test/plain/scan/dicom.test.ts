import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inspectData } from '#emars/scan/catalogue/inspect.js';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { ScanError } from '#emars/scan/errors.js';
import { defaultLimits } from '#emars/scan/limits.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { generator } from '#emars/random/generator.js';
import { fixtures, lay, scratch, values } from './scratch.js';
import { element, series, slice, type Slice } from './write-dicom.js';

const expected = values(105, 4096, -1024);
const one = (name: string) => {
  const file = `dicom/one/${name}.dcm`;
  return readScan(fixtures, { path: file, files: [file] });
};
const root = scratch();
let written = 0;
async function refusal(bytes: Buffer): Promise<string> {
  const name = `${++written}.dcm`;
  lay(root, { [name]: bytes });
  const error: unknown = await readScan(root, { path: name, files: [name] }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error, name).toBeInstanceOf(ScanError);
  return (error as ScanError).reason;
}

describe('DICOM files of other encoders (test/fixtures/scan/make-dicom.py)', () => {
  it.each(['series', 'prone', 'transposed'])(
    '%s comes out feet first, front to back, right to left, in Hounsfield units',
    async (folder) => {
      const files = readdirSync(join(fixtures, 'dicom', folder)).map((name) => `dicom/${folder}/${name}`);
      for (const order of [files, files.slice().reverse()]) {
        const volume = await readScan(fixtures, { path: folder, files: order });
        expect(volume).toMatchObject({ shape: [3, 5, 7], dtype: 'uint16', spacing: [2.5, 0.75, 0.5] });
        expect([...volume.data]).toEqual(expected);
      }
    },
  );

  it.each([
    'implicit',
    'explicit',
    'big-endian',
    'deflated',
    'rle',
    'jpeg-lossless',
    'jpeg-ls',
    'jpeg-2000',
    'inverted-hu',
  ])('%s gives every value exactly', async (name) => {
    const volume = await one(name);
    expect(volume).toMatchObject({ shape: [1, 5, 7], dtype: 'uint16', spacing: null });
    expect([...volume.data]).toEqual(expected.slice(0, 35));
  });

  it('signed values, values in the upper bits, and rescaling are taken as declared', async () => {
    const signed = values(35, 4096, -2048);
    expect([...(await one('signed-high')).data]).toEqual(signed.map((value) => 2 * value + 10));
    expect([...(await one('signed-jpeg-2000')).data]).toEqual(signed.map((value) => value - 1024));
  });

  it('eight bits without rescaling are grey: baseline JPEG, and MONOCHROME1 is turned round', async () => {
    const grey = await one('jpeg');
    expect(grey).toMatchObject({ shape: [1, 16, 16], dtype: 'uint8' });
    grey.data.forEach((value, i) =>
      expect(Math.abs(value - ((i % 16) + Math.floor(i / 16)) * 8)).toBeLessThanOrEqual(6),
    );
    expect([...(await one('inverted-grey')).data]).toEqual(values(35, 256).map((value) => 255 - value));
  });

  it('an enhanced multi-frame file is refused with its name', async () => {
    await expect(one('enhanced')).rejects.toThrow(/enhanced multi-frame/);
  });
});

describe('the catalogue tells DICOM series apart', () => {
  it('by their headers: one series a study, patients by a hash, slices by position', async () => {
    const dir = lay(scratch(), {
      // A scout, a thick and a thin series, and a coronal reformat, all in one folder.
      ...series('sick/anyone/mixed', [0], {
        series: '1',
        number: 1,
        imageType: 'ORIGINAL\\PRIMARY\\LOCALIZER',
      }),
      ...series('sick/anyone/mixed', [0, 10, 5], { series: '2', number: 2 }, (i) => `b${i}`),
      ...series('sick/anyone/mixed', [9, 6, 3, 0], { series: '3', number: 3 }, (i) => `a${i}.dcm`),
      ...series(
        'sick/anyone/mixed',
        [0, 1],
        { series: '4', directions: [1, 0, 0, 0, 0, -1] },
        (i) => `c${i}.dcm`,
      ),
      ...series('well/another', [0, 2, 4], { patient: 'MRN-9', study: '9' }, (i) => `1.2.840.${i}`),
      'well/another/notes.txt': 'no scan',
      DICOMDIR: slice(),
    });
    const { layout, classes, scans, problems, remarks } = await readCatalogue(dir);
    expect([layout, classes, problems]).toEqual(['dicom', ['sick', 'well'], []]);
    expect(scans).toEqual([
      {
        path: 'sick/anyone/mixed',
        patient: expect.stringMatching(/^p-[0-9a-f]{12}$/) as string,
        class: 'sick',
        files: ['a3', 'a2', 'a1', 'a0'].map((name) => `sick/anyone/mixed/${name}.dcm`),
      },
      {
        path: 'well/another',
        patient: expect.stringMatching(/^p-/) as string,
        class: 'well',
        files: [0, 1, 2].map((i) => `well/another/1.2.840.${i}`),
      },
    ]);
    expect(remarks).toEqual([expect.stringMatching(/series 3, 4 slices of 3 mm, of 2 series/) as string]);
    const again = await readCatalogue(dir, { dicom: { series: 'thinnest', patients: 'folder' } });
    expect(again.scans.map(({ patient }) => patient)).toEqual(['anyone', 'another']);
    const all = await readCatalogue(dir, { dicom: { series: 'all' } });
    expect(all.scans.map(({ files }) => files.length).sort()).toEqual([3, 3, 4]);
    expect(new Set(all.scans.map(({ path }) => path)).size).toBe(3);
  });

  it('one patient in two class folders is one patient; a study is read once in each', async () => {
    const dir = lay(scratch(), {
      ...series('a/x', [0, 1]),
      ...series('b/y', [0, 1], { study: '2' }),
    });
    const { scans } = await readCatalogue(dir);
    expect(new Set(scans.map(({ patient }) => patient)).size).toBe(1);
    expect(scans).toHaveLength(2);
  });

  it('the thinnest series must cover what the longest covers', async () => {
    const dir = lay(scratch(), {
      ...series('a/x/thick', [0, 5, 10, 15, 20], { series: '2', number: 2 }),
      ...series('a/x/thin', [0, 4, 8, 12, 16], { series: '3', number: 3 }),
      ...series('a/x/part', [0, 1, 2], { series: '4', number: 4 }),
    });
    const chosen = async (rule: 'thinnest' | 'most-slices') =>
      (await readCatalogue(dir, { dicom: { series: rule } })).scans.map(({ path }) => path);
    expect(await chosen('thinnest')).toEqual(['a/x/thin']);
    expect(await chosen('most-slices')).toEqual(['a/x/thin']);
  });

  it('a table names a folder, and may name the series', async () => {
    const dir = lay(scratch(), {
      ...series('in/x', [0, 5, 10], { series: '2', number: 2 }),
      ...series('in/x/more', [0, 5], { series: '3', number: 3 }),
      'labels.csv': 'path,patient,class,series\nin/x,P1,sick,3\nin,P2,well,7\n',
    });
    const { scans, problems } = await readCatalogue(dir);
    expect(scans).toEqual([
      { path: 'in/x', patient: 'P1', class: 'sick', files: ['in/x/more/0.dcm', 'in/x/more/1.dcm'] },
    ]);
    expect(problems).toEqual([
      { path: 'labels.csv:3', reason: 'in has no axial CT series 7: expected one of 2, 3' },
    ]);
  });

  it('remarks on gaps and a tilted gantry; refuses positions that occur twice, and studies without axial CT', async () => {
    const tilted = [0, 1, 2].map((i): [string, Buffer] => [
      `d/tilt/${i}.dcm`,
      slice({ position: [0, i, i * 4], patient: 'D' }),
    ]);
    const dir = lay(scratch(), {
      ...series('a/gap', [0, 1, 2, 5, 6], { patient: 'A' }),
      ...series('b/twice', [0, 1, 1, 2], { patient: 'B' }),
      ...series('c/mr', [0, 1], { patient: 'C', modality: 'MR' }),
      ...Object.fromEntries(tilted),
    });
    const { scans, problems, remarks } = await readCatalogue(dir);
    expect(scans.map(({ path }) => path)).toEqual(['a/gap', 'd/tilt']);
    expect(problems).toEqual([
      {
        path: 'b/twice',
        reason: expect.stringMatching(/1 of 4 slices lie where another one lies/) as string,
      },
      { path: 'c/mr', reason: '2 DICOM files without an axial CT series (modality MR)' },
    ]);
    expect(remarks).toEqual([
      expect.stringMatching(
        /a\/gap: a gap in slices of 1 mm: about 2 missing; d\/tilt: .*tilted by 14 degrees/,
      ) as string,
    ]);
  });

  it('inspection says nothing of the header: no name, no id, no UID', async () => {
    const dir = lay(scratch(), {
      ...series('a/x', [0, 1, 2]),
      'a/x/broken.dcm': slice().subarray(0, 300),
      ...series('b/y', [0, 0], { study: '1.2.77' }),
    });
    const inspection = await inspectData(dir, { threads: 1 });
    expect(inspection).toMatchObject({
      layout: 'dicom',
      scans: [{ path: 'a/x', shape: [3, 4, 4], dtype: 'uint16', min: 0, max: 2, spacing: [1, 1, 1] }],
    });
    expect(inspection.problems.map(({ path }) => path)).toEqual(['a/x/broken.dcm', 'b/y']);
    expect(JSON.stringify(inspection)).not.toMatch(/Lovelace|4711|1\.2\.3|1\.2\.77/);
  });
});

describe('a DICOM file is refused when', () => {
  it.each<[string, Slice, RegExp]>([
    ['declares 65535 x 65535 pixels', { rows: 65_535, columns: 65_535 }, /at most 4096/],
    ['has no rows', { rows: 0 }, /at least 1/],
    ['has fewer pixels than it declares', { rows: 5 }, /shorter than the declared size/],
    ['has many frames', { frames: 40 }, /40 frames/],
    ['has colours', { samples: 3 }, /3 samples/],
    ['stores 0 bits', { bits: 0 }, /0 bits/],
    ['stores 17 bits', { bits: 17 }, /17 bits/],
    ['is a film', { syntax: '1.2.840.10008.1.2.4.102' }, /transfer syntax 1\.2\.840\.10008\.1\.2\.4\.102/],
    ['says it is compressed and is not', { syntax: '1.2.840.10008.1.2.5' }, /contradict/],
    ['has no directions', { directions: [0, 0, 0, 0, 0, 0] }, /without a picture, its position/],
    ['has a position that is no number', { position: [0, 0, Number.NaN] }, /without a picture, its position/],
    ['lies across', { directions: [0, 1, 0, 0, 0, -1] }, /coronal or sagittal/],
  ])('it %s', async (_what, of, reason) => {
    expect(await refusal(slice(of))).toMatch(reason);
  });

  it('a length leads out of the file, or sequences nest without end', async () => {
    const long = element(0x0029_0010, 'OB', Buffer.alloc(4));
    long.writeUInt32LE(0x7fff_fff0, 8);
    expect(await refusal(slice({ before: long }))).toMatch(/truncated or damaged/);
    const open = Buffer.from(element(0x0029_0010, 'SQ', Buffer.alloc(0)));
    open.writeUInt32LE(0xffff_ffff, 8);
    const item = Buffer.from('feff00e0ffffffff', 'hex');
    const deep = Buffer.concat(Array.from({ length: 100_000 }, () => [open, item]).flat());
    expect(await refusal(slice({ before: deep }))).toMatch(/nested deeper than 16/);
    expect(await refusal(slice({ before: Buffer.concat([open, open]) }))).toMatch(/sequence without an end/);
  });

  it('a deflated one unpacks to more than the limit on a file', async () => {
    const bomb = Buffer.concat([
      Buffer.alloc(128),
      Buffer.from('DICM'),
      element(0x0002_0010, 'UI', '1.2.840.10008.1.2.1.99'),
      deflateRawSync(Buffer.alloc(2 ** 22)),
    ]);
    lay(root, { 'bomb.dcm': bomb });
    await expect(
      readScan(
        root,
        { path: 'bomb.dcm', files: ['bomb.dcm'] },
        { limits: { ...defaultLimits, fileBytes: 2 ** 20 } },
      ),
    ).rejects.toThrow(/unpacks to more than/);
  });

  it('it is cut at any byte, whatever its compression', async () => {
    for (const name of [
      'implicit',
      'big-endian',
      'deflated',
      'rle',
      'jpeg-lossless',
      'jpeg-ls',
      'jpeg-2000',
    ]) {
      const whole = readFileSync(join(fixtures, `dicom/one/${name}.dcm`));
      for (let length = 0; length < whole.length - 8; length += 97) await refusal(whole.subarray(0, length));
    }
  });

  it('the picture inside declares another size than the header', async () => {
    for (const name of ['jpeg-lossless', 'jpeg-ls', 'jpeg-2000', 'jpeg']) {
      const bytes = readFileSync(join(fixtures, `dicom/one/${name}.dcm`));
      const rows = bytes.indexOf(Buffer.from('28001000555302', 'hex'));
      bytes.writeUInt16LE(4000, rows + 8);
      expect(await refusal(bytes), name).toMatch(/the picture declares/);
    }
  });
});

it('no DICOM file with flipped bytes ends in anything but a volume or a ScanError', async () => {
  let refused = 0;
  for (const [index, name] of readdirSync(join(fixtures, 'dicom/one')).entries()) {
    const bytes = readFileSync(join(fixtures, 'dicom/one', name));
    for (let round = 0; round < 40; round++) {
      const random = generator(6, 'flip', index, round);
      const changed = Buffer.from(bytes);
      for (let flips = 1 + random.integer(4); flips > 0; flips--)
        changed[128 + random.integer(changed.length - 128)] = random.integer(256);
      lay(root, { 'flip.dcm': changed });
      const outcome: unknown = await readScan(root, { path: 'flip.dcm', files: ['flip.dcm'] }).catch(
        (error: unknown) => error,
      );
      if (!(outcome instanceof Error)) continue;
      expect(outcome, `${name} ${round}`).toBeInstanceOf(ScanError);
      expect(outcome.message).not.toMatch(/Lovelace|4711/);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(100);
});
