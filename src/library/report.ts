/** The report of a run as a function. */
import { resolve } from 'node:path';
import type { BuiltReport } from '../report/build.js';

/**
 * Builds `report.html` and its figures from the run folder alone; also while the run goes on. Returns their
 * paths. Errors: RunFolderError.
 */
export async function report(run: string): Promise<BuiltReport> {
  // Charts take most of a second to load.
  const { buildReport } = await import('../report/build.js');
  return buildReport(resolve(run));
}
