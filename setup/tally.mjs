/**
 * A vitest reporter that counts, and remembers every skipped test with its reason, for setup/test.mjs.
 * Writes {"passed","failed","skipped","skips":[{"name","reason"}]} to the file in EMARS_TALLY.
 */

import { writeFileSync } from 'node:fs';

export default class Tally {
  onTestRunEnd(modules, errors) {
    // A file that does not load, or an error outside any test, is a failure too: it hides tests.
    const tally = { passed: 0, failed: errors.length, skipped: 0, skips: [] };
    for (const module of modules) {
      tally.failed += module.errors().length;
      for (const suite of module.children.allSuites()) tally.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state, note } = test.result();
        if (state === 'passed') tally.passed++;
        else if (state === 'failed') tally.failed++;
        else {
          tally.skipped++;
          tally.skips.push({
            name: `${module.relativeModuleId} > ${test.fullName}`,
            reason: note ?? (state === 'pending' ? 'it was not run' : ''),
          });
        }
      }
    }
    if (process.env.EMARS_TALLY) writeFileSync(process.env.EMARS_TALLY, JSON.stringify(tally));
  }
}
