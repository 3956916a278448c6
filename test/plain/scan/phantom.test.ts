import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { lungWindow } from '#emars/scan/store/window.js';
import {
  defaultPhantoms,
  PhantomError,
  writePhantoms,
  type PhantomFormat,
} from '#emars/scan/phantom/phantom.js';
import { drawPhantom } from '#emars/scan/phantom/phantom-volume.js';
import { readScan } from '#emars/scan/readers/read-scan.js';
import { lay, scratch } from './scratch.js';

const few = { patients: 3, scansPerPatient: 2, shape: [10, 32, 32] as const, seed: 4 };

/** SHA-256 over names and bytes of everything in a folder. */
function digest(dir: string): string {
  const hash = createHash('sha256');
  const visit = (at: string): void => {
    for (const name of readdirSync(at).sort()) {
      const path = join(at, name);
      if (statSync(path).isDirectory()) visit(path);
      else hash.update(relative(dir, path)).update(readFileSync(path));
    }
  };
  visit(dir);
  return hash.digest('hex');
}

async function written(options: object): Promise<string> {
  const dir = join(scratch(), 'phantoms');
  await writePhantoms(dir, { ...few, ...options });
  return dir;
}

describe('phantom files', () => {
  it.each(['png', 'tif', 'nii', 'nii.gz'] as const)(
    '%s: the same seed gives the same bytes, another seed others',
    async (format) => {
      const [one, again, other] = await Promise.all([
        written({ format }),
        written({ format }),
        written({ format, seed: 5 }),
      ]);
      expect(digest(again)).toBe(digest(one));
      expect(digest(other)).not.toBe(digest(one));
    },
  );

  it('are these very bytes on every machine', async () => {
    // Not a golden file of another program: it holds the promise that no bit depends on engine or platform.
    expect(digest(await written({ format: 'tif', patients: 3, scansPerPatient: 1 }))).toBe(
      '8c4ea96152d7ef6e63dbf97233f7be78a8e88ef4a22815dd5005fbd70da96418',
    );
  });

  it('decode to the same picture in all formats, to half a grey level of PNG', async () => {
    const formats: readonly PhantomFormat[] = ['png', 'tif', 'nii', 'nii.gz'];
    const volumes = await Promise.all(
      formats.map(async (format) => {
        const dir = await written({ format });
        const { scans } = await readCatalogue(dir);
        return Promise.all(scans.map((scan) => readScan(dir, scan, { window: lungWindow })));
      }),
    );
    const [png, ...others] = volumes;
    expect(png).toHaveLength(6);
    for (const other of others) {
      other.forEach(({ data, shape }, i) => {
        expect(shape).toEqual(png![i]!.shape);
        const worst = data.reduce((most, value, k) => Math.max(most, Math.abs(value - png![i]!.data[k]!)), 0);
        expect(worst).toBeLessThanOrEqual(0.5 / 255 + 1e-6);
      });
    }
    expect(others[1]![0]!.spacing?.[1]).toBeCloseTo(350 / 32, 4);
  });

  it('stand in the layout of Clean-CC-CCII, all classes, several scans a patient, with masks that the catalogue passes over', async () => {
    const dir = await written({ patients: 6 });
    const { layout, classes, scans, problems } = await readCatalogue(dir);
    expect({ layout, classes, problems }).toEqual({
      layout: 'clean-cc-ccii',
      classes: ['CP', 'NCP', 'Normal'],
      problems: [],
    });
    expect(scans).toHaveLength(12);
    expect(new Set(scans.map(({ patient }) => patient)).size).toBe(6);
    expect(new Set(scans.map(({ files }) => files.length)).size).toBeGreaterThan(1);
    const masks = join(dir, 'masks');
    for (const scan of scans) {
      const mask = await readScan(masks, { path: scan.path, files: [`${scan.path}.nii.gz`] });
      expect(mask.shape[0]).toBe(scan.files.length);
      expect(mask.max).toBe({ Normal: 0, NCP: 1, CP: 2 }[scan.class]);
    }
  });

  it('are 180 scans of 90 patients unless something else is asked for', () => {
    expect(defaultPhantoms.patients * defaultPhantoms.scansPerPatient).toBe(180);
  });

  it('are refused for a folder in use and for options out of range', async () => {
    await expect(writePhantoms(lay(scratch(), { 'some.txt': 'x' }), few)).rejects.toThrow(/new or empty/);
    for (const wrong of [
      { patients: 0 },
      { scansPerPatient: 1.5 },
      { shape: [2, 32, 32] as const },
      { contrast: -1 },
      { seed: -1 },
      { classes: [] },
    ]) {
      await expect(writePhantoms(join(scratch(), 'new'), { ...few, ...wrong })).rejects.toThrow(PhantomError);
    }
  });
});

describe('phantom volumes', () => {
  const key = { seed: 9, scan: 0, shape: [20, 48, 48] as const, contrast: 1 };

  it('differ between classes in their lesions only: no contrast, no difference in any healthy voxel', () => {
    for (let patient = 0; patient < 4; patient++) {
      const normal = drawPhantom({ ...key, patient, class: 'Normal' });
      for (const phantomClass of ['NCP', 'CP'] as const) {
        const sick = drawPhantom({ ...key, patient, class: phantomClass });
        expect(sick.shape).toEqual(normal.shape);
        expect(
          Buffer.from(drawPhantom({ ...key, patient, class: phantomClass, contrast: 0 }).hu.buffer).equals(
            Buffer.from(normal.hu.buffer),
          ),
        ).toBe(true);
        let changed = 0;
        sick.hu.forEach((value, i) => (changed += value === normal.hu[i] ? 0 : 1));
        expect(changed).toBeGreaterThan(20);
        expect(changed / sick.hu.length).toBeLessThan(0.15);
      }
    }
  });

  it('show ground glass between air and tissue, consolidation near tissue', () => {
    const inside = (phantomClass: 'NCP' | 'CP'): number => {
      const values = [0, 1, 2, 3].flatMap((patient) => {
        const { hu, mask } = drawPhantom({ ...key, patient, class: phantomClass });
        return [...hu].filter((_, i) => mask[i]! > 0);
      });
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    expect(inside('NCP')).toBeGreaterThan(-720);
    expect(inside('NCP')).toBeLessThan(-350);
    expect(inside('CP')).toBeGreaterThan(-400);
    expect(inside('CP')).toBeLessThan(50);
  });

  it('are not told apart by their mean: the best threshold of the mean finds few of them', () => {
    const means = (phantomClass: 'Normal' | 'NCP' | 'CP'): number[] =>
      Array.from({ length: 24 }, (_, patient) => {
        const { hu } = drawPhantom({
          ...key,
          seed: 100 + ['Normal', 'NCP', 'CP'].indexOf(phantomClass),
          shape: [10, 24, 24],
          patient,
          class: phantomClass,
        });
        return hu.reduce((sum, value) => sum + value, 0) / hu.length;
      });
    const [normal, ncp, cp] = [means('Normal'), means('NCP'), means('CP')];
    /** Share of pairs in which the mean of the sick one is greater: 0.5 = says nothing. */
    const area = (a: number[], b: number[]): number =>
      a.flatMap((x) => b.map((y) => (y > x ? 1 : 0) as number)).reduce((sum, value) => sum + value, 0) /
      (a.length * b.length);
    for (const value of [area(normal, ncp), area(normal, cp), area(ncp, cp)])
      expect(Math.abs(value - 0.5)).toBeLessThan(0.3);
  });
});
