import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { ScanError } from '#emars/scan/errors.js';
import { defaultLimits } from '#emars/scan/limits.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { fixtures, lay, scratch, values } from './scratch.js';

const expected = values(105, 4096, -1024);
const read = (file: string) => readScan(fixtures, { path: file, files: [file] });
const root = scratch();
let written = 0;
async function refusal(ending: string, bytes: Buffer): Promise<string> {
  const name = `${++written}.${ending}`;
  lay(root, { [name]: bytes });
  const error: unknown = await readScan(root, { path: name, files: [name] }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error, name).toBeInstanceOf(ScanError);
  return (error as ScanError).reason;
}
/** The array with the first `from` in its header replaced by `to`, of equal length. */
function edited(from: string, to: string): Buffer {
  const bytes = readFileSync(join(fixtures, 'volume.npy'));
  const at = bytes.indexOf(from, 0, 'latin1');
  expect([at > 0, from.length]).toEqual([true, to.length]);
  bytes.write(to, at, 'latin1');
  return bytes;
}

describe('NumPy volumes', () => {
  it.each([
    ['volume.npy', 'int16'],
    ['fortran.npy', 'int16'],
    ['volume.npz', 'int16'],
    ['packed.npz', 'float32'],
  ])('%s gives every value, depth first', async (file, dtype) => {
    const volume = await read(file);
    expect(volume).toMatchObject({ shape: [3, 5, 7], dtype, spacing: null });
    expect([...volume.data]).toEqual(expected);
  });

  it('are scans of the catalogue as NIfTI files are', async () => {
    const dir = lay(scratch(), { 'a/P1.npz': 'x', 'b/P2/s.npy': 'x' });
    expect((await readCatalogue(dir)).scans.map(({ path, patient }) => [path, patient])).toEqual([
      ['a/P1.npz', 'P1'],
      ['b/P2/s.npy', 'P2'],
    ]);
  });

  it.each<[string, () => Buffer, RegExp]>([
    ['declares far more voxels', () => edited('(3, 5, 7)', '(9,99,99)'), /its shape asks for 176418/],
    ['is wider than the limits', () => edited('(3, 5, 7)', '(3,5,1e9)'), /header is damaged/],
    ['has two dimensions', () => edited('(3, 5, 7)', '(15, 7  )'), /2 dimensions/],
    ['has no height', () => edited('(3, 5, 7)', '(3, 0, 7)'), /at least 1/],
    ['holds complex numbers', () => edited('<i2', '<c8'), /type that is not read/],
    ['is of a later format', () => Buffer.from(edited('NUMPY\x01', 'NUMPY\x09')), /format 9/],
  ])('an array that %s is refused', async (_what, make, reason) => {
    expect(await refusal('npy', make())).toMatch(reason);
  });

  it('objects, several arrays, and another kind of file are refused', async () => {
    await expect(read('objects.npy')).rejects.toThrow(/type that is not read/);
    await expect(read('two.npz')).rejects.toThrow(/holds 2 arrays/);
    expect(await refusal('npz', Buffer.alloc(500))).toMatch(/whatever its name says/);
    expect(await refusal('npy', Buffer.alloc(500))).toMatch(/whatever its name says/);
  });

  it.each(['volume.npy', 'volume.npz', 'packed.npz'])(
    '%s cut at any byte is never taken for whole',
    async (file) => {
      const whole = readFileSync(join(fixtures, file));
      for (let length = 0; length < whole.length; length += 13)
        await refusal(file.slice(-3), whole.subarray(0, length));
    },
  );

  it('an archive may not unpack to more than it declares, nor declare more than the limits', async () => {
    const bytes = readFileSync(join(fixtures, 'packed.npz'));
    const entry = bytes.lastIndexOf(Buffer.from('504b0102', 'hex'));
    const sized = (size: number): Buffer => {
      const changed = Buffer.from(bytes);
      changed.writeUInt32LE(size, entry + 24);
      return changed;
    };
    expect(await refusal('npz', sized(100))).toMatch(/more than the 100 bytes/);
    expect(await refusal('npz', sized(0xf000_0000))).toMatch(/at most/);
    expect(await refusal('npz', sized(5000))).toMatch(/another length or checksum/);
    await expect(
      readScan(
        fixtures,
        { path: 'volume.npy', files: ['volume.npy'] },
        { limits: { ...defaultLimits, width: 6 } },
      ),
    ).rejects.toThrow(/at most 6/);
  });
});

it.each(['oblique.nii', 'oblique-by-quaternion.nii'])('%s goes to the nearest axes', async (file) => {
  const volume = await read(file);
  expect(volume.shape).toEqual([3, 5, 7]);
  expect([...volume.data]).toEqual(expected);
});
