/** Making, looking at and splitting data by the command line, on phantoms as real files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeInspection } from '#emars/app/data-inspect.js';
import { tinyRun } from '../report/tiny-run.js';
import { ROOT, emars, mistake } from './run-emars.js';

let folder = '';
let scans = '';
let tiny = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'emars-data-'));
  scans = join(folder, 'scans');
  tiny = await tinyRun(folder, 'tiny');
  const made = await emars([
    'data',
    'phantom',
    scans,
    '--seed',
    '5',
    '--patients',
    '6',
    '--format',
    'tif',
    '--set',
    'data.phantom={size: 24, slices: 6}',
  ]);
  expect(made.stdout).toBe(`${scans}: 12 scans of 6 patients (4 Normal, 4 NCP, 4 CP), seed 5, tif\n`);
  expect(made).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Inspected {
  readonly layout: string;
  readonly classes: Record<string, { readonly patients: number; readonly scans: number }>;
  readonly scans: { readonly path: string; readonly shape: number[]; readonly dtype: string }[];
  readonly problems: { readonly path: string; readonly reason: string }[];
}

interface Entry {
  readonly id: string;
  readonly patient: string;
}
type Sides = Record<'train' | 'validation' | 'test', Entry[]>;

describe('emars data', () => {
  it('inspect lists what phantom made', async () => {
    const { code, stdout } = await emars(['data', 'inspect', scans, '--json']);
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as Inspected;
    expect(Object.keys(found)).toEqual(['layout', 'classes', 'scans', 'problems', 'remarks']);
    expect(found.classes).toEqual({
      CP: { patients: 2, scans: 4 },
      NCP: { patients: 2, scans: 4 },
      Normal: { patients: 2, scans: 4 },
    });
    expect(found.scans.map(({ dtype }) => dtype)).toEqual(Array.from({ length: 12 }, () => 'uint16'));
    expect(found.problems).toEqual([]);
  });

  it('split prints a split by patient, the same again for the same seed, and checks one that is given', async () => {
    const first = await emars(['data', 'split', scans, '--seed', '3']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const sides = JSON.parse(first.stdout) as Sides;
    const patients = (side: keyof Sides): Set<string> => new Set(sides[side].map(({ patient }) => patient));
    expect([...patients('train')].filter((patient) => patients('validation').has(patient))).toEqual([]);
    expect(sides.train.length + sides.validation.length).toBe(12);

    const file = join(folder, 'split.json');
    const again = await emars(['data', 'split', scans, '--set', 'data.split.seed=3', '--out', file]);
    expect(again.stdout).toBe(
      `${file}: ${sides.train.length} scans train, ${sides.validation.length} validate, 0 are kept out\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe(first.stdout);

    // One scan of a training patient moved to the validation side: a leak.
    const [moved, ...rest] = sides.train;
    const leaking = join(folder, 'leaking.json');
    writeFileSync(
      leaking,
      JSON.stringify({ ...sides, train: rest, validation: [...sides.validation, moved] }),
    );
    expect(await mistake('data', 'split', scans, '--file', leaking)).toEqual({
      code: 3,
      lines: [expect.stringMatching(/: a leak/) as string],
    });
  });

  it('names a truncated file: listed by inspect, refused with 3 by split', async () => {
    const broken = join(folder, 'broken');
    cpSync(scans, broken, { recursive: true });
    truncateSync(join(broken, 'NCP/P0002/1/3.tif'), 100);
    const inspected = await emars(['data', 'inspect', broken]);
    expect(inspected.code).toBe(3);
    expect(inspected.stdout).toMatch(/problem: NCP\/P0002\/1.*3\.tif/);
    expect(await mistake('data', 'split', broken)).toEqual({
      code: 3,
      lines: [
        expect.stringMatching(/^1 of 12 scans cannot be read: NCP\/P0002\/1.*onBadScan=skip/) as string,
      ],
    });
  });

  it('ends with one line on folders that cannot be used', async () => {
    mkdirSync(join(folder, 'empty'));
    expect(await mistake('data', 'inspect', join(folder, 'empty'))).toEqual({
      code: 3,
      lines: [expect.stringMatching(/empty: no scans found: expected/) as string],
    });
    expect(await mistake('data', 'phantom', scans)).toEqual({
      code: 2,
      lines: [`${scans}: expected a new or empty folder, got one with files; choose another name`],
    });
    expect(await mistake('data', 'phantom', join(folder, 'new'), '--patients', '0')).toEqual({
      code: 2,
      lines: [expect.stringMatching(/--patients: expected a whole number from 1/) as string],
    });
    expect(await mistake('data', 'phantom', join(folder, 'new'), '--format', 'dcm')).toEqual({
      code: 2,
      lines: [expect.stringMatching(/png, tif, nii/) as string],
    });
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  it.each([
    ['data', 'inspect', 'PATH'],
    ['data', 'split', 'PATH'],
    ['report', 'PATH'],
    ['evaluate', 'PATH', '--data', '.'],
    ['evaluate', 'RUN', '--data', 'PATH'],
    ['inspect', '--set', 'data.path=PATH'],
    ['search', '--config', 'configs/smoke.yaml', '--data', 'PATH'],
    ['search', '--config', 'configs/smoke.yaml', '--set', 'data.split.file=PATH'],
    ['search', '--resume', 'PATH'],
  ])('ends with 2 on a path that is not there: %s %s %s', async (...args) => {
    const path = join(folder, 'nowhere');
    expect(await mistake(...args.map((each) => each.replace('PATH', path).replace('RUN', tiny)))).toEqual({
      code: 2,
      lines: [expect.stringContaining(`"${path}", which is not there`) as string],
    });
  });

  it('stops on Ctrl-C with 130 and says what is left', async () => {
    const target = join(folder, 'many');
    const child = spawn(
      process.execPath,
      [join(ROOT, 'dist/app/main.js'), 'data', 'phantom', target, '--patients', '100000'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const said = { stderr: '' };
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const ended = once(child, 'close');
    while (!existsSync(join(target, 'Normal')) && child.exitCode === null) await wait(20);
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(said.stderr).toBe(`emars: interrupted; ${target} is incomplete: remove it\n`);
  });

  it('counts the classes of a folder for inspect', async () => {
    const { stdout } = await emars(['inspect', '--set', `data.path=${scans}`, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ classes: 3 });
  });

  it('describes ranges of shapes and values, and cuts a long list of problems', () => {
    const scan = {
      path: 'a',
      patient: 'p',
      class: 'x',
      shape: [4, 8, 8],
      dtype: 'int16',
      min: -1000,
      max: 400,
      spacing: null,
    } as const;
    const problems = Array.from({ length: 25 }, (_, i) => ({ path: `f${i}`, reason: 'broken' }));
    const lines = describeInspection({
      layout: 'csv',
      classes: { x: { patients: 1, scans: 2 } },
      scans: [scan, { ...scan, shape: [9, 8, 8], max: 700 }],
      problems,
      remarks: ['one class only'],
    });
    expect(lines).toContain('note: one class only');
    expect(lines).toContain('slices x height x width  4…9 x 8 x 8');
    expect(lines).toContain('values                   -1000…700 (int16)');
    expect(lines.filter((line) => line.startsWith('problem: '))).toHaveLength(20);
    expect(lines.at(-1)).toBe('and 5 more; --json lists all');
  });
});
