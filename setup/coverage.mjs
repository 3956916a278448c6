/**
 * `npm run coverage`: which lines of `src` the tests run, by room. A look, not a gate.
 *
 * Node itself counts (NODE_V8_COVERAGE), so that the processes and threads which a test starts count too,
 * except what is killed with -9. c8 adds up what they wrote and finds the lines of `src` through the source maps.
 * Arguments go to vitest; without any, the projects that need no long search run.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { build } from './build.mjs';
import { main, root, runChild, say } from './phase.mjs';

const QUICK = ['--project', 'plain', '--project', 'tensor', '--project', 'broker'];

await main(async () => {
  await build();
  const given = process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), 'emars-coverage-'));
  try {
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const tests = await runChild(
      process.execPath,
      [vitest, 'run', '--reporter=dot', ...(given.length > 0 ? given : QUICK)],
      { env: { ...process.env, NODE_V8_COVERAGE: join(folder, 'raw'), EMARS_COVERAGE: '1' } },
    );
    const c8 = join(root, 'node_modules', 'c8', 'bin', 'c8.js');
    const report = ['report', '--temp-directory', join(folder, 'raw'), '--reporter', 'json-summary'];
    // `src` is where the maps lead; what is counted are the lines there.
    const exitCode = await runChild(
      process.execPath,
      [c8, ...report, '--reports-dir', folder, '--include', 'src/**', '--exclude-after-remap'],
      { quiet: true },
    );
    if (exitCode !== 0) return exitCode;
    print(byRoom(JSON.parse(readFileSync(join(folder, 'coverage-summary.json'), 'utf8'))));
    if (tests !== 0) say(`Tests failed (exit code ${tests}); what they ran counts all the same.`);
    return tests;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Lines of each room: all, and those that ran. A file that nothing loaded counts with all its lines. */
function byRoom(summary) {
  const counted = new Map(
    Object.entries(summary)
      .filter(([path]) => path !== 'total')
      .map(([path, { lines }]) => [relative(root, path).split(sep).join('/'), lines]),
  );
  const rooms = new Map();
  for (const path of sources()) {
    const text = readFileSync(join(root, path), 'utf8');
    const lines = counted.get(path) ?? { total: text.trimEnd().split('\n').length, covered: 0 };
    const [, room, ...rest] = path.split('/');
    const sum = rooms.get(room) ?? { total: 0, covered: 0, asleep: [] };
    sum.total += lines.total;
    sum.covered += lines.covered;
    if (!counted.has(path)) sum.asleep.push(rest.join('/') || room);
    rooms.set(room, sum);
  }
  return rooms;
}

/** Sources that have code once they are compiled; a file of types alone has none. */
function sources() {
  return readdirSync(join(root, 'src'), { recursive: true })
    .map((path) => `src/${String(path).split(sep).join('/')}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && hasCode(path))
    .sort();
}

function hasCode(path) {
  const output = join(root, 'dist', path.slice('src/'.length).replace(/\.ts$/, '.js'));
  const code = existsSync(output) ? readFileSync(output, 'utf8') : '';
  return (
    code
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      .replace(/export \{\};/, '')
      .trim() !== ''
  );
}

function print(rooms) {
  const percent = ({ covered, total }) => `${((100 * covered) / total).toFixed(1).padStart(5)} %`;
  const all = { total: 0, covered: 0 };
  for (const [room, sum] of rooms) {
    all.total += sum.total;
    all.covered += sum.covered;
    console.log(`${room.padEnd(12)} ${percent(sum)}  ${sum.covered} of ${sum.total} lines`);
    if (sum.asleep.length > 0) console.log(`${''.padEnd(12)}          not loaded: ${sum.asleep.join(', ')}`);
  }
  console.log(`${'src'.padEnd(12)} ${percent(all)}  ${all.covered} of ${all.total} lines`);
}
