/**
 * `npm run test:quick`: what to run between two edits, in less than a minute. The build, then the tests that
 * need neither TensorFlow nor a broker, without those below that take long. A worker loads the code under test once
 * for all its files, not once for each, which is a third of the time; `npm test` keeps files apart. Arguments go to vitest:
 * `npm run test:quick -- test/plain/space` runs one room, `-- --changed main` what a branch touches.
 */
import { join } from 'node:path';
import { build } from './build.mjs';
import { main, root, runChild, say } from './phase.mjs';

/** Left to `npm test`, and why they take long. */
const SLOW = [
  'test/plain/actors/sandbox.test.ts', // processes that are ended at a deadline and at their limit of memory
  'test/plain/app/**', // starts the command line, a process a case
  'test/plain/deploy/**', // parse and start every command of the templates
  'test/plain/docs/commands.test.ts', // runs the commands of every page
  'test/plain/evolution/benchmark.test.ts', // whole searches of NSGA-III
  'test/plain/native/{provide,setup}.test.ts', // set-ups in folders of their own, waits between tries
  'test/plain/report/{build,page}.test.ts', // draw every figure
  'test/plain/runtime/{failpoints,full-disk,kill,processes}.test.ts', // processes that are killed and started again
  'test/plain/sim/{controls,seeds-*}.test.ts', // hundreds and thousands of simulated searches
  'test/plain/sim/large-plan.test.ts', // plans of megabytes
  'test/plain/actors/stopped-watch.test.ts', // a process that is stopped for seconds
  'test/plain/scan/{hostile-files,phantom,real-ct}.test.ts', // thousands of files
];

await main(async () => {
  await build();
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const exclude = SLOW.flatMap((pattern) => ['--exclude', pattern]);
  const started = performance.now();
  const args = [
    vitest,
    'run',
    '--project',
    'plain',
    '--no-isolate',
    '--reporter=dot',
    ...exclude,
    ...process.argv.slice(2),
  ];
  const exitCode = await runChild(process.execPath, args);
  say(`${((performance.now() - started) / 1000).toFixed(0)} s. Before you hand in: npm test.`);
  return exitCode;
});
