/** The weights that a search trained, as first weights of networks that are trained on their own. */
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { netOf } from '../actors/setup/rules.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readSplit } from '../run/split.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { readSnapshot } from '../runtime/storage/snapshots.js';
import { pathIn } from '../space/cohort.js';
import { gatherTensors } from '../space/layout.js';
import { decodeWeights } from '../training/snapshot.js';
import type { Candidate } from './candidates.js';

/** Where the first weights of a candidate lie. */
export function sharedWeightsFile(folder: string, id: string): string {
  return join(folder, `${id}.f32`);
}

/**
 * Writes each candidate's share of the SuperNet's last weights to `folder`, as `training/first-weights.ts`
 * reads them. Errors: RunFolderError, SnapshotError where the run has no weights any more.
 */
export async function writeSharedWeights(
  run: string,
  candidates: readonly Candidate[],
  folder: string,
): Promise<void> {
  const paths = runFolder(run);
  const net = netOf(readOptions(paths), (await readSplit(paths)).classes.length);
  const { weights } = await readFront(paths);
  const shared = decodeWeights(net.layout, await readSnapshot(paths.snapshots, weights.sha256));
  await mkdir(folder, { recursive: true });
  for (const { id, genome } of candidates) {
    const path = pathIn(net, genome);
    const values = new Float32Array(path.vectorLength);
    values.set(gatherTensors(net.layout.parameters, path.parameters, shared.parameters));
    values.set(gatherTensors(net.layout.statistics, path.statistics, shared.statistics), path.parameterCount);
    await writeFileAtomic(sharedWeightsFile(folder, id), new Uint8Array(values.buffer));
  }
}
