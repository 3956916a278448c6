/** The page of a study, from its files alone. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModel } from '../model/read-model.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import type { StudyPage } from '../study/page.js';
import { studyPage } from '../study/page.js';
import type { StudyRecord } from '../study/record.js';
import { LEGEND } from '../tables/assemble.js';
import type { StudyContext } from './study-context.js';
import { MODEL, modelPaths } from './study-context.js';
import { STUDY_PHASES } from './study-phases.js';
import { tablesOf } from './tables.js';

/** Pictures on the page, at most; all are linked. */
const MOST_PICTURES = 6;

/** Writes the page; returns its path. */
export async function writeStudyPage(context: StudyContext, record: StudyRecord): Promise<string> {
  const { root } = context;
  const pictures = record.phases
    .flatMap(({ files }) => files.map(({ path }) => path))
    .filter((path) => path.endsWith('montage.png'))
    .slice(0, MOST_PICTURES);
  const page = join(root, 'index.html');
  const text = studyPage({
    record,
    what: Object.fromEntries(STUDY_PHASES.map(({ name, what }) => [name, what])),
    model: (await readModel(join(root, MODEL))).document,
    tables: await tablesOf(modelPaths(context)),
    legend: LEGEND,
    // Written by this study and checked by its digest.
    evaluation: JSON.parse(await readFile(join(root, 'evaluation.json'), 'utf8')) as StudyPage['evaluation'],
    pointing: pointingOf(await readFile(join(root, 'explain.csv'), 'utf8')),
    pictures: await Promise.all(
      pictures.map(async (path) => ({
        path,
        png: await readFile(join(root, path)),
        caption: `Evidence for the positive class: ${path.split('/').at(-2) ?? path}`,
      })),
    ),
  });
  await writeFileAtomic(page, text);
  return page;
}

/** Of the scans found positive, how many heat maps point at the lesion; null where no map was compared with one. */
function pointingOf(table: string): StudyPage['pointing'] {
  const [head = '', ...lines] = table.trim().split('\n');
  const names = head.split(',');
  const rows = lines.map((line) => line.split(','));
  const cell = (row: readonly string[], name: string): string => row[names.indexOf(name)] ?? '';
  const compared = rows.filter(
    (row) => cell(row, 'hit') !== '' && cell(row, 'predicted') === cell(row, 'class'),
  );
  const hits = compared.filter((row) => cell(row, 'hit') === 'true').length;
  return compared.length === 0 ? null : { hits, of: compared.length };
}
