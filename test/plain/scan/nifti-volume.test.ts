/** Volumes written on the grid of a scan: viewers must find each voxel where the scan has it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { niftiOfShares } from '#emars/scan/nifti-volume.js';
import { encodeNifti } from '#emars/scan/phantom/phantom-files.js';
import type { Volume } from '#emars/scan/readers/read-scan.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { unplaced } from '#emars/scan/readers/nifti-space.js';
import { fixtures, lay, scratch } from './scratch.js';

const SHAPE = [3, 4, 5] as const;
const stored = Int16Array.from({ length: 60 }, (_, i) => i);
/** srow_x, srow_y, srow_z of a scan whose axes run head → feet, right → left, back → front. */
const TURNED = [0, -0.7, 0, 90, 0, 0, 0.8, -120, -2.5, 0, 0, 33];

function oriented(rows: readonly number[], qform = 0): Buffer {
  const bytes = encodeNifti(stored, SHAPE, [1, 1, 1]);
  rows.forEach((value, i) => bytes.writeFloatLE(value, 280 + 4 * i));
  bytes.writeInt16LE(qform, 252);
  [0.1, 0.2, 0.3, 5, 6, 7].forEach((value, i) => bytes.writeFloatLE(value, 256 + 4 * i));
  return bytes;
}

/** The values of a scan as shares, written on its grid. */
async function written(scan: Volume): Promise<Buffer> {
  const shares = scan.data.map((value) => value / 100);
  return gunzipSync(await niftiOfShares(shares, scan.shape, scan.placement ?? unplaced, 'a test'));
}

async function read(bytes: Buffer): Promise<Volume> {
  const root = lay(scratch(), { 'a.nii': bytes });
  return readScan(root, { path: 'a.nii', files: ['a.nii'] });
}

describe('a volume on the grid of a NIfTI scan', () => {
  it.each<[string, Buffer]>([
    ['of the usual order', encodeNifti(stored, SHAPE, [2, 0.8, 0.7])],
    ['of axes in another order, some backwards', oriented(TURNED)],
    ['with two ways to say where it lies', oriented(TURNED, 1)],
    ['without any', oriented(new Array<number>(12).fill(0)).fill(0, 252, 256)],
  ])('has its sizes, its place to the bit, and its voxels: %s', async (_, scan) => {
    const before = await read(scan);
    const bytes = await written(before);
    // dim, pixdim, and all of qform and sform.
    for (const [from, to] of [
      [40, 56],
      [76, 108],
      [252, 328],
    ] as const)
      expect(bytes.subarray(from, to)).toEqual(scan.subarray(from, to));
    expect(bytes.length).toBe(352 + 2 * 60);
    // In the file's own order, voxel for voxel.
    for (let i = 0; i < 60; i++)
      expect(bytes.readInt16LE(352 + 2 * i) / 32767).toBeCloseTo(scan.readInt16LE(352 + 2 * i) / 100, 3);
    const after = await read(bytes);
    expect(after.shape).toEqual(before.shape);
    before.data.forEach((value, i) => expect(after.data[i]).toBeCloseTo(value / 100, 3));
  });
});

describe('a volume on the grid of a DICOM series', () => {
  // From the headers in test/fixtures/scan/make-dicom.py, by hand; NIfTI's x and y are DICOM's, turned round.
  it.each([
    ['series', [-0.5, 0, 0, 10, 0, -0.75, 0, 20, 0, 0, 2.5, 0]],
    ['transposed', [-0.5, 0, 0, 10, 0, -0.75, 0, 20, 0, 0, 2.5, 0]],
    // Its first stored pixel comes out last: 6 columns of 0.5 mm and 4 rows of 0.75 mm away.
    ['prone', [-0.5, 0, 0, 13, 0, -0.75, 0, 23, 0, 0, 2.5, 0]],
  ])('lies where the slices lie: %s', async (folder, rows) => {
    const files = readdirSync(join(fixtures, 'dicom', folder)).map((name) => `dicom/${folder}/${name}`);
    const scan = await readScan(fixtures, { path: folder, files });
    const { space } = scan.placement!;
    expect(space.sformCode).toBe(1);
    rows.forEach((value, i) => expect(space.rows[i]).toBeCloseTo(value, 6));
    const after = await read(
      gunzipSync(await niftiOfShares(new Float32Array(105).fill(0.5), scan.shape, scan.placement!, '')),
    );
    expect(after).toMatchObject({ shape: scan.shape, spacing: scan.spacing });
  });
});

it('refuses shares of another shape', async () => {
  await expect(niftiOfShares(new Float32Array(5), [1, 2, 3], unplaced, '')).rejects.toThrow(RangeError);
});
