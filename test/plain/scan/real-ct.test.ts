/**
 * Real scans, where `EMARS_REAL_CT` names a folder with them; skipped aloud where it does not. The facts
 * were read with nibabel 5.4.2, tifffile 2026.3.3 and Pillow 13.0.0 from the same files.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectData } from '#emars/scan/catalogue/inspect.js';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { lungWindow } from '#emars/scan/store/window.js';
import { resizeSlices } from './resize-slices.js';

const root = process.env['EMARS_REAL_CT'] ?? '';
const absent = root === '';
if (absent)
  console.warn(
    'SKIPPED: tests on real CT scans, because EMARS_REAL_CT is not set (it names a folder with real scans)',
  );

describe.skipIf(absent)(`real CT scans${absent ? ' (skipped: EMARS_REAL_CT is not set)' : ''}`, () => {
  const sum = async (folder: string, index: number): Promise<number> => {
    const { scans } = await readCatalogue(join(root, folder));
    return (await readScan(join(root, folder), scans[index]!)).data.reduce(
      (total, value) => total + value,
      0,
    );
  };

  it('Clean-CC-CCII-like: six scans of 512 × 512, 8 bits', async () => {
    const { layout, classes, scans, problems } = await inspectData(join(root, 'clean-cc-ccii-like'));
    expect([layout, problems]).toEqual(['clean-cc-ccii', []]);
    expect(classes).toEqual({
      CP: { patients: 2, scans: 2 },
      NCP: { patients: 2, scans: 2 },
      Normal: { patients: 2, scans: 2 },
    });
    expect(scans.map(({ shape, dtype, min, max }) => [...shape, dtype, min, max])).toEqual(
      [42, 33, 37, 34, 39, 42].map((depth) => [depth, 512, 512, 'uint8', 55, 255]),
    );
    expect(await sum('clean-cc-ccii-like', 3)).toBe(1343014654);
  });

  it('COVID-CTset-like: two scans whose values keep their 16 bits', async () => {
    const { layout, scans } = await inspectData(join(root, 'covid-ctset-like'));
    expect(layout).toBe('covid-ctset');
    expect(
      scans.map(({ path, class: c, shape, dtype, min, max }) => [path, c, ...shape, dtype, min, max]),
    ).toEqual([
      ['covid/P002/SR_2', 'NCP', 10, 512, 512, 'uint16', 0, 2418],
      ['normal/normal002/SR_2', 'Normal', 10, 512, 512, 'uint16', 0, 2435],
    ]);
    expect([await sum('covid-ctset-like', 0), await sum('covid-ctset-like', 1)]).toEqual([
      1389426934, 1021424804,
    ]);
  });

  it('MosMedData-like: two volumes in Hounsfield units with their spacing', async () => {
    const { layout, scans } = await inspectData(join(root, 'mosmed-like'));
    expect(layout).toBe('mosmeddata');
    expect(scans).toMatchObject([
      {
        path: 'CT-0/study_normal002.nii.gz',
        class: 'Normal',
        shape: [42, 256, 256],
        dtype: 'int16',
        min: -1024,
        max: 1601,
        spacing: [8, 1.5, 1.5],
      },
      {
        path: 'CT-2/study_P002.nii.gz',
        class: 'NCP',
        shape: [34, 256, 256],
        dtype: 'int16',
        min: -1024,
        max: 1431,
        spacing: [8, 1.20703125, 1.20703125],
      },
    ]);
  });

  it('nodules: 448 of 273 patients, 38 of whom have some in both classes', async () => {
    const { layout, scans, problems } = await readCatalogue(join(root, 'nodules'));
    expect([layout, scans.length, problems]).toEqual(['class/patient/scan', 448, []]);
    const patients = (className: string): Set<string> =>
      new Set(scans.filter((scan) => scan.class === className).map(({ patient }) => patient));
    expect(new Set(scans.map(({ patient }) => patient)).size).toBe(273);
    expect([...patients('benign')].filter((patient) => patients('malignant').has(patient))).toHaveLength(38);
    expect([
      Math.min(...scans.map(({ files }) => files.length)),
      Math.max(...scans.map(({ files }) => files.length)),
    ]).toEqual([4, 31]);
  });

  it('one patient as PNG and as NIfTI gives the same picture: order, orientation and window agree', async () => {
    const png = await readScan(
      join(root, 'clean-cc-ccii-like'),
      (await readCatalogue(join(root, 'clean-cc-ccii-like'))).scans.find(
        ({ patient }) => patient === 'P002',
      )!,
      { window: lungWindow },
    );
    const nifti = await readScan(
      join(root, 'mosmed-like'),
      (await readCatalogue(join(root, 'mosmed-like'))).scans[1]!,
      { window: lungWindow },
    );
    const [a, b] = [resizeSlices(png.data, png.shape, 64), resizeSlices(nifti.data, nifti.shape, 64)];
    expect(b).toHaveLength(a.length);
    const difference = a.reduce((total, value, i) => total + Math.abs(value - b[i]!), 0) / a.length;
    // Turned or mirrored by any axis, the difference is above 0.1.
    expect(difference).toBeLessThan(0.02);
  });
});
