/** All doors that are fuzzed. */
import type { FuzzTarget } from './target.js';
import { split, table } from './targets/data-files.js';
import { busAccess, config, journal, snapshot } from './targets/run-files.js';
import { scans } from './targets/scans.js';
import { wire } from './targets/wire.js';

export const TARGETS: readonly FuzzTarget[] = [
  wire,
  journal,
  snapshot,
  busAccess,
  config,
  split,
  table,
  ...scans,
];
