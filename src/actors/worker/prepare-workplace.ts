/** Makes the workplace of a worker on another host than its run, with what the run says of itself. */
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describeOptions } from '../../config/describe.js';
import { loadOptions } from '../../config/load.js';
import type { Options } from '../../config/options.js';
import { EmarsError } from '../../errors/error.js';
import type { BusAccess } from '../../run/bus-access.js';
import { writeBusAccess } from '../../run/bus-access.js';
import { readDataRecord } from '../../run/data-record.js';
import { RunFolderError } from '../../run/error.js';
import type { RunFolder } from '../../run/folder.js';
import { runFolder } from '../../run/folder.js';
import type { Manifest } from '../../run/manifest.js';
import { parseManifest } from '../../run/manifest.js';
import type { WorkplaceFacts } from '../../run/workplace.js';
import { workplacePaths, writeWorkplace } from '../../run/workplace.js';
import { writeFileAtomic } from '../../runtime/storage/atomic-file.js';
import { ContentCache, ContentCacheError } from '../../runtime/storage/content-cache.js';
import { openSameScans } from '../setup/decoded-scans.js';
import type { FetchSource } from './fetch-contents.js';
import { ContentUnavailable, fetchContent, fetchContents, manifestDigest } from './fetch-contents.js';
import { textOf } from '../../errors/text.js';

/** The run needs something of this host that is not there. */
export class HostUnfit extends EmarsError {
  override readonly name = 'HostUnfit';
  readonly kind = 'environment';
}

export interface WorkplaceRequest {
  readonly access: BusAccess;
  readonly bus: FetchSource['bus'];
  readonly subjects: FetchSource['subjects'];
  /** Folder of the worker's cache; made when it is not there. */
  readonly cache: string;
  readonly cacheBytes: number;
  /** The worker. */
  readonly client: WorkplaceFacts['client'];
  readonly signal: AbortSignal;
}

/**
 * Fetches configuration, split and first weights, and looks for the scans at the path where the run has them.
 * Errors: ContentCacheError, ContentUnavailable, HostUnfit; the reason of `signal`.
 */
export async function prepareWorkplace(
  request: WorkplaceRequest,
): Promise<{ readonly folder: RunFolder; readonly options: Options }> {
  const { access, bus, subjects, cacheBytes, client, signal } = request;
  const contents = join(request.cache, 'contents');
  const root = join(request.cache, 'workplaces', `${access.run}-${client.id}`);
  const folder = runFolder(root);
  await made(request.cache, async () => {
    await mkdir(contents, { recursive: true });
    await rm(root, { recursive: true, force: true });
    await mkdir(root, { recursive: true, mode: 0o700 });
    await symlink(contents, folder.snapshots);
  });
  const source = { bus, subjects, cache: new ContentCache(contents, cacheBytes), signal };
  const manifest = await fetchManifest(source, root);
  await fetchContents(
    source,
    [manifest.config, manifest.split, manifest.data, ...manifest.weights],
    new Set(),
  );
  const copy = async (path: string, sha256: string): Promise<void> =>
    writeFileAtomic(path, await contentOf(source, sha256));
  await copy(folder.split, manifest.split.sha256);
  await copy(folder.data, manifest.data.sha256);
  const written = (await contentOf(source, manifest.config.sha256)).toString('utf8');
  const weights = await Promise.all(
    manifest.weights.map(async ({ sha256 }, index) => {
      const path = join(root, `weights-${index}`);
      await copy(path, sha256);
      return path;
    }),
  );
  const options = optionsHere(loadOptions({ text: written }), manifest, weights);
  await writeFileAtomic(folder.config, describeOptions(options));
  await writeBusAccess(folder.bus, access);
  const scansHere = await hasScans(folder, options, manifest);
  await writeWorkplace(root, { format: 1, cache: contents, cacheBytes, client, scansHere });
  return { folder, options };
}

/** What is in it counts for this life of the worker only. */
export async function removeWorkplace({ root }: RunFolder): Promise<void> {
  await rm(root, { recursive: true, force: true });
}

async function made(cache: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = textOf(error);
    throw new ContentCacheError(cache, `cannot be written: ${reason}; choose another with --cache`, error);
  }
}

async function fetchManifest(source: FetchSource, root: string): Promise<Manifest> {
  const digest = await manifestDigest(source);
  await fetchContent(source, digest);
  const bytes = await contentOf(source, digest);
  const path = workplacePaths(root).manifest;
  await writeFileAtomic(path, bytes);
  return parseManifest(path, bytes);
}

async function contentOf({ cache }: FetchSource, sha256: string): Promise<Buffer> {
  const bytes = await cache.read(sha256);
  if (bytes === null)
    throw new ContentUnavailable(`the content ${sha256} is damaged as soon as it is fetched`);
  return bytes;
}

/** The options of the run, with the paths of this host. Errors: HostUnfit. */
function optionsHere(options: Options, { paths }: Manifest, weights: readonly string[]): Options {
  for (const { name, module } of options.objectives)
    if (module !== null && !existsSync(module))
      throw new HostUnfit(
        `expected the module of the objective ${name} at the path that the run names, got none at ${module}; ` +
          'copy it there: a worker runs no code that comes over the network',
      );
  return {
    ...options,
    data: { ...options.data, path: paths.scans },
    cohortWeights: options.cohortWeights === null ? null : [...weights],
  };
}

/** True where the path of the run's scans leads to the same scans on this host. */
async function hasScans(folder: RunFolder, options: Options, { paths, scans }: Manifest): Promise<boolean> {
  // Before anything is opened: a path of another host may lead anywhere here.
  if (!scans.every(({ id }) => existsSync(join(paths.scans, id)))) return false;
  if ((await readDataRecord(folder)) === null)
    throw new RunFolderError(folder.data, 'expected this file, found none');
  try {
    await openSameScans(folder, options, paths.scans);
    return true;
  } catch (error) {
    if (error instanceof EmarsError) return false;
    throw error;
  }
}
