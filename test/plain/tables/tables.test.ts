/** The paper's tables, from folders that the real writers made; figures counted by hand. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadOptions } from '#emars/config/load.js';
import type { ScoreReport } from '#emars/metrics/scores.js';
import { scoreReport } from '#emars/metrics/scores.js';
import type { ModelDescription } from '#emars/model/schema.js';
import type { PredictedScan } from '#emars/model/stored-predictions.js';
import { writePredictions } from '#emars/model/stored-predictions.js';
import { writeModel } from '#emars/model/write-model.js';
import type { Architecture } from '#emars/network/architecture.js';
import { networkOf } from '#emars/network/architecture.js';
import { initialStatistics, initialiseParameters } from '#emars/network/initialise.js';
import {
  retrainingFolder,
  writeBaselines,
  writeRecord as writeRetraining,
} from '#emars/retraining/record.js';
import { writeOptions } from '#emars/run/config.js';
import { runFolder } from '#emars/run/folder.js';
import { writeRecord } from '#emars/run/record.js';
import { writeResults } from '#emars/run/results.js';
import { writeSplit } from '#emars/run/split.js';
import type { SearchState } from '#emars/search/state.js';
import { splitByPatient } from '#emars/scan/split/split.js';
import { recordSchema } from '#emars/run/record.js';
import type { TableFormat } from '#emars/app/tables.js';
import { TABLE_FORMATS, tablesOf } from '#emars/app/tables.js';
import { emars, mistake } from '../app/run-emars.js';
import { RULES, wholeSearch } from '../search/support.js';

const path: Architecture = {
  kind: 'path',
  space: { ...RULES.space },
  genome: ['mb_k3_e3', 'skip', 'mb_k5_e3', 'skip'],
};

/**
 * Six scans of four patients, NCP in column 1. Called NCP: scans 2, 3, 4 and 0, three of them rightly; scan 5
 * is missed. So accuracy 4/6, precision 3/4, sensitivity 3/4.
 */
const sixScans = (): ScoreReport =>
  scoreReport(
    {
      classes: 2,
      labels: [0, 0, 1, 1, 1, 1],
      probabilities: [0.4, 0.6, 0.8, 0.2, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.6, 0.4],
    },
    ['a', 'b', 'c', 'c', 'd', 'd'],
    1,
    { seed: 1, resamples: 200, level: 0.95 },
  );

function description(architecture: Architecture, more: Partial<ModelDescription> = {}): ModelDescription {
  return {
    architecture,
    input: { slices: 16, size: 32, crop: 1 },
    classes: ['Normal', 'NCP'],
    positive: 'NCP',
    preprocessing: { window: { low: -1350, high: 150 }, mean: 0.3, std: 0.25 },
    training: { seed: 1, epochs: 2, chosenEpoch: 1, options: { testOpenings: 1 } },
    data: { splitSha256: null, training: 20, validation: 6, test: 6 },
    temperature: 1,
    metrics: { validation: sixScans(), test: sixScans() },
    ...more,
  };
}

async function model(folder: string, architecture: Architecture, more?: Partial<ModelDescription>) {
  const { layout } = networkOf(architecture);
  const weights = { parameters: initialiseParameters(layout, 1), statistics: initialStatistics(layout) };
  return writeModel(folder, description(architecture, more), weights);
}

const split = splitByPatient(
  Array.from({ length: 24 }, (_, i) => ({
    id: `${i % 3 === 0 ? 'NCP' : 'Normal'}/p${i}/s`,
    patient: `p${i}`,
    class: i % 3 === 0 ? 'NCP' : 'Normal',
  })),
  { fractions: { validation: 0.25 }, seed: 3 },
);

/** The end of a search, each individual with the matrix that its accuracy would come from. */
function measured(): SearchState {
  const end = wholeSearch().states.at(-1)!;
  const history = end.history.map((row) => {
    const accuracy = { ...row.measurements['accuracy']!, confusion: [3, 1, 0, 2] };
    return { ...row, measurements: { ...row.measurements, accuracy } };
  });
  return { ...end, history };
}

/** A search as its processes leave it. */
async function search(root: string, objectives: string, status: 'finished' | 'interrupted' = 'finished') {
  const folder = runFolder(root);
  await mkdir(root, { recursive: true });
  const set = ['widths=[4,8]', 'strides=[2,2]', 'blocks=[2,2]', 'stem=4', 'head=8'].map(
    (s) => `supernet.${s}`,
  );
  await writeOptions(folder, loadOptions({ set: [...set, `objectives=${objectives}`] }));
  await writeSplit(folder, split);
  await writeResults(folder, RULES, measured());
  await writeRecord(folder, recordSchema.parse({ format: 1, status }));
}

async function retraining(root: string, testRecord: string): Promise<void> {
  await mkdir(root, { recursive: true });
  await writeRetraining(retrainingFolder(root).record, {
    format: 1,
    testRecord,
    candidates: [{ id: 'a', genome: ['skip'] }],
  });
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-tables-'));
  const at = (...parts: string[]): string => join(folder, ...parts);
  await search(at('runs/c'), '[accuracy,size:min]');
  await retraining(at('runs/c/retrain'), at('runs/c/test-opened.json'));
  await model(at('runs/c/retrain'), path);
  await search(at('runs/e'), '[accuracy,potential,size:min]');
  await search(at('runs/open'), '[accuracy]', 'interrupted');
  await search(at('runs/half'), '[accuracy]');
  await retraining(at('runs/half/retrain'), at('runs/half/test-opened.json'));
  await retraining(at('transfer'), at('transfer/test-opened.json'));
  await model(at('transfer'), path, { metrics: { validation: sixScans(), test: null } });
  await model(at('baselines/mc3-small'), { kind: 'baseline', baseline: 'mc3-small', classes: 2 });
  await model(
    at('baselines/resnet'),
    { kind: 'baseline', baseline: 'resnet3d-small', classes: 2 },
    {
      training: { seed: 1, epochs: 2, chosenEpoch: 1, options: { testOpenings: 2 } },
      positive: null,
    },
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What `emars tables` prints; without a process each, which would be slow. */
const run = async (path: string, format: TableFormat = 'text'): Promise<string> =>
  TABLE_FORMATS[format](await tablesOf([path]));

/** Rows of the CSV by column, for one table. */
async function rowsOf(table: string, path: string): Promise<Record<string, string>[]> {
  const [head = '', ...lines] = (await run(path, 'csv')).trim().split('\n');
  const names = head.split(',');
  const cells = (line: string): string[] =>
    [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell = '']) => cell.replace(/^"|"$/g, ''));
  return lines
    .map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i] ?? '', cell])))
    .filter((row) => row['table'] === table);
}

describe('tables of runs', () => {
  it('have our figures under those of the paper, each with interval and n', async () => {
    const rows = await rowsOf('II', join(folder, 'runs/c'));
    expect(rows.map(({ network, source }) => [network, source])).toEqual([
      ['EMARS-A', 'paper'],
      ['EMARS-B', 'paper'],
      ['EMARS-C', 'paper'],
      ['EMARS-C', 'ours: c'],
    ]);
    const ours = rows.at(-1)!;
    expect(ours).toMatchObject({
      scans: 'phantoms, test',
      accuracy_n: '6',
      precision_n: '4',
      sensitivity_n: '4',
    });
    expect(Number(ours['accuracy'])).toBeCloseTo(4 / 6, 12);
    expect(Number(ours['precision'])).toBe(0.75);
    expect(Number(ours['sensitivity'])).toBe(0.75);
    const { intervals } = sixScans();
    expect([Number(ours['accuracy_low']), Number(ours['accuracy_high'])]).toEqual([
      intervals.accuracy!.low,
      intervals.accuracy!.high,
    ]);
    const { layout } = networkOf(path);
    expect(Number(ours['size_mb'])).toBeCloseTo((layout.parameterCount * 4) / 2 ** 20, 12);
  });

  it('have the baselines’ accuracies of the paper, worked out from its gains and marked', async () => {
    const rows = await rowsOf('IV', join(folder, 'baselines'));
    const paper = (name: string): Record<string, string> =>
      rows.find(({ network, source }) => network === name && source === 'paper')!;
    // 89.67 % is 4.83, 3.05 and 4.07 % more than these.
    for (const [name, accuracy, size] of [
      ['ResNet3D-101', 0.8554, 325.21],
      ['DenseNet3D-121', 0.8702, 43.06],
      ['MC3-18', 0.8616, 43.84],
    ] as const)
      expect(paper(name)).toMatchObject({
        accuracy: String(accuracy),
        size_mb: String(size),
        derived: 'accuracy',
      });
    expect(paper('EMARS-E')).toMatchObject({ size_mb: '3.39', accuracy: '', derived: '' });
    expect(paper('EMARS-C')).toMatchObject({ sensitivity: '0.8974', derived: 'sensitivity' });
    expect(rows.filter(({ source }) => source!.startsWith('ours')).map(({ network }) => network)).toEqual([
      'mc3-small',
      'resnet3d-small',
    ]);
  });

  it('have the baselines that were trained beside a run', async () => {
    const beside = join(folder, 'runs/c/baselines');
    await mkdir(beside);
    await writeBaselines(beside, ['mc3-small']);
    const refused = await mistake('tables', join(folder, 'runs/c'));
    expect([refused.code, ...refused.lines]).toEqual([
      3,
      expect.stringMatching(/mc3-small has no model\.json yet.*emars baselines --resume/),
    ]);
    await model(join(beside, 'mc3-small'), { kind: 'baseline', baseline: 'mc3-small', classes: 2 });
    const ours = (at: string): Promise<string[]> =>
      rowsOf('IV', join(folder, at)).then((rows) =>
        rows.filter(({ source }) => source !== 'paper').map(({ network, source }) => `${network} ${source}`),
      );
    expect(await ours('runs/c')).toEqual(['EMARS-C ours: c', 'mc3-small ours: c/mc3-small']);
    expect(await ours('runs/c/baselines')).toEqual(['mc3-small ours: baselines/mc3-small']);
    await rm(beside, { recursive: true });
  });

  it('take the best individual with shared weights of a search without a retraining, and say so', async () => {
    const text = await run(`mine=${join(folder, 'runs/e')}`);
    const table = text.slice(text.indexOf('Table III'), text.indexOf('Table IV'));
    // NCP is class 0: 3 of its 4 scans found, nothing else called so.
    expect(table).toMatch(
      /EMARS-E +ours: mine +phantoms, D_val +0\.\d\d .*n=6 +100\.0 n=3 +75\.0 n=4 +85\.7 n=6/,
    );
    expect(table).toMatch(/mine: individual [0-9a-f]+ with shared weights on D_val/);
    expect(text.slice(0, text.indexOf('Table III'))).not.toContain('ours: mine');
  });

  it('put what was trained on other scans into table V alone, and say where there is no test set', async () => {
    const rows = await rowsOf('V', join(folder, 'transfer'));
    expect(rows.map(({ network, scans }) => [network, scans])).toEqual([['searched', 'D_val']]);
    expect(await rowsOf('IV', join(folder, 'transfer'))).toHaveLength(8);
    expect(await run(join(folder, 'transfer'))).toContain('transfer: no test set; figures on D_val');
  });

  it('say how often a test set was opened, and that there is no positive class', async () => {
    const text = await run(join(folder, 'baselines'));
    expect(text).toContain('resnet: the test set was opened 2 times');
    expect(text).toContain('resnet: no positive class among Normal, NCP');
    const [, resnet] = (await rowsOf('IV', join(folder, 'baselines'))).filter(
      ({ source }) => source !== 'paper',
    );
    expect(resnet).toMatchObject({ precision: '', sensitivity: '', f1: '', accuracy_n: '6' });
  });

  it('are written to a file in one piece, with the same bytes again', async () => {
    const file = join(folder, 'out.csv');
    const write = ['tables', join(folder, 'runs/c'), '--format', 'csv', '--out', file];
    expect(await emars(write)).toEqual({
      code: 0,
      stdout: `${file}
`,
      stderr: '',
    });
    const first = await readFile(file, 'utf8');
    await emars(write);
    expect(await readFile(file, 'utf8')).toBe(first);
    expect(first).toContain('ours: c');
  });
});

describe('two models that predicted the same scans', () => {
  /** Normal, Normal, NCP, NCP, each with a probability of NCP; the last two of one patient. */
  const said = (...ncp: number[]): PredictedScan[] =>
    ncp.map((p, i) => ({
      scan: `s${i}`,
      patient: `p${Math.min(i, 2)}`,
      class: i < 2 ? 'Normal' : 'NCP',
      probabilities: [1 - p, p],
    }));
  const stored = async (name: string, test: PredictedScan[], other = ''): Promise<string> => {
    const root = join(folder, 'pairs', name);
    const { weights, classes } = await model(root, path);
    const of = other === '' ? weights.sha256 : other;
    await writePredictions(root, { weights: of, classes: [...classes], validation: [], test });
    return root;
  };
  const compared = async (...roots: string[]): Promise<string[]> =>
    TABLE_FORMATS.text(await tablesOf(roots))
      .split('\n')
      .filter((line) => line.startsWith('AUC of'));

  it('are compared by DeLong’s test, the first with each other', async () => {
    const first = await stored('first', said(0.1, 0.2, 0.8, 0.9));
    const second = await stored('second', said(0.6, 0.2, 0.5, 0.9));
    // 4 of 4 pairs in order, and 3 of 4; variance of the second (1/8)/2 + (1/8)/2, so z = 1/4 / sqrt(1/8).
    expect(await compared(first, second, first)).toEqual([
      'AUC of NCP: first 100.0, second 75.0; DeLong z = 0.71, p = 0.480, 4 scans of 3 patients, ' +
        'taken as independent: p is too small',
      'AUC of NCP: first 100.0, first 100.0; DeLong z = 0, p = 1.000, 4 scans of 3 patients, ' +
        'taken as independent: p is too small',
    ]);
  });

  it('have the test in the CSV too, in the row of the second', async () => {
    const first = await stored('first', said(0.1, 0.2, 0.8, 0.9));
    const second = await stored('second', said(0.6, 0.2, 0.5, 0.9));
    const [head = '', ...lines] = TABLE_FORMATS.csv(await tablesOf([first, second]))
      .trim()
      .split('\n');
    expect(head).toMatch(/,derived,delong_against,delong_z,delong_p$/);
    const ends = lines
      .filter((line) => line.startsWith('IV,') && line.includes('ours: '))
      .map((line) => line.split(','));
    expect(ends.map((cells) => cells.slice(-3, -2))).toEqual([[''], ['first']]);
    expect(Number(ends[1]!.at(-2))).toBeCloseTo(0.25 / Math.sqrt(1 / 8), 12);
    expect(Number(ends[1]!.at(-1))).toBeCloseTo(0.4795, 4);
    // Only where all models of the same scans stand.
    expect(lines.filter((line) => /,first,[^,]*,[^,]*$/.test(line))).toHaveLength(1);
  });

  it('are not where scans differ, or where other weights said it', async () => {
    const first = await stored('first', said(0.1, 0.2, 0.8, 0.9));
    const others = said(0.1, 0.2, 0.8, 0.9).map((row) => ({ ...row, scan: `x${row.scan}` }));
    const elsewhere = await stored('elsewhere', others);
    const stale = await stored('stale', said(0.1, 0.2, 0.8, 0.9), 'ab'.repeat(32));
    expect(await compared(first, elsewhere, stale)).toEqual([]);
  });

  it('are refused where the file is damaged', async () => {
    const root = await stored('damaged', said(0.1, 0.2, 0.8, 0.9));
    const file = join(root, 'predictions.json');
    for (const change of [
      (text: string) => text.slice(9),
      (text: string) => text.replace('0.9', '0.9, 0.1'),
    ]) {
      const text = await readFile(file, 'utf8');
      await writeFile(file, change(text));
      const { code, lines } = await mistake('tables', root);
      expect([code, ...lines]).toEqual([
        3,
        expect.stringMatching(/predictions\.json: expected the predictions/),
      ]);
      await writeFile(file, text);
    }
  });
});

describe('names that mean something in a format', () => {
  const evil = 'a_b&50%#{x}|y';

  it('are text in LaTeX, whose rows all have the columns that the table declares', async () => {
    const text = await run(`${evil}=${join(folder, 'runs/c')}`, 'latex');
    expect(text).toContain('ours: a\\_b\\&50\\%\\#\\{x\\}$|$y');
    const [, columns = ''] = /\\begin\{tabular\}\{([lr]+)\}/.exec(text)!;
    const rows = text.split('\n').filter((line) => line.endsWith('\\\\'));
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) expect(row.match(/(?<!\\)&/g)).toHaveLength(columns.length - 1);
    expect(text.replace(/\\[%&#_{}$]/g, '')).not.toMatch(/[%#_]|[^\u0000-\u007e]/);
    for (const name of ['table', 'tabular'])
      expect(text.split(`\\begin{${name}}`)).toHaveLength(text.split(`\\end{${name}}`).length);
    const braces = text.replace(/\\[{}]/g, '');
    expect(braces.split('{')).toHaveLength(braces.split('}').length);
  });

  it('are text in Markdown', async () => {
    const text = await run(`${evil}=${join(folder, 'runs/c')}`, 'md');
    const row = text.split('\n').find((line) => line.includes('50%'))!;
    expect(row).toContain('a\\_b&amp;50%\\#\\{x\\}\\|y');
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(10);
  });

  it('are no formulas in a spreadsheet', async () => {
    await model(join(folder, '=1+1'), path);
    expect(await run(join(folder, '=1+1'), 'csv')).toContain('ours: =1+1');
  });
});

describe('tables are refused, with what to do, for', () => {
  it.each([
    [
      'a search that is not finished',
      'runs/open',
      3,
      /a finished search.*interrupted.*emars search --resume/,
    ],
    [
      'a run whose retraining is not finished',
      'runs/half',
      3,
      /a finished retraining.*emars retrain --resume/,
    ],
    ['a retraining that is not finished', 'runs/half/retrain', 3, /no model\.json yet.*retrain --resume/],
    ['a folder of something else', 'runs', 3, /no config\.yaml, retrain\.json or model\.json/],
    ['a folder that is not there', 'nowhere', 2, /which is not there/],
    ['a model.json that is not there', 'nowhere/model.json', 2, /which is not there/],
  ])('%s', async (_, at, code, message) => {
    const refused = await mistake('tables', join(folder, at));
    expect(refused.code).toBe(code);
    expect(refused.lines).toHaveLength(1);
    expect(refused.lines[0]).toMatch(message);
  });

  it('a file in a folder that is not there', async () => {
    const out = join(folder, 'no/tables.tex');
    const { code, lines } = await mistake('tables', join(folder, 'runs/c'), '--out', out);
    expect([code, ...lines]).toEqual([2, expect.stringMatching(/an existing folder for --out/)]);
  });
});
