/**
 * `npm run fuzz -- --minutes M [--target NAME] [--seed S]`: looks for inputs that a door of EMARS neither takes nor
 * refuses, guided by coverage (test/fuzz). All targets share the minutes. What reaches new code is kept in `.fuzz/` and is
 * where the next run goes on; a find is written to test/fuzz/regressions, and ends with 1 when all targets had their
 * time. `--keep` copies the smallest inputs that were kept to test/fuzz/corpus.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { install } from './install.mjs';
import { main, mustRun, phase, root, say } from './phase.mjs';

/** More processor time than any input may take. */
const HANG_MS = 5000;
/** Of the corpus in the repository: few and small. */
const KEPT_BYTES = 2048;
const KEPT_INPUTS = 12;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  const [comment] = readFileSync(import.meta.filename, 'utf8').split(' */');
  process.stdout.write(comment.slice(4).replaceAll(/^ \* ?/gm, ''));
  process.exit(0);
}

const regressions = join(root, 'test', 'fuzz', 'regressions');
const corpus = join(root, 'test', 'fuzz', 'corpus');

/** Copies an input that was a find to the repository, where every run of the tests takes it up. */
function report(target, from, why) {
  const folder = join(regressions, target);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(from)) {
    copyFileSync(join(from, name), join(folder, name));
    say(`${target}: ${why}: ${join('test/fuzz/regressions', target, name)}`);
  }
}

/** Fuzzes one target; null, or why its input is a find. */
function fuzz(target, seconds, folder) {
  return new Promise((resolve) => {
    const entry = join(root, 'dist-fuzz', 'fuzz', 'entry.js');
    const underWay = join(folder, 'under-way');
    rmSync(underWay, { force: true });
    const child = spawn(process.execPath, [entry, target, String(seconds), values.seed, folder], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    let isHanging = false;
    let seen = { input: null, since: 0 };
    // By processor time, not by the clock: on a busy machine nothing hangs that only waits.
    const watch = setInterval(() => {
      const input = existsSync(underWay) ? statSync(underWay).mtimeMs : null;
      const now = processorMs(child.pid);
      if (input === null || input !== seen.input) seen = { input, since: now };
      else if (now - seen.since > HANG_MS) isHanging = child.kill('SIGKILL');
    }, 500);
    child.once('close', (code) => {
      clearInterval(watch);
      if (isHanging) {
        mkdirSync(join(folder, 'finds'), { recursive: true });
        copyFileSync(underWay, join(folder, 'finds', `hang-${values.seed}`));
        resolve('an input takes longer than 5 s');
      } else resolve(code === 0 ? null : code === 1 ? 'a find' : `the process ended with ${code}`);
    });
  });
}

/** Milliseconds of processor time that a process has had, in ticks of 10 ms. */
function processorMs(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return 10 * (Number(fields[11]) + Number(fields[12]));
  } catch {
    return 0; // It has just ended.
  }
}

/** The smallest inputs that were kept, to the repository. */
function keepSmallest(target, folder) {
  const kept = join(folder, 'kept');
  const small = readdirSync(kept)
    .map((name) => ({ name, bytes: statSync(join(kept, name)).size }))
    .filter(({ bytes }) => bytes <= KEPT_BYTES)
    .sort((a, b) => a.bytes - b.bytes || (a.name < b.name ? -1 : 1))
    .slice(0, KEPT_INPUTS);
  mkdirSync(join(corpus, target), { recursive: true });
  for (const { name } of small) copyFileSync(join(kept, name), join(corpus, target, name));
}

await main(async () => {
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 24 * 60)) {
    say(`--minutes: expected a number above 0, got "${values.minutes}".`);
    return 2;
  }
  await install();
  await build();
  rmSync(join(root, 'dist-fuzz'), { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await phase('Compiling the targets', () =>
    mustRun(process.execPath, [compiler, '-p', join('test', 'fuzz', 'tsconfig.json')]),
  );
  const { TARGETS } = await import(join(root, 'dist-fuzz', 'fuzz', 'targets.js'));
  const names = TARGETS.map(({ name }) => name);
  if (values.target !== undefined && !names.includes(values.target)) {
    say(`--target: expected one of ${names.join(', ')}, got "${values.target}".`);
    return 2;
  }
  const chosen = values.target === undefined ? names : [values.target];
  say(`Seed ${values.seed}.`);
  let finds = 0;
  for (const target of chosen) {
    const folder = join(root, '.fuzz', target);
    rmSync(join(folder, 'finds'), { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const why = await fuzz(target, (60 * minutes) / chosen.length, folder);
    if (why !== null) {
      finds++;
      if (existsSync(join(folder, 'finds'))) report(target, join(folder, 'finds'), why);
      else say(`${target}: ${why}`);
    }
    if (values.keep) keepSmallest(target, folder);
  }
  return finds === 0 ? 0 : 1;
});
