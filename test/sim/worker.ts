/** A worker thread of `npm run sim`: runs a batch of seeds. */
import type { Batch, Tally } from './tally.js';
import { runBatch } from './tally.js';

export default function work(batch: Batch): Tally {
  return runBatch(batch);
}
