/** `emars start`, what `npm start` runs: the quickstart search, resumed when it was cut off. */
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { resume, search } from '../library/search.js';
import { runFolder } from '../run/folder.js';
import { readRecordIfSound } from '../run/record.js';
import { print } from './output.js';
import { showSearch } from './run-search.js';

const CONFIG = fileURLToPath(new URL('../../configs/quickstart.yaml', import.meta.url));
const OUT = 'runs/quickstart';
const TRAINERS = 2;

export function registerStart(program: Command): void {
  program
    .command('start')
    .description(
      `Searches on phantom scans into ${OUT}, with ${TRAINERS} trainers on the CPU. ` +
        `An unfinished run is resumed, a finished one moved aside.`,
    )
    .addHelpText('after', '\nExamples:\n  npm start\n  emars start')
    .action(start);
}

async function start(): Promise<void> {
  const folder = runFolder(resolve(OUT));
  const finished = (await readRecordIfSound(folder))?.status === 'finished';
  if (existsSync(OUT) && (finished || !existsSync(folder.config))) await moveAside();
  const resumed = existsSync(folder.config);
  await print(resumed ? `goes on with ${OUT}` : `a whole search on phantom scans, into ${OUT}`);
  const processes = { trainers: TRAINERS, devices: ['cpu'] };
  await showSearch(
    folder.root,
    (wishes) =>
      resumed
        ? resume(folder.root, { ...processes, ...wishes })
        : search({ config: CONFIG, out: folder.root, ...processes, ...wishes }),
    false,
  );
}

async function moveAside(): Promise<void> {
  let number = 1;
  while (existsSync(`${OUT}-${number}`)) number++;
  await rename(OUT, `${OUT}-${number}`);
  await print(`the finished run is now ${OUT}-${number}`);
}
