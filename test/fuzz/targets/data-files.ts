/** What users bring beside scans: a split file, a table. */
import { writeFileSync } from 'node:fs';
import { isAbsolute, join, normalize } from 'node:path';
import { readCatalogue } from '#emars/scan/catalogue/catalogue.js';
import { CatalogueError } from '#emars/scan/errors.js';
import { formatSplit, readSplit } from '#emars/scan/split/split-file.js';
import { SplitError } from '#emars/scan/split/split.js';
import type { FuzzTarget } from '../target.js';
import { demand, demandSame, fileOf, folderFor, takenOrOneLine } from '../target.js';

const SCANS = ['a', 'b'].flatMap((name) =>
  Array.from({ length: 6 }, (_, patient) =>
    [1, 2].map((scan) => ({
      id: `${name}/p${patient}/${scan}`,
      patient: `${name}-p${patient}`,
      class: name,
    })),
  ).flat(),
);
const idsOf = (patients: readonly number[]): string[] =>
  SCANS.filter(({ patient }) => patients.includes(Number(patient.slice(-1)))).map(({ id }) => id);
const SPLITS = [
  { train: idsOf([0, 1, 2, 3]), validation: idsOf([4, 5]) },
  { train: idsOf([0, 1, 2]).map((id) => ({ id })), val: idsOf([3]), test: idsOf([4, 5]) },
  { train: { a: { p0: { 1: ['0.png'] }, p1: { 1: ['0.png'] } }, b: { p2: { 2: ['1.png'] } } }, test: [] },
];

export const split: FuzzTarget = {
  name: 'split',
  seeds: () => Promise.resolve(SPLITS.map((document) => Buffer.from(JSON.stringify(document)))),
  run: async (bytes) => {
    const path = fileOf('split', 'split.json', bytes);
    const found = await takenOrOneLine(() => readSplit(path, SCANS, { seed: 1 }), SplitError);
    if (found === null) return false;
    const sides = [found.train, found.validation, found.test];
    const known = new Map(SCANS.map((scan) => [scan.id, scan]));
    for (const { id, patient, class: name } of sides.flat()) {
      const scan = known.get(id);
      demand(scan?.patient === patient && scan.class === name, `a scan that there is none of: ${id}`);
    }
    const all = sides.flatMap((side) => side.map(({ id }) => id));
    demand(new Set(all).size === all.length, 'a scan twice');
    const patients = sides.flatMap((side) => [...new Set(side.map(({ patient }) => patient))]);
    demand(new Set(patients).size === patients.length, 'a patient on two sides');
    demand(found.train.length > 0 && found.validation.length > 0, 'an empty side');
    const again = await readSplit(fileOf('split', 'again.json', Buffer.from(formatSplit(found))), SCANS);
    demandSame(formatSplit(again), formatSplit(found), 'a split');
    return true;
  },
};

const TABLES = [
  'path,patient,class\none,p1,sick\ntwo/a,p2,well\n',
  '\uFEFFclass;path;patient;age\r\nsick;one/;"p;1";3\r\nwell;./two/a;p2;4\r\n',
  'Path\tPatient\tClass\none\tp1\tsick\nthree.nii\tp3\twell\n',
];
const FILES = ['one/1.png', 'one/2.png', 'two/a/1.png', 'three.nii'];

export const table: FuzzTarget = {
  name: 'table',
  seeds: () => Promise.resolve(TABLES.map((text) => Buffer.from(text))),
  run: async (bytes) => {
    const root = folderFor('table');
    for (const file of FILES) {
      folderFor(join('table', file, '..'));
      writeFileSync(join(root, file), 'not opened by the catalogue');
    }
    fileOf('table', 'labels.csv', bytes);
    const found = await takenOrOneLine(() => readCatalogue(root), CatalogueError);
    if (found === null || found.layout !== 'csv') return false;
    const paths = new Set<string>();
    for (const { path, patient, class: name, files } of found.scans) {
      demand(!isAbsolute(path) && !normalize(path).startsWith('..'), `a path out of the folder: ${path}`);
      demand(patient !== '' && name !== '', 'a scan without a patient or a class');
      demand(files.length > 0 && files.every((file) => FILES.includes(file)), `a file there is none of`);
      demand(!paths.has(path), 'a scan twice');
      paths.add(path);
    }
    return found.scans.length > 0;
  },
};
