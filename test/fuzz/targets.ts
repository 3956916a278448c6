/** All doors that are fuzzed. */
import type { FuzzTarget } from './target.js';
import { architecture, credentials, model, objectiveReply } from './targets/brought.js';
import { split, table } from './targets/data-files.js';
import { dataRecord, front, history, runRecord } from './targets/results.js';
import { busAccess, config, journal, snapshot } from './targets/run-files.js';
import { scans } from './targets/scans.js';
import { wire } from './targets/wire.js';

export const TARGETS: readonly FuzzTarget[] = [
  wire,
  journal,
  snapshot,
  busAccess,
  config,
  front,
  history,
  runRecord,
  dataRecord,
  model,
  architecture,
  credentials,
  objectiveReply,
  split,
  table,
  ...scans,
];
