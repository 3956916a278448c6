/**
 * The page of the run of tiny-run.ts, number by number.
 *
 * Last epoch, D_val = 6 Normal + 4 NCP:
 *   a: [[5,1],[1,3]] accuracy 8/10, balanced (5/6 + 3/4)/2 = 79.2 %, sensitivity 3/4, 1 MB  (front)
 *   b: [[6,0],[1,3]] accuracy 9/10, balanced (1 + 3/4)/2   = 87.5 %, sensitivity 3/4, 2 MB  (front, best)
 *   d: [[6,0],[2,2]] accuracy 8/10, 3 MB                                                    (dominated)
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { DEFAULTS } from '#emars/config/defaults.js';
import { buildReport } from '#emars/report/build.js';
import { page } from '#emars/report/page.js';
import { reportData } from '#emars/report/report-data.js';
import { readRun } from '#emars/run/contents.js';
import { cellOf, readTable, textOf } from './page-text.js';
import { temporaryFolder } from './temporary.js';
import { tinyRun } from './tiny-run.js';

const A = 'a'.repeat(16);
const B = 'b'.repeat(16);

describe('the page of a run checked by hand', () => {
  let html = '';
  let text = '';
  let drawing = '';
  beforeAll(async () => {
    const folder = await tinyRun(await temporaryFolder(), 'tiny');
    html = await readFile((await buildReport(folder)).html, 'utf8');
    text = textOf(html);
    drawing = await readFile(join(folder, 'figures', 'size-accuracy.svg'), 'utf8');
  });

  test('says in one line what was searched', () => {
    expect(text).toContain(
      'A search for accuracy and size over 2 epochs: 6 evaluations of 4 architectures, 2 on the front.',
    );
  });

  test('has the best individual and the majority baseline as its key figures', () => {
    expect(text).toContain('Best accuracy 90.0 % of 10 validation scans; 95 % interval 60 % to 98 %');
    expect(text).toContain('Majority baseline 60.0 % always “Normal”');
    expect(text).toContain('Balanced accuracy 87.5 %');
    expect(text).toContain('Sensitivity 75.0 % recall of NCP');
    expect(text).toContain('Size 2.00 MB');
    expect(text).toContain(`best individual, ${B}`);
  });

  test('has the confusion matrix of the best individual', () => {
    const matrix = readTable(html, 'Confusion matrix of the best individual');
    expect(matrix.columns).toEqual(['true class', 'answer Normal', 'answer NCP', 'recall']);
    expect([...matrix.rows.values()]).toEqual([
      ['Normal', '6', '0', '100.0 %'],
      ['NCP', '1', '3', '75.0 %'],
    ]);
  });

  test('announces what a narrow screen cuts off, and unfolds on paper', () => {
    expect(html).toMatch(/The front[^<]*<span class="sideways">/);
    expect(html).toMatch(/@media print\{[\s\S]*details::details-content\{content-visibility:visible/);
  });

  test('has the front as a table, best first, with the baseline as its last row', () => {
    const front = readTable(html, 'The front');
    expect([...front.rows.keys()]).toEqual([B, A, 'always “Normal”']);
    expect(front.columns.slice(0, 6)).toEqual([
      'Individual',
      'accuracy ↑',
      'size ↓ MB',
      'balanced accuracy',
      'sensitivity NCP',
      'batches',
    ]);
    expect(front.rows.get(B)?.slice(0, 6)).toEqual([B, '90.0 %', '2.00', '87.5 %', '75.0 %', '8']);
    expect(front.rows.get(A)?.slice(0, 6)).toEqual([A, '80.0 %', '1.00', '79.2 %', '75.0 %', '8']);
    expect(front.rows.get('always “Normal”')?.slice(0, 6)).toEqual([
      'always “Normal”',
      '60.0 %',
      '',
      '50.0 %',
      '0.0 %',
      '',
    ]);
  });

  test('has percentiles and hypervolume by epoch', () => {
    const epochs = readTable(html, 'Validation accuracy and hypervolume');
    // 0.4, 0.5, 0.6: 30th percentile at position 0.6, 70th at 1.4. Hypervolume: see hypervolume-series.test.ts.
    // Box (0.35, 3.2)…(0.9, 1): (0.15·2.2 + 0.1·1.2) / (0.55·2.2) and (0.45·2.2 + 0.1·1.2) / (0.55·2.2).
    expect(epochs.rows.get('1')).toEqual(['1', '3', '46.0 %', '50.0 %', '54.0 %', '60.0 %', '37.2 %']);
    expect(epochs.rows.get('2')).toEqual(['2', '3', '80.0 %', '80.0 %', '84.0 %', '90.0 %', '91.7 %']);
    expect(text).toContain('reference point (accuracy 35.0 % and size 3.20 MB)');
  });

  test('counts patients and scans of each class on each side, and what was left out', () => {
    const data = readTable(html, 'Patients and scans');
    expect(data.rows.get('Normal')).toEqual(['Normal', '3', '5', '4', '6', '0', '0']);
    expect(data.rows.get('NCP (positive)')).toEqual(['NCP (positive)', '2', '4', '3', '4', '0', '0']);
    expect(data.rows.get('all')).toEqual(['all', '5', '9', '7', '10', '0', '0']);
    expect(text).toContain('Leak check: no patient has scans on two sides.');
    expect(readTable(html, 'Scans that were left out: 1').rows.get('NCP/x/1.png')?.[1]).toBe('truncated PNG');
  });

  test('says where the time went and who did the work', () => {
    const time = readTable(html, 'Where the time went');
    expect(cellOf(time, 'train', 'share')).toBe('60.0 %');
    expect(cellOf(time, 'other', 'time')).toBe('4.0 s');
    const work = readTable(html, 'Processes');
    const row = [...html.matchAll(/<code>trainer-1<\/code>[\s\S]*?<\/tr>/g)].map((match) => textOf(match[0]));
    expect(row[0]).toBe('trainer-1 cpu 1 9 (75 %) 2 100 MiB');
    expect(work.columns).toEqual([
      'role',
      'id',
      'device',
      'starts',
      'gradient slots',
      'measurements',
      'peak memory',
    ]);
    expect(text).toContain(
      'Survived: 2 gradient slots computed again after a worker was lost; 1 evaluation delivered twice and counted once; resumed after epoch 1.',
    );
  });

  test('has the share of undefined potentials, the digests and the differing settings', () => {
    expect(text).toContain('4 of 6 evaluations (66.7 %)');
    expect(text).toContain('after step 12');
    expect(cellOf(readTable(html, 'Settings that differ'), 'seed', 'this run')).toBe('7');
    expect(cellOf(readTable(html, 'Settings that differ'), 'seed', 'default')).toBe('1');
    expect(text).not.toContain('Changed history');
  });

  test('fetches nothing and runs nothing', () => {
    expect(html).toContain(`<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;`);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|\burl\((?!#)|\son\w+=/i);
    expect(
      [...html.matchAll(/\b(?:src|href)="([^"]*)"/g)].filter(
        ([, target]) => target?.startsWith('#') !== true,
      ),
    ).toEqual([]);
  });

  test('draws each evaluation where its size and accuracy are', () => {
    // First half: epoch 1, three discs, sizes 1, 2, 3 and accuracies 0.5, 0.6, 0.4.
    const discs = [...drawing.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="4" fill="#6a3d9a"/g)].map(
      ([, x, y]) => [Number(x), Number(y)] as const,
    );
    expect(discs).toHaveLength(3);
    const [a, b, c] = discs as unknown as readonly [
      readonly [number, number],
      readonly [number, number],
      readonly [number, number],
    ];
    expect(b[0] - a[0]).toBeCloseTo(c[0] - b[0], 0);
    expect((c[1] - b[1]) / (a[1] - b[1])).toBeCloseTo(2, 1);
    // Last half: epoch 2, three diamonds, and one in the legend.
    expect([...drawing.matchAll(/fill="#c06f00"/g)]).toHaveLength(4);
  });

  test('every id stands once, and every figure has a title and a description', () => {
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const labelled = [...html.matchAll(/aria-labelledby="([^"]+)"/g)];
    expect(labelled.length).toBeGreaterThanOrEqual(8);
    for (const [, labels] of labelled) for (const id of (labels ?? '').split(' ')) expect(ids).toContain(id);
    expect([...html.matchAll(/<figure /g)]).toHaveLength(4);
    expect([...html.matchAll(/<desc /g)]).toHaveLength(8);
  });
});

describe('what a reader is warned of', () => {
  const change = async (folder: string, file: string, edit: (text: string) => string): Promise<string> => {
    const path = join(folder, file);
    await writeFile(path, edit(await readFile(path, 'utf8')));
    // The words alone; figures take time and are not looked at here.
    return textOf(page(reportData(await readRun(folder)), [], DEFAULTS));
  };

  test('shuffled labels are a negative control', async () => {
    const folder = await tinyRun(await temporaryFolder(), 'control');
    expect(
      await change(folder, 'config.yaml', (yaml) =>
        yaml.replace('shuffleLabels: false', 'shuffleLabels: true'),
      ),
    ).toContain('Negative control.');
  });
  test('a patient on two sides is named', async () => {
    const folder = await tinyRun(await temporaryFolder(), 'leak');
    expect(await change(folder, 'split.json', (json) => json.replaceAll('NCP-t0', 'NCP-v0'))).toContain(
      'Leaking split. 1 patient with scans on more than one side: NCP-v0.',
    );
  });
  test('a history that front.json does not know', async () => {
    const folder = await tinyRun(await temporaryFolder(), 'changed');
    expect(
      await change(folder, 'history.jsonl', (lines) => lines.replace('"accuracy":0.4', '"accuracy":0.41')),
    ).toContain('Changed history.');
  });
  test('a best individual that is not above the majority', async () => {
    const folder = await tinyRun(await temporaryFolder(), 'weak');
    const text = await change(folder, 'history.jsonl', (lines) =>
      lines.replaceAll('"accuracy":0.8', '"accuracy":0.6').replaceAll('"accuracy":0.9', '"accuracy":0.6'),
    );
    expect(text).toContain('Not above the majority.');
    expect(text).toContain(`best individual, ${A}`);
  });
  test('a best individual that is not on the front', async () => {
    // b and d are now equally accurate, and the front says that only d is on it.
    const D = 'd'.repeat(16);
    const folder = await tinyRun(await temporaryFolder(), 'off');
    await change(folder, 'history.jsonl', (lines) =>
      lines.replace('"accuracy":0.8,"size":3', '"accuracy":0.9,"size":1.5'),
    );
    const text = await change(folder, 'front.json', (json) =>
      json.replace(new RegExp(`"id": "${B}"`), `"id": "${D}"`),
    );
    expect(text).toContain(`The best individual, ${B}, is not on the front: another is as accurate`);
    expect(text).not.toContain('in bold the best individual');
  });
});
