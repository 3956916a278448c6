import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { buildReport } from '#emars/report/build.js';
import { writeFixtureRun } from './fixture-run.js';
import { readTable, textOf } from './page-text.js';
import { temporaryFolder } from './temporary.js';
import { tinyRun } from './tiny-run.js';

const NAMES = ['front', 'size-accuracy', 'accuracy-epochs', 'hypervolume'];

test('a finished run gives a page and four figures, SVG and PNG', async () => {
  const folder = join(await temporaryFolder(), 'run');
  await writeFixtureRun(folder);
  const { html, figures } = await buildReport(folder);
  expect(html).toBe(join(folder, 'report.html'));
  expect(figures.map((path) => basename(path))).toEqual(
    NAMES.flatMap((name) => [`${name}.svg`, `${name}.png`]),
  );
  for (const path of figures.filter((name) => name.endsWith('.png'))) {
    const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([1760, 880]);
    // Something is drawn on the ground: several shades, mostly light.
    const shades = new Set(data);
    expect(shades.size).toBeGreaterThan(20);
    expect(data.reduce((sum, value) => sum + value, 0) / data.length).toBeGreaterThan(200);
  }
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('the same folder gives the same bytes, also in the same process', async () => {
  const parent = await temporaryFolder();
  const bytes = async (folder: string): Promise<string[]> => {
    const { html, figures } = await buildReport(folder);
    return await Promise.all(
      [html, ...figures].map(async (path) => (await readFile(path)).toString('base64')),
    );
  };
  await writeFixtureRun(join(parent, 'one', 'run'), { epochs: 4 });
  await writeFixtureRun(join(parent, 'two', 'run'), { epochs: 4 });
  const first = await bytes(join(parent, 'one', 'run'));
  expect(await bytes(join(parent, 'one', 'run'))).toEqual(first);
  expect(await bytes(join(parent, 'two', 'run'))).toEqual(first);
});

test('a run for accuracy alone has a front of one, and sizes for its figures from the genomes', async () => {
  const folder = join(await temporaryFolder(), 'run');
  await writeFixtureRun(folder, { objectives: ['accuracy'], epochs: 3 });
  const { html, figures } = await buildReport(folder);
  const page = await readFile(html, 'utf8');
  expect(textOf(page)).toContain('A search for accuracy over 5 epochs');
  expect(figures).toHaveLength(8);
  const front = readTable(page, 'The front');
  expect(front.rows.size).toBe(1 + 1); // And the row of the largest class.
  expect(front.columns.slice(0, 3)).toEqual(['Individual', 'accuracy ↑', 'size MB']);
  expect([...front.rows.values()][0]?.[2]).toMatch(/^0\.\d\d$/);
});

test('an unfinished run has a report of its state, with the front computed', async () => {
  const folder = join(await temporaryFolder(), 'run');
  await writeFixtureRun(folder, { status: 'interrupted', epochs: 3 });
  await rm(join(folder, 'front.json'));
  const finished = join(await temporaryFolder(), 'run');
  await writeFixtureRun(finished, { epochs: 3 });
  const page = await readFile((await buildReport(folder)).html, 'utf8');
  expect(textOf(page)).toContain(
    'The run was interrupted and can be resumed. What follows is its state after epoch 5.',
  );
  expect([...readTable(page, 'The front').rows.keys()]).toEqual([
    ...readTable(await readFile((await buildReport(finished)).html, 'utf8'), 'The front').rows.keys(),
  ]);
});

test('a run before its first evaluation has a report without figures', async () => {
  const folder = await tinyRun(await temporaryFolder(), 'new');
  for (const name of ['history.jsonl', 'front.json', 'split.json']) await rm(join(folder, name));
  await writeFile(join(folder, 'run.json'), '{"format":1,"status":"running"}');
  const { html, figures } = await buildReport(folder);
  expect(figures).toEqual([]);
  const text = textOf(await readFile(html, 'utf8'));
  expect(text).toContain('A search whose first evaluation is still to come.');
  expect(text).toContain('The data have not been split yet.');
});

test('what comes from the run is text: classes, genomes, reasons and names never become elements', async () => {
  const folder = join(await temporaryFolder(), '<b>run & "co"');
  const evil = '<img src=x onerror=alert(1)>';
  await writeFixtureRun(folder, {
    epochs: 2,
    classes: [evil, `NCP`, `'"&</script>`],
    failure: `${evil}\u0007\u001b[31m`,
  });
  const page = await readFile((await buildReport(folder)).html, 'utf8');
  expect(page).not.toMatch(/<img|<\/script|<b>run/);
  expect(page).not.toMatch(/[\u0007\u001b]/);
  const text = textOf(page);
  expect(text).toContain('<b>run & "co"');
  expect(text).toContain(`always “${evil}”`);
  expect(text).toContain(`${evil}\ufffd\ufffd[31m`);
});
