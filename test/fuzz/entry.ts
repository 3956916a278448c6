/**
 * Fuzzes one door for a while, guided by coverage: `node dist-fuzz/fuzz/entry.js TARGET SECONDS SEED FOLDER`. What
 * reaches new code is kept in FOLDER/kept and changed further. A find is written to FOLDER/finds and ends the process
 * with 1. What is at work stands in FOLDER/under-way, for the parent that ends a process that hangs. Tells one line
 * of JSON at the end.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generator } from '#emars/random/generator.js';
import { Coverage } from './coverage.js';
import { kept } from './inputs.js';
import { mutated } from './mutate.js';

/** More memory than any input may take, KiB. */
const GROWTH_KIB = 300 * 1024;
/** Longest input that is made. */
const MOST_BYTES = 64 * 1024;
/** Inputs whose coverage is looked at together: to look costs more than to run one. */
const TOGETHER = 32;

const [name, seconds, seed, folder] = process.argv.slice(2) as [string, string, string, string];
// Counts are whole only of what is loaded after they have begun.
const coverage = new Coverage();
const { TARGETS } = await import('./targets.js');
const target = TARGETS.find((each) => each.name === name)!;
const [keptFolder, finds, underWay] = ['kept', 'finds', 'under-way'].map((part) => join(folder, part)) as [
  string,
  string,
  string,
];
for (const each of [keptFolder, finds]) mkdirSync(each, { recursive: true });

const nameOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** Runs one input; a find ends the process. */
async function run(bytes: Uint8Array): Promise<boolean> {
  const memory = process.resourceUsage().maxRSS;
  writeFileSync(underWay, bytes);
  try {
    const accepted = await target.run(bytes);
    const grown = process.resourceUsage().maxRSS - memory;
    if (grown > GROWTH_KIB) throw new Error(`the process grew by ${Math.round(grown / 1024)} MB`);
    return accepted;
  } catch (error) {
    const path = join(finds, nameOf(bytes));
    writeFileSync(path, bytes);
    console.error(`${name}: a find, ${bytes.length} bytes, ${path}\n`, error);
    process.exit(1);
  }
}

const pool: Uint8Array[] = [
  ...(await target.seeds()),
  ...['corpus', 'regressions'].flatMap((kind) => kept(name, kind as 'corpus').map(({ bytes }) => bytes)),
  ...readdirSync(keptFolder).map((file) => readFileSync(join(keptFolder, file))),
];
for (const bytes of pool) await run(bytes);
coverage.learn();

let [runs, accepted] = [0, 0];
const before = pool.length;
const end = performance.now() + 1000 * Number(seconds);
for (let round = 0; performance.now() < end; round++) {
  const random = generator(Number(seed), 'fuzz', name, round);
  // Half of the time one of the newest: what was just found leads further.
  const pick = (): Uint8Array =>
    random.pick(random.chance(0.5) ? pool : pool.slice(-Math.ceil(pool.length / 4)));
  const inputs = Array.from({ length: TOGETHER }, () =>
    mutated(pick(), pick(), random).subarray(0, MOST_BYTES),
  );
  for (const bytes of inputs) if (await run(bytes)) accepted++;
  runs += inputs.length;
  if (coverage.fresh().length === 0) continue;
  for (const bytes of inputs) {
    await run(bytes);
    if (!coverage.learn()) continue;
    pool.push(bytes);
    writeFileSync(join(keptFolder, nameOf(bytes)), bytes);
  }
}
rmSync(underWay);
console.log(
  JSON.stringify({ target: name, runs, accepted, kept: pool.length - before, reached: coverage.size }),
);
