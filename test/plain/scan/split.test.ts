import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkSplit,
  requireClassesOnSides,
  sides,
  splitByPatient,
  SplitError,
  withoutScans,
  type Split,
  type SplitScan,
} from '#emars/scan/split/split.js';
import { formatSplit, readSplit, writeSplit } from '#emars/scan/split/split-file.js';
import { generator } from '#emars/random/generator.js';
import { lay, scratch } from './scratch.js';

const scan = (id: string, patient: string, className: string, contentHash?: string): SplitScan => ({
  id,
  patient,
  class: className,
  ...(contentHash === undefined ? {} : { contentHash }),
});

/** Random patients, some of them with scans in two classes. */
function randomScans(round: number): SplitScan[] {
  const random = generator(round, 'test-scans');
  const classes = ['a', 'b', 'c'].slice(0, 2 + random.integer(2));
  return Array.from({ length: 4 + random.integer(40) }, (_, p) => p).flatMap((p) => {
    const home = random.pick(classes);
    return Array.from({ length: 1 + random.integer(3) }, (_, s) => {
      const className = random.chance(0.1) ? random.pick(classes) : home;
      return scan(`${className}/p${p}/${s}`, `p${p}`, className);
    });
  });
}

const patientsOf = (split: Split, side: (typeof sides)[number], className?: string): Set<string> =>
  new Set(
    split[side]
      .filter((entry) => className === undefined || entry.class === className)
      .map(({ patient }) => patient),
  );

describe('a class on one side only', () => {
  const entry = (id: string, className: string) => ({ id, patient: id, class: className });
  const split = {
    format: 1,
    classes: ['a', 'b'],
    seed: null,
    fractions: null,
    train: [entry('1', 'a'), entry('2', 'b')],
    validation: [entry('3', 'a'), entry('4', 'b')],
    test: [],
  } as const;

  it('is refused, with the class and the side', () => {
    expect(() => requireClassesOnSides(split)).not.toThrow();
    expect(() => requireClassesOnSides({ ...split, validation: [entry('3', 'a')] })).toThrow(
      /no scan of class b on the validation side \(one patient on both\)/,
    );
    expect(() => requireClassesOnSides({ ...split, train: [entry('1', 'b')] })).toThrow(
      /no scan of class a on the training side/,
    );
  });

  it('is what one patient a class comes to', () => {
    const drawn = splitByPatient([entry('1', 'a'), entry('2', 'b')], {
      fractions: { validation: 0.5 },
      seed: 1,
    });
    expect(() => requireClassesOnSides(drawn)).toThrow(SplitError);
  });
});

describe('a drawn split', () => {
  it('keeps every patient whole, uses every scan once, leaves no side empty, for 150 random data sets', () => {
    for (let round = 0; round < 150; round++) {
      const scans = randomScans(round);
      const split = splitByPatient(scans, {
        fractions: round % 2 === 0 ? { validation: 0.2 } : { validation: 0.2, test: 0.2 },
        seed: round,
      });
      const all = sides.flatMap((side) => split[side].map(({ id }) => id));
      expect(all.sort()).toEqual(scans.map(({ id }) => id).sort());
      expect(
        patientsOf(split, 'train').size +
          patientsOf(split, 'validation').size +
          patientsOf(split, 'test').size,
      ).toBe(new Set(scans.map(({ patient }) => patient)).size);
      expect(split.train.length * split.validation.length).toBeGreaterThan(0);
      expect(split.test.length > 0).toBe(round % 2 === 1);
    }
  });

  it('has each class on both sides where two patients have it alone', () => {
    for (let round = 0; round < 150; round++) {
      const scans = randomScans(round);
      const split = splitByPatient(scans, { fractions: { validation: 0.15 }, seed: round });
      for (const className of split.classes) {
        const own = new Set(scans.filter((each) => each.class === className).map(({ patient }) => patient));
        const alone = [...own].filter((patient) =>
          scans.every((each) => each.patient !== patient || each.class === className),
        );
        if (alone.length < 2) continue;
        expect(
          patientsOf(split, 'train', className).size,
          `round ${round}, class ${className}`,
        ).toBeGreaterThan(0);
        expect(
          patientsOf(split, 'validation', className).size,
          `round ${round}, class ${className}`,
        ).toBeGreaterThan(0);
      }
    }
  });

  it('has the shares asked for, in each class, to one patient', () => {
    const scans = ['x', 'y'].flatMap((c, i) =>
      Array.from({ length: 50 + 30 * i }, (_, p) => scan(`${c}${p}`, `${c}${p}`, c)),
    );
    const split = splitByPatient(scans, { fractions: { validation: 0.2, test: 0.1 }, seed: 3 });
    expect([patientsOf(split, 'validation', 'x').size, patientsOf(split, 'test', 'x').size]).toEqual([10, 5]);
    expect([patientsOf(split, 'validation', 'y').size, patientsOf(split, 'test', 'y').size]).toEqual([16, 8]);
  });

  it('depends on the seed and not on the order of the input', () => {
    const scans = randomScans(7);
    const options = { fractions: { validation: 0.25 }, seed: 11 };
    const split = splitByPatient(scans, options);
    for (let round = 0; round < 10; round++) {
      const shuffled = generator(round, 'shuffle')
        .permutation(scans.length)
        .map((i) => scans[i]!);
      expect(formatSplit(splitByPatient(shuffled, options))).toBe(formatSplit(split));
    }
    const others = new Set(
      Array.from({ length: 10 }, (_, seed) =>
        formatSplit({ ...splitByPatient(scans, { ...options, seed }), seed: 0 }),
      ),
    );
    expect(others.size).toBeGreaterThan(5);
  });

  it('keeps patients together who share a scan byte for byte', () => {
    for (let seed = 0; seed < 20; seed++) {
      const scans = Array.from({ length: 12 }, (_, p) =>
        scan(`s${p}`, `p${p}`, p % 2 === 0 ? 'a' : 'b', `hash ${p === 7 || p === 9 || p === 3 ? 'same' : p}`),
      );
      const split = splitByPatient(scans, { fractions: { validation: 0.3 }, seed });
      const side = (id: string): string | undefined =>
        sides.find((each) => split[each].some((entry) => entry.id === id));
      expect([side('s7'), side('s9')]).toEqual([side('s3'), side('s3')]);
    }
  });

  it('is refused for too few patients, shares out of range and a scan given twice', () => {
    const two = [scan('1', 'p', 'a'), scan('2', 'q', 'b')];
    expect(splitByPatient(two, { fractions: { validation: 0.2 }, seed: 0 }).validation).toHaveLength(1);
    expect(() => splitByPatient(two, { fractions: { validation: 0.2, test: 0.2 }, seed: 0 })).toThrow(
      /at least 3 patients/,
    );
    expect(() =>
      splitByPatient([scan('1', 'p', 'a'), scan('2', 'p', 'b')], { fractions: { validation: 0.2 }, seed: 0 }),
    ).toThrow(SplitError);
    for (const fractions of [
      { validation: 0 },
      { validation: 1 },
      { validation: 0.6, test: 0.4 },
      { validation: Number.NaN },
    ])
      expect(() => splitByPatient(two, { fractions, seed: 0 })).toThrow(/validation share/);
    expect(() => splitByPatient([...two, two[0]!], { fractions: { validation: 0.5 }, seed: 0 })).toThrow(
      /given twice/,
    );
  });
});

describe('a given split', () => {
  const scans = [
    scan('a/p/1', 'p', 'a', 'h1'),
    scan('b/p/2', 'p', 'b', 'h2'),
    scan('a/q/1', 'q', 'a', 'h3'),
    scan('b/r/1', 'r', 'b', 'h1'),
  ];
  const given = (train: SplitScan[], validation: SplitScan[], test: SplitScan[] = []): Split => ({
    format: 1,
    classes: ['a', 'b'],
    seed: null,
    fractions: null,
    train,
    validation,
    test,
  });

  it('is refused for everything that is wrong with it, at once', () => {
    const leak = given(
      [scans[0]!, scans[2]!, scan('a/q/1', 'q', 'b'), scan('gone', 'x', 'a')],
      [scans[1]!, scans[3]!, scans[2]!, scan('b/r/1', 's', 'b')],
    );
    let problems: readonly string[] = [];
    try {
      checkSplit(leak, scans);
    } catch (error) {
      if (error instanceof SplitError) problems = error.problems;
    }
    for (const expected of [
      /patient p is in train and validation: a leak/,
      /patient q is in train and validation/,
      /gone \(train\) is not among the scans/,
      /a\/q\/1 stands twice in train/,
      /a\/q\/1 is in train and in validation/,
      /is of class a, not b/,
      /belongs to patient r, not s/,
      /same scan/,
    ]) {
      expect(
        problems.some((problem) => expected.test(problem)),
        String(expected),
      ).toBe(true);
    }
  });

  it('is refused with an empty side, and may leave scans out', () => {
    expect(() => checkSplit(given([scans[2]!], []), scans)).toThrow(/validation is empty/);
    expect(() => checkSplit(given([scans[2]!], [scans[3]!]), scans)).not.toThrow();
    expect(() =>
      checkSplit(withoutScans(given([scans[2]!], [scans[3]!]), new Set(['b/r/1'])), scans),
    ).toThrow(/validation is empty/);
  });
});

describe('a split file', () => {
  const scans = ['NCP', 'CP'].flatMap((c) =>
    Array.from({ length: 6 }, (_, p) => scan(`${c}/${p}/1`, `${c}${p}`, c)),
  );

  it('is read as it was written, with one scan a line and equal bytes for equal splits', async () => {
    const path = join(scratch(), 'split.json');
    const split = splitByPatient(scans, { fractions: { validation: 0.2, test: 0.2 }, seed: 5 });
    await writeSplit(path, split);
    expect(await readSplit(path, scans)).toEqual(split);
    expect(readFileSync(path, 'utf8')).toBe(formatSplit({ ...split, train: [...split.train].reverse() }));
  });

  it('may be lists of ids, lists as Clean-CC-CCII publishes them, or names of files with them', async () => {
    const list = (from: number, to: number) =>
      Object.fromEntries(
        ['NCP', 'CP'].map((c) => [
          c,
          Object.fromEntries(
            Array.from({ length: to - from }, (_, i) => [String(from + i), { 1: ['0.png', '1.png'] }]),
          ),
        ]),
      );
    const root = lay(scratch(), {
      'ids.json': JSON.stringify({ train: scans.slice(0, 5).map(({ id }) => id), val: [{ id: 'CP/5/1' }] }),
      'lists.json': JSON.stringify({ train: 'ct_train.json', test: 'ct_test.json' }),
      'ct_train.json': JSON.stringify(list(0, 5)),
      'ct_test.json': JSON.stringify(list(5, 6)),
    });
    expect(await readSplit(join(root, 'ids.json'), scans)).toMatchObject({
      train: scans.slice(0, 5),
      validation: [scans[11]],
      test: [],
      seed: null,
    });
    const split = await readSplit(join(root, 'lists.json'), scans, { seed: 4 });
    expect(split.test.map(({ id }) => id)).toEqual(['NCP/5/1', 'CP/5/1']);
    expect([split.train.length, split.validation.length, split.seed]).toEqual([8, 2, 4]);
    expect(new Set(split.validation.map((entry) => entry.class))).toEqual(new Set(['NCP', 'CP']));
  });

  it('names NIfTI files of MosMedData as its published lists do', async () => {
    const volumes = ['1', '2', '3'].map((n) =>
      scan(`studies/CT-${n}/study_${n}.nii.gz`, `study_${n}`, 'NCP'),
    );
    const root = lay(scratch(), {
      'm.json': JSON.stringify({
        train: { 'CT-1': { 1: { 0: ['study_1.nii.gz'] } }, 'CT-2': { 2: { 0: ['study_2.nii.gz'] } } },
        validation: ['studies/CT-3/study_3.nii.gz'],
      }),
    });
    expect((await readSplit(join(root, 'm.json'), volumes)).train.map(({ patient }) => patient)).toEqual([
      'study_1',
      'study_2',
    ]);
  });

  it('is refused when it leaks, names unknown scans, is no JSON, no split, or points elsewhere', async () => {
    const root = lay(scratch(), {
      'leak.json': JSON.stringify({ train: ['NCP/0/1'], validation: ['NCP/0/1'] }),
      'unknown.json': JSON.stringify({ train: ['NCP/0/1', 'x', 'y'], validation: ['CP/1/1'] }),
      'broken.json': '{"train": [',
      'other.json': '{"trains": []}',
      'elsewhere.json': JSON.stringify({ train: '../secret.json', validation: ['CP/1/1'] }),
    });
    await expect(readSplit(join(root, 'leak.json'), scans)).rejects.toThrow(/leak/);
    await expect(readSplit(join(root, 'unknown.json'), scans)).rejects.toThrow(/x \(train\).*y \(train\)/);
    for (const name of ['broken.json', 'other.json', 'elsewhere.json', 'gone.json']) {
      await expect(readSplit(join(root, name), scans)).rejects.toThrow(SplitError);
      await expect(readSplit(join(root, name), scans)).rejects.toThrow(/^[^\n]+$/);
    }
  });
});
