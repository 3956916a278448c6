/** What a new retraining is made of, checked before anything is started. */
import { mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeOptions } from '../config/describe.js';
import type { Differences } from '../config/load.js';
import { loadOptions } from '../config/load.js';
import type { Options } from '../config/options.js';
import { readArchitecture } from '../model/read-architecture.js';
import { alreadyOpened, RetrainingError, retrainingFolder, splitDigest } from '../retraining/record.js';
import { testOpenings, writeRecord } from '../retraining/record.js';
import type { Candidate } from '../retraining/candidates.js';
import { chooseCandidates } from '../retraining/candidates.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readHistory } from '../run/history.js';
import { readRecordIfSound } from '../run/record.js';
import { readSplit } from '../run/split.js';
import { genomeId } from '../space/genome.js';
import { requireFile, requireFolder } from '../library/request.js';
import { requireRun } from '../library/run-argument.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { UsageError } from './errors.js';
import type { RetrainFlags } from './retrain-flags.js';

const TOP = 10;
const RANK_EPOCHS = 10;
const RECIPE = fileURLToPath(new URL('../../configs/retrain.yaml', import.meta.url));
const TEST_RECORD = 'test-opened.json';

/** What is retrained, on what. */
interface Source {
  readonly candidates: readonly Candidate[];
  readonly files: readonly string[];
  readonly overrides: Differences<Options>;
  /** Where openings of the test set are recorded. */
  readonly testRecord: string;
}

/** Writes `retrain.json`. Errors: UsageError, RetrainingError, ConfigError, RunFolderError, ModelError. */
export async function startRetraining(source: string, root: string, flags: RetrainFlags): Promise<void> {
  if (flags.data !== undefined) requireFolder(flags.data, 'a folder of scans (--data)');
  const from = source.endsWith('.json')
    ? await fromArchitecture(source, root, flags)
    : await fromRun(source, root, flags);
  const stage = (cohort: readonly Candidate[], epochs: number | undefined): Options =>
    loadOptions({
      file: [...from.files, ...(flags.config ?? [RECIPE])],
      set: flags.set ?? [],
      overrides: {
        ...from.overrides,
        cohort: cohort.map(({ genome }) => genome),
        ...(epochs === undefined ? {} : { evolution: { epochs } }),
      },
    });
  const rank = stage(from.candidates, flags.rankEpochs ?? RANK_EPOCHS);
  const final = stage(from.candidates.slice(0, 1), flags.epochs);
  await mkdir(root, { recursive: true });
  const folder = retrainingFolder(root);
  await writeFileAtomic(folder.rankConfig, describeOptions(rank));
  await writeFileAtomic(folder.finalConfig, describeOptions(final));
  await writeRecord(folder.record, {
    format: 1,
    testRecord: from.testRecord,
    candidates: from.candidates.map(({ id, genome }) => ({ id, genome: [...genome] })),
  });
}

async function fromRun(run: string, root: string, flags: RetrainFlags): Promise<Source> {
  requireRun(run);
  const folder = runFolder(resolve(run));
  const status = (await readRecordIfSound(folder))?.status;
  if (status !== 'finished')
    throw new RetrainingError(
      `expected a finished run, got ${run}, which is ${status ?? 'without a record'}; ` +
        `go on with it first: emars search --resume ${run}`,
    );
  const front = await readFront(folder);
  const lines = (await readHistory(folder)).lines.filter(({ epoch }) => epoch === front.epoch);
  const candidates = chooseCandidates(front, lines, flags.top ?? TOP);
  const options = readOptions(folder);
  const own = flags.data === undefined;
  const testRecord = join(own ? folder.root : root, TEST_RECORD);
  if (own) await requireUnseenTest(folder.split, testRecord, flags);
  return {
    candidates,
    files: [folder.config],
    testRecord,
    overrides: {
      data: own
        ? { path: options.data.path ?? folder.phantoms, split: { file: folder.split } }
        : { path: resolve(flags.data), split: { file: null } },
    },
  };
}

/** Told now, not after the training. */
async function requireUnseenTest(split: string, record: string, flags: RetrainFlags): Promise<void> {
  if (flags.reopenTest === true || (await readSplit({ split })).test.length === 0) return;
  const seen = await testOpenings(record, await splitDigest(split));
  if (seen.length > 0) throw alreadyOpened(record, seen.length);
}

async function fromArchitecture(path: string, root: string, flags: RetrainFlags): Promise<Source> {
  requireFile(path, 'the file of an architecture');
  const { architecture, input, window } = await readArchitecture(path);
  if (architecture.kind !== 'path')
    throw new UsageError(`expected a searched architecture, got the baseline ${architecture.baseline}`);
  if (flags.data === undefined)
    throw new UsageError('expected --data DIR with the scans that the architecture is trained on, got none');
  const { stem, widths, strides, blocks, operations, head } = architecture.space;
  const { genome } = architecture;
  return {
    candidates: [{ id: genomeId(genome), genome, values: {} }],
    files: [],
    testRecord: join(root, TEST_RECORD),
    overrides: {
      supernet: { stem, widths, strides, blocks, operations, head },
      // The size is the configuration's to say, where it says one.
      ...(flags.config === undefined && input !== null ? { input } : {}),
      data: { path: resolve(flags.data), ...(window === null ? {} : { window }) },
    },
  };
}

/** Errors: UsageError where there is no retraining. */
export function requireRetraining(root: string): void {
  requireFolder(root, 'the folder of a retraining');
  if (!existsSync(retrainingFolder(root).record))
    throw new UsageError(
      `expected the folder of a retraining, got "${root}", which has no retrain.json; start one with emars retrain RUN`,
    );
}
