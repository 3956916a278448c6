/**
 * docs/guides/run-folder.md: its examples run, and it names every field that the report reads.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { dataRecordSchema } from '#emars/run/data-record.js';
import { FILE_LIMITS } from '#emars/run/folder.js';
import { frontSchema } from '#emars/run/front.js';
import { historyLineSchema } from '#emars/run/history.js';
import { recordSchema } from '#emars/run/record.js';
import { splitSchema } from '#emars/run/split.js';
import { temporaryFolder } from '../report/temporary.js';
import { tinyRun } from '../report/tiny-run.js';

const guide = readFileSync(
  fileURLToPath(new URL('../../../docs/guides/run-folder.md', import.meta.url)),
  'utf8',
);
const run = promisify(execFile);

function example(language: string): string {
  const code = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1];
  if (code === undefined) throw new Error(`no ${language} example in the guide`);
  return code;
}

const EXPECTED = `6 evaluations, 2 on the front\n${'b'.repeat(16)} 90.0 mb_k3_e3 skip\n${'a'.repeat(16)} 80.0 skip skip\n`;

test('the JavaScript example reads a run, in at most ten lines', async () => {
  const code = example('js');
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  const path = join(await temporaryFolder(), 'read.mjs');
  await writeFile(path, code);
  const { stdout } = await run(process.execPath, [path, await tinyRun(await temporaryFolder(), 'tiny')]);
  expect(stdout).toBe(EXPECTED);
});

test('the Python example says the same', async (context) => {
  const code = example('python');
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  const path = join(await temporaryFolder(), 'read.py');
  await writeFile(path, code);
  try {
    const { stdout } = await run('python3', [path, await tinyRun(await temporaryFolder(), 'tiny')]);
    expect(stdout).toBe(EXPECTED);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.warn(
      'SKIPPED: the Python example of docs/guides/run-folder.md did not run, there is no python3 here',
    );
    context.skip('no python3');
  }
});

test('every file and every field that is read is in the guide', () => {
  const fields = [historyLineSchema, frontSchema, splitSchema, dataRecordSchema, recordSchema]
    .flatMap((schema) => Object.keys(schema.shape))
    .filter((name) => name !== 'format');
  const nested = [
    ...Object.keys(recordSchema.shape.processes.unwrap().element.shape),
    'trainSeconds',
    'totalSeconds',
  ];
  for (const name of [...Object.keys(FILE_LIMITS), ...fields, ...nested])
    expect(guide).toContain(`\`${name}\``);
});
