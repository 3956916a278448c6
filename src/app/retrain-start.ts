/** The folder of a new retraining: its record, and the configurations of its stages, all checked. */
import { mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeOptions } from '../config/describe.js';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import type { Candidate } from '../retraining/candidates.js';
import { retrainingFolder, writeRecord } from '../retraining/record.js';
import { sharedWeightsFile, writeSharedWeights } from '../retraining/shared-weights.js';
import { requireFolder } from '../library/request.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { UsageError } from './errors.js';
import { sayMemory } from './retrain-memory.js';
import type { RetrainFlags } from './retrain-flags.js';
import type { Source } from './retrain-source.js';

const RANK_EPOCHS = 10;
const RECIPE = fileURLToPath(new URL('../../configs/retrain.yaml', import.meta.url));

type StageFlags = Pick<
  RetrainFlags,
  'config' | 'set' | 'rankEpochs' | 'epochs' | 'devices' | 'trainers' | 'json'
>;

/** Writes the folder `root`. Errors: ConfigError, those of the disk. */
export async function startRetraining(from: Source, root: string, flags: StageFlags): Promise<void> {
  const folder = retrainingFolder(root);
  const stage = (cohort: readonly Candidate[], epochs: number | undefined): Options =>
    loadOptions({
      file: [...from.files, ...(flags.config ?? [RECIPE])],
      set: flags.set ?? [],
      overrides: {
        ...from.overrides,
        cohort: cohort.map(({ genome }) => genome),
        cohortWeights:
          from.shared === null ? null : cohort.map(({ id }) => sharedWeightsFile(folder.shared, id)),
        ...(epochs === undefined ? {} : { evolution: { epochs } }),
      },
    });
  const rank = stage(from.candidates, flags.rankEpochs ?? RANK_EPOCHS);
  const final = stage(from.candidates.slice(0, 1), flags.epochs);
  await sayMemory(root, from.candidates.length > 1 ? rank : final, flags);
  await mkdir(root, { recursive: true });
  if (from.shared !== null) await writeSharedWeights(from.shared, from.candidates, folder.shared);
  await writeFileAtomic(folder.rankConfig, describeOptions(rank));
  await writeFileAtomic(folder.finalConfig, describeOptions(final));
  await writeRecord(folder.record, {
    format: 1,
    testRecord: from.testRecord,
    fromShared: from.shared !== null,
    candidates: from.candidates.map(({ id, genome }) => ({ id, genome: [...genome] })),
  });
}

/** Errors: UsageError where there is no retraining. */
export function requireRetraining(root: string): void {
  requireFolder(root, 'the folder of a retraining');
  if (!existsSync(retrainingFolder(root).record))
    throw new UsageError(
      `expected the folder of a retraining, got "${root}", which has no retrain.json; start one with emars retrain RUN`,
    );
}
