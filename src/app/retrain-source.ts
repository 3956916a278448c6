/** What is trained, on what: the front of a run, an architecture on other scans, or baselines on those of a run. */
import { join, resolve } from 'node:path';
import type { Differences } from '../config/load.js';
import type { Options, SupernetOptions } from '../config/options.js';
import { readArchitecture } from '../model/read-architecture.js';
import { alreadyOpened, RetrainingError, SEARCHED, splitDigest, testOpenings } from '../retraining/record.js';
import type { Candidate } from '../retraining/candidates.js';
import { chooseCandidates } from '../retraining/candidates.js';
import { readOptions } from '../run/config.js';
import { runFolder } from '../run/folder.js';
import { readFront } from '../run/front.js';
import { readHistory } from '../run/history.js';
import { readRecordIfSound } from '../run/record.js';
import { readSplit } from '../run/split.js';
import type { BaselineName } from '../space/baseline-names.js';
import type { Genome } from '../space/genome.js';
import { genomeId } from '../space/genome.js';
import type { SearchSpace } from '../space/space.js';
import { requireFile } from '../library/request.js';
import { requireRun } from '../library/run-argument.js';
import { UsageError } from './errors.js';
import type { RetrainFlags } from './retrain-flags.js';

const TOP = 10;
const TEST_RECORD = 'test-opened.json';

export interface Source {
  readonly candidates: readonly Candidate[];
  /** Configurations that those of the stages differ from. */
  readonly files: readonly string[];
  readonly overrides: Differences<Options>;
  /** Where openings of the test set are recorded. */
  readonly testRecord: string;
  /** The run whose weights training begins with; null: they are drawn. */
  readonly shared: string | null;
}

type SourceFlags = Pick<RetrainFlags, 'data' | 'top' | 'reopenTest' | 'config' | 'fromShared'>;

/** Errors: UsageError, RetrainingError, RunFolderError, ModelError. */
export function sourceOf(source: string, root: string, flags: SourceFlags): Promise<Source> {
  return source.endsWith('.json') ? fromArchitecture(source, root, flags) : fromRun(source, root, flags);
}

async function fromRun(run: string, root: string, flags: SourceFlags): Promise<Source> {
  const scans = await scansOfRun(run, root, flags.data);
  if (scans.own) await requireUnseenTest(scans, SEARCHED, flags);
  const front = await readFront(scans.folder);
  const lines = (await readHistory(scans.folder)).lines.filter(({ epoch }) => epoch === front.epoch);
  return {
    ...scans,
    candidates: chooseCandidates(front, lines, flags.top ?? TOP),
    shared: flags.fromShared === true ? scans.folder.root : null,
  };
}

/** A baseline on the scans and the split of a run. Errors: as of `sourceOf`. */
export async function fromBaseline(
  baseline: BaselineName,
  { run, root }: { readonly run: string; readonly root: string },
  flags: Pick<RetrainFlags, 'data' | 'reopenTest'>,
): Promise<Source> {
  const scans = await scansOfRun(run, root, flags.data);
  if (scans.own) await requireUnseenTest(scans, baseline, flags);
  return { ...scans, candidates: [candidateOf([baseline])], shared: null };
}

interface RunScans extends Omit<Source, 'candidates' | 'shared'> {
  readonly folder: ReturnType<typeof runFolder>;
  /** The scans of the run, not others. */
  readonly own: boolean;
}

async function scansOfRun(run: string, root: string, data: string | undefined): Promise<RunScans> {
  requireRun(run);
  const folder = runFolder(resolve(run));
  const status = (await readRecordIfSound(folder))?.status;
  if (status !== 'finished')
    throw new RetrainingError(
      `expected a finished run, got ${run}, which is ${status ?? 'without a record'}; ` +
        `go on with it first: emars search --resume ${run}`,
    );
  const options = readOptions(folder);
  return {
    folder,
    own: data === undefined,
    files: [folder.config],
    testRecord: join(data === undefined ? folder.root : root, TEST_RECORD),
    overrides: {
      data:
        data === undefined
          ? { path: options.data.path ?? folder.phantoms, split: { file: folder.split } }
          : { path: resolve(data), split: { file: null } },
    },
  };
}

/** Told now, not after the training. */
async function requireUnseenTest(
  { folder, testRecord }: RunScans,
  network: string,
  { reopenTest }: Pick<RetrainFlags, 'reopenTest'>,
): Promise<void> {
  if (reopenTest === true || (await readSplit(folder)).test.length === 0) return;
  const seen = await testOpenings(testRecord, { split: await splitDigest(folder.split), network });
  if (seen.length > 0) throw alreadyOpened(testRecord, seen.length);
}

async function fromArchitecture(path: string, root: string, flags: SourceFlags): Promise<Source> {
  requireFile(path, 'the file of an architecture');
  const { architecture, input, window } = await readArchitecture(path);
  if (flags.fromShared === true)
    throw new UsageError(
      '--from-shared: expected the folder of a run, whose weights it begins with, got an architecture',
    );
  if (flags.data === undefined)
    throw new UsageError('expected --data DIR with the scans that the architecture is trained on, got none');
  return {
    candidates: [candidateOf(architecture.kind === 'path' ? architecture.genome : [architecture.baseline])],
    files: [],
    shared: null,
    testRecord: join(root, TEST_RECORD),
    overrides: {
      ...(architecture.kind === 'path' ? { supernet: supernetOf(architecture.space) } : {}),
      // The size is the configuration's to say, where it says one.
      ...(flags.config === undefined && input !== null ? { input } : {}),
      data: { path: resolve(flags.data), ...(window === null ? {} : { window }) },
    },
  };
}

function candidateOf(member: readonly string[]): Candidate {
  return { id: genomeId(member as Genome), genome: member, values: {} };
}

/** Without the classes, which are those of the scans. */
function supernetOf({ stem, widths, strides, blocks, operations, head }: SearchSpace): SupernetOptions {
  return { stem, widths, strides, blocks, operations, head };
}
