/**
 * `npm test`: set-up, then types, lint and import rules, then every test. Skipped tests are named with
 * their reasons; the last line is `N passed, N failed, N skipped`. Arguments go to vitest.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, phase, root, runChild, say, stoppedWith } from './phase.mjs';
import { prepare } from './prepare.mjs';

await main(async () => {
  await prepare();
  // A failed check does not hide the tests: both are wanted from one run.
  const checks = await phase('Types, lint and import rules', () =>
    runChild('npm', ['run', '--silent', 'check']),
  );
  if (stoppedWith() !== null) return stoppedWith();
  if (checks !== 0) say(`The checks failed (exit code ${checks}); the tests run all the same.`);

  const folder = mkdtempSync(join(tmpdir(), 'emars-tests-'));
  try {
    const file = join(folder, 'tally.json');
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [
      vitest,
      'run',
      '--reporter=default',
      `--reporter=${join(root, 'setup', 'tally.mjs')}`,
      ...process.argv.slice(2),
    ];
    const tests = await runChild(process.execPath, args, {
      // What tests leave behind, also those that are stopped, goes with the folder.
      env: { ...process.env, EMARS_TALLY: file, TMPDIR: folder },
    });
    if (stoppedWith() !== null) return stoppedWith();
    const tally = readTally(file);
    for (const { name, reason } of tally?.skips ?? [])
      console.log(`skipped: ${name}${reason === '' ? '' : ` (${reason})`}`);
    if (checks !== 0) console.log(`The checks before the tests failed with exit code ${checks}.`);
    if (tally === null) say('vitest ended before it could count its tests.');
    else console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
    return tests !== 0 ? tests : tally === null || tally.failed > 0 || tally.passed === 0 ? 1 : checks;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function readTally(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
