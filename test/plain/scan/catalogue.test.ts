import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { CatalogueError } from '#emars/scan/errors.js';
import { defaultLimits } from '#emars/scan/limits.js';
import { lay, scratch } from './scratch.js';

const x = 'not opened by the catalogue';
const folder = (...paths: string[]): string =>
  lay(scratch(), Object.fromEntries(paths.map((path) => [path, x])));

describe('the catalogue reads layouts', () => {
  it('Clean-CC-CCII: class, patient, scan, slices in natural order; a table without paths beside it is a note', async () => {
    const root = folder(
      'NCP/7/1/10.png',
      'NCP/7/1/2.png',
      'NCP/7/2/1.jpg',
      'Normal/9/1/0.png',
      'CP/8/1/0.png',
    );
    lay(root, { 'scans.csv': 'patient,class,slices\n7,NCP,2\n' });
    const { layout, classes, scans, problems } = await readCatalogue(root);
    expect({ layout, classes, problems }).toEqual({
      layout: 'clean-cc-ccii',
      classes: ['CP', 'NCP', 'Normal'],
      problems: [],
    });
    expect(scans.map(({ path }) => path)).toEqual(['CP/8/1', 'NCP/7/1', 'NCP/7/2', 'Normal/9/1']);
    expect(scans[1]).toEqual({
      path: 'NCP/7/1',
      patient: '7',
      class: 'NCP',
      files: ['NCP/7/1/2.png', 'NCP/7/1/10.png'],
    });
  });

  it('MosMedData: grade 0 is Normal, all others NCP, a file is a patient; with and without studies/', async () => {
    const plain = await readCatalogue(
      folder('CT-0/study_0001.nii.gz', 'CT-1/study_0255.nii.gz', 'CT-4/study_1109.nii'),
    );
    expect(plain.layout).toBe('mosmeddata');
    expect(plain.scans.map(({ path, patient, class: c }) => [path, patient, c])).toEqual([
      ['CT-0/study_0001.nii.gz', 'study_0001', 'Normal'],
      ['CT-1/study_0255.nii.gz', 'study_0255', 'NCP'],
      ['CT-4/study_1109.nii', 'study_1109', 'NCP'],
    ]);
    const published = await readCatalogue(
      folder('studies/CT-0/study_1.nii.gz', 'studies/CT-2/study_2.nii.gz', 'masks/study_2_mask.nii.gz'),
    );
    expect([published.layout, published.scans.map(({ path }) => path), published.problems]).toEqual([
      'mosmeddata',
      ['studies/CT-0/study_1.nii.gz', 'studies/CT-2/study_2.nii.gz'],
      [],
    ]);
  });

  it('COVID-CTset: the folder that holds the series is the patient, whatever lies above it', async () => {
    const { layout, scans } = await readCatalogue(
      folder(
        'covid1/extra/patient 3/SR_2/IM1.tif',
        'covid1/extra/patient 3/SR_3/IM1.tif',
        'normal/patient 4/SR_2/IM1.tif',
      ),
    );
    expect(layout).toBe('covid-ctset');
    expect(scans.map(({ patient, class: c }) => [patient, c])).toEqual([
      ['patient 3', 'NCP'],
      ['patient 3', 'NCP'],
      ['patient 4', 'Normal'],
    ]);
  });

  it('class folders in general, with and without a folder for the scan', async () => {
    const three = await readCatalogue(
      folder('benign/A/n-0/0.png', 'malignant/A/n-1/0.png', 'malignant/B/n-0/0.png'),
    );
    expect([
      three.layout,
      three.scans.length,
      new Set(three.scans.map(({ patient }) => patient)).size,
    ]).toEqual(['class/patient/scan', 3, 2]);
    const two = await readCatalogue(folder('a/p/0.png', 'b/q/0.png'));
    expect([two.layout, two.scans.map(({ path, patient }) => [path, patient])]).toEqual([
      'class/patient',
      [
        ['a/p', 'p'],
        ['b/q', 'q'],
      ],
    ]);
    const files = await readCatalogue(folder('a/p/s1.nii', 'a/p/s2.nii', 'b/q/s1.nii.gz'));
    expect([files.layout, files.scans.map(({ patient }) => patient)]).toEqual([
      'class/patient/file',
      ['p', 'p', 'q'],
    ]);
  });

  it('a table with path, patient and class decides, wherever the scans lie', async () => {
    const root = folder('deep/er/one/1.png', 'two.nii.gz', 'rest/3/1.png');
    lay(root, {
      'labels.csv':
        '\uFEFFclass,path,patient,age\r\nsick,deep/er/one/,"p, 1",3\r\nwell,./two.nii.gz,p2,4\r\n',
    });
    const { layout, scans, problems } = await readCatalogue(root);
    expect([layout, problems]).toEqual(['csv', []]);
    expect(scans).toEqual([
      { path: 'deep/er/one', patient: 'p, 1', class: 'sick', files: ['deep/er/one/1.png'] },
      { path: 'two.nii.gz', patient: 'p2', class: 'well', files: ['two.nii.gz'] },
    ]);
  });
});

describe('the catalogue reads as well', () => {
  it('TIFF volumes directly in a class folder: each is a scan and a patient', async () => {
    const { layout, scans, problems } = await readCatalogue(
      folder('sick/P7.tif', 'sick/P8.tiff', 'well/P9.tif'),
    );
    expect([layout, problems]).toEqual(['class/file', []]);
    expect(scans.map(({ path, patient, class: c }) => [path, patient, c])).toEqual([
      ['sick/P7.tif', 'P7', 'sick'],
      ['sick/P8.tiff', 'P8', 'sick'],
      ['well/P9.tif', 'P9', 'well'],
    ]);
  });

  it('a table that is separated by semicolons or tabs, with capitals in its head', async () => {
    for (const separator of [';', '\t']) {
      const root = folder('one/1.png', 'two/1.png');
      const rows = [
        ['Path', 'Patient', 'Class'],
        ['one', 'p,1', 'sick'],
        ['two', 'p2', 'well'],
      ];
      lay(root, { 'labels.csv': rows.map((row) => row.join(separator)).join('\r\n') });
      const { layout, scans } = await readCatalogue(root);
      expect(layout).toBe('csv');
      expect(scans.map(({ patient, class: c }) => [patient, c])).toEqual([
        ['p,1', 'sick'],
        ['p2', 'well'],
      ]);
    }
  });
});

describe('the catalogue remarks', () => {
  it('on a table whose columns it does not know', async () => {
    const root = folder('a/p/s/1.png', 'b/q/s/1.png');
    lay(root, { 'labels.csv': 'Path;Patient;Label\na/p/s;p;a\n' });
    expect(await readCatalogue(root)).toMatchObject({
      layout: 'class/patient/scan',
      remarks: [
        'labels.csv is left alone: expected the columns path, patient, class, got Path, Patient, Label',
      ],
    });
  });

  it('on folders deeper than any layout, and how it reads them; series folders of COVID-CTset are none', async () => {
    const { remarks } = await readCatalogue(folder('site/2021/a/P1/1.png', 'site/2021/b/P2/1.png'));
    expect(remarks).toEqual([
      expect.stringMatching(/site\/2021\/a\/P1 is read as class site, patient 2021/) as string,
    ]);
    const covid = folder('covid1/extra/patient 3/SR_2/IM1.tif', 'normal/patient 4/SR_2/IM1.tif');
    expect((await readCatalogue(covid)).remarks).toEqual([]);
  });
});

describe('the catalogue refuses', () => {
  it('DICOM that cannot be read, by name or by content, and a folder of it beside others', async () => {
    const named = folder('P1/ST1/SE2/IM0001.dcm', 'P1/ST1/SE2/IM0002.DCM');
    await expect(readCatalogue(named)).rejects.toThrow(/IM0001\.dcm: not a DICOM file/);
    const bare = lay(scratch(), {
      'P1/IM0001': Buffer.concat([Buffer.alloc(128), Buffer.from('DICM\u0002\0')]),
    });
    await expect(readCatalogue(bare)).rejects.toThrow(/P1\/IM0001: the DICOM file is truncated/);
    await expect(readCatalogue(folder('P1/IM0001'))).rejects.not.toThrow(/DICOM/);
    // A class that holds nothing else must not vanish in silence.
    const { problems } = await readCatalogue(folder('a/p/s/1.png', 'b/q/s/1.dcm'));
    expect(problems.map(({ path }) => path)).toEqual(['b/q/s/1.dcm']);
  });

  it('the folder of a run, and names the phantoms in it', async () => {
    const run = folder('config.yaml', 'run.json', 'phantoms/NCP/P1/1/1.png', 'figures/front.png');
    await expect(readCatalogue(run)).rejects.toThrow(
      /got the folder of a run; its scans are in the folder phantoms/,
    );
    expect((await readCatalogue(join(run, 'phantoms'))).scans).toHaveLength(1);
    expect((await readCatalogue(folder('config.yaml', 'a/p/s/1.png'))).scans).toHaveLength(1);
  });

  it('every bad row of a table, each with its line', async () => {
    const root = folder('ok/1.png', 'empty.txt', 'mixed/1.png', 'mixed/2.tif');
    const rows = [
      'path,patient,class',
      'ok,p,a',
      '/etc,p,a',
      '../up,p,a',
      'a/../../up,p,a',
      'C:/x,p,a',
      'a\\b,p,a',
      'gone,p,a',
      'ok,p,a',
      'ok2,,a',
      'ok3,p,',
      'mixed,p,a',
      ',p,a',
    ];
    lay(root, { 'labels.csv': rows.join('\n') });
    const { scans, problems } = await readCatalogue(root);
    expect(scans.map(({ path }) => path)).toEqual(['ok']);
    expect(problems.map(({ path }) => path)).toEqual(rows.slice(2).map((_, i) => `labels.csv:${i + 3}`));
    const [absolute, up] = problems.map(({ reason }) => reason);
    expect(absolute).toContain('absolute');
    expect(up).toContain('leave the data folder');
  });

  it('symbolic links that leave the folder, lead back up, or lead nowhere; one that stays inside is followed', async () => {
    const outside = folder('secret/1.png');
    const root = folder('a/p/s/1.png', 'b/q/s/1.png');
    symlinkSync(join(outside, 'secret'), join(root, 'a/p/out'));
    symlinkSync(join(outside, 'secret/1.png'), join(root, 'a/p/s/2.png'));
    symlinkSync('..', join(root, 'a/p/loop'));
    symlinkSync('nowhere', join(root, 'a/p/broken'));
    symlinkSync('../p/s', join(root, 'b/r'));
    symlinkSync(join(root, 'a/p/s'), join(root, 'b/inside'));
    const { scans, problems } = await readCatalogue(root);
    expect(scans.map(({ path, files }) => [path, files])).toEqual([
      ['a/p/s', ['a/p/s/1.png']],
      ['b/inside', ['b/inside/1.png']],
      ['b/q/s', ['b/q/s/1.png']],
    ]);
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'a/p/broken',
      'a/p/loop',
      'a/p/out',
      'a/p/s/2.png',
      'b/inside/2.png',
      'b/r',
    ]);
  });

  it('a folder that is missing, a file, or empty, with one clear line', async () => {
    const root = folder('file.txt');
    for (const path of [join(root, 'gone'), join(root, 'file.txt'), root]) {
      await expect(readCatalogue(path)).rejects.toThrow(CatalogueError);
      await expect(readCatalogue(path)).rejects.toThrow(/^[^\n]+$/);
    }
    await expect(readCatalogue(root)).rejects.toThrow(/no scans found/);
  });

  it('more files, or deeper folders, than the limits allow', async () => {
    const root = folder('a/p/s/1.png', 'a/p/s/2.png', 'b/q/s/1.png');
    await expect(readCatalogue(root, { limits: { ...defaultLimits, files: 5 } })).rejects.toThrow(
      /more than 5 files/,
    );
    await expect(readCatalogue(root, { limits: { ...defaultLimits, folderDepth: 2 } })).rejects.toThrow(
      /nested deeper/,
    );
  });

  it('names what it passes over: empty scan folders, mixed formats, slices without a patient; hidden files it does not mention', async () => {
    const root = folder(
      'a/p/s/1.png',
      'a/q/1.png',
      'a/q/2.tif',
      'a/1.png',
      'a/p/.DS_Store',
      '__MACOSX/a/p/s/1.png',
      'b/r/s/1.png',
      'loose.nii',
    );
    mkdirSync(join(root, 'b/empty'), { recursive: true });
    const { scans, problems } = await readCatalogue(root);
    expect(scans.map(({ path }) => path)).toEqual(['a/p/s', 'b/r/s']);
    expect(problems.map(({ path }) => path).sort()).toEqual(['a', 'a/q', 'b/empty', 'loose.nii']);
  });
});
