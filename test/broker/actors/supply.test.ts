/** What a worker on another host takes from its run, on a real broker that loses what lies on it. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { prepareRun } from '#emars/actors/parent/prepare-run.js';
import { Supply } from '#emars/actors/parent/supply.js';
import { decodeSettings, openStore, scanCacheFolder } from '#emars/actors/setup/decoded-scans.js';
import { PIECE_BYTES } from '#emars/actors/setup/pieces.js';
import type { FetchSource } from '#emars/actors/worker/fetch-contents.js';
import { fetchContent, fetchContents, manifestDigest } from '#emars/actors/worker/fetch-contents.js';
import { loadOptions } from '#emars/config/load.js';
import { loginFor } from '#emars/run/credentials.js';
import { runFolder } from '#emars/run/folder.js';
import { issueKeysForAll } from '#emars/run/keys.js';
import type { Manifest } from '#emars/run/manifest.js';
import { parseManifest } from '#emars/run/manifest.js';
import type { Broker } from '#emars/runtime/broker/broker.js';
import { startBroker } from '#emars/runtime/broker/broker.js';
import type { Bus } from '#emars/runtime/bus/connection.js';
import { connect } from '#emars/runtime/bus/connection.js';
import { ObjectKeeper } from '#emars/runtime/bus/object-store.js';
import { ContentCache } from '#emars/runtime/storage/content-cache.js';
import { writePhantoms } from '#emars/scan/phantom/phantom.js';
import { openEntryStore } from '#emars/scan/store/entry-store.js';
import type { BusClient } from '#emars/wire/bus-role.js';
import { inboxOf } from '#emars/wire/bus-role.js';
import { subjectsOf } from '#emars/wire/subjects.js';
import { natsBinary } from '../nats-binary.js';

const root = mkdtempSync(join(tmpdir(), 'emars-supply-'));
const folder = runFolder(join(root, 'run'));
const subjects = subjectsOf('feed');
let broker: Broker;
let bus: Bus;
let workersBus: Bus;
let supply: Supply;
let options: ReturnType<typeof loadOptions>;
let caches = 0;

beforeAll(async () => {
  // Found in the user's cache, before another one stands in for it.
  const binary = await natsBinary();
  vi.stubEnv('EMARS_CACHE', join(root, 'cache'));
  const scans = join(root, 'scans');
  const classes = ['Normal', 'NCP'] as const;
  await writePhantoms(scans, {
    ...{ seed: 1, patients: 20, scansPerPatient: 1, classes, shape: [4, 16, 16], contrast: 1, format: 'png' },
  });
  options = loadOptions({
    overrides: {
      input: { size: 16, slices: 4 },
      training: { batch: 2, microBatches: 1 },
      data: { path: scans, split: { validation: 0.3, test: 0.2 } },
    },
  });
  await prepareRun(folder, options, () => undefined, new AbortController().signal);
  const files = { storeDir: join(root, 'broker'), logFile: join(root, 'broker.log') };
  // Each with the rights of its role, as on a broker of several hosts.
  const issued = issueKeysForAll();
  broker = await startBroker({ binary, ...files, users: issued.users });
  const enter = (client: BusClient): Promise<Bus> =>
    connect({
      ...{ url: broker.url, name: client.id },
      ...{ login: loginFor(issued, client), inboxPrefix: inboxOf(client) },
    });
  bus = await enter({ role: 'parent', id: 'parent' });
  workersBus = await enter({ role: 'trainer', id: 'worker' });
  supply = new Supply(bus, subjects, { folder, options }, () => undefined);
});

afterAll(async () => {
  await supply.close();
  await workersBus.close();
  await bus.close();
  await broker.stop();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

function source(): FetchSource {
  const cacheFolder = join(root, `contents-${caches++}`);
  mkdirSync(cacheFolder);
  return { bus: workersBus, subjects, cache: new ContentCache(cacheFolder, 1e9) };
}

async function manifestFrom(from: FetchSource): Promise<Manifest> {
  const digest = await manifestDigest(from);
  await fetchContent(from, digest);
  return parseManifest('manifest', (await from.cache.read(digest))!);
}

it('gives the volumes of training and validation, equal to those of the run, and none of the test set', async () => {
  const worker = source();
  const manifest = await manifestFrom(worker);
  await fetchContents(worker, [manifest.config, ...manifest.scans], new Set());
  expect((await worker.cache.read(manifest.config.sha256))!.equals(readFileSync(folder.config))).toBe(true);
  const split = JSON.parse(readFileSync(folder.split, 'utf8')) as Record<string, { id: string }[]> & {
    classes: string[];
  };
  const ids = (side: string): string[] => split[side]!.map(({ id }) => id);
  expect(ids('test').length).toBeGreaterThan(0);
  expect(manifest.scans.map(({ id }) => id).sort()).toEqual([...ids('train'), ...ids('validation')].sort());
  const { size } = decodeSettings(options);
  const settings = { classes: split.classes, size, entries: manifest.scans };
  const theirs = openEntryStore({ ...settings, folder: worker.cache.folder });
  const ours = await openStore(options, options.data.path!);
  for (const { id, label, contentHash, depth } of theirs.scans) {
    expect(ours.scans.find((scan) => scan.id === id)).toMatchObject({ label, contentHash, depth });
    expect(theirs.volume(id).data).toEqual(ours.volume(id).data);
  }
  // Beyond what is kept in memory each volume is read, and compared, again.
  const reading = openEntryStore({ ...settings, folder: worker.cache.folder, memoryBytes: 0 });
  const [{ id, sha256 }] = manifest.scans as [Manifest['scans'][number]];
  expect(reading.volume(id).data).toEqual(ours.volume(id).data);
  writeFileSync(worker.cache.path(sha256), 'damaged');
  expect(() => reading.volume(id)).toThrow(/not in the cache of this worker, or damaged/);
});

it('gives a snapshot of several pieces, goes on after a cut, and takes no other bytes for it', async () => {
  const snapshot = Buffer.alloc(2 * PIECE_BYTES + 1000);
  for (let i = 0; i < snapshot.length; i += 4096) snapshot.writeUInt32LE(i, i);
  const sha256 = createHash('sha256').update(snapshot).digest('hex');
  writeFileSync(join(folder.snapshots, sha256), snapshot);
  const worker = source();
  // As a worker that died left it: one piece whole, one forged.
  await worker.cache.putPiece(sha256, 0, snapshot.subarray(0, PIECE_BYTES));
  await worker.cache.putPiece(sha256, 1, Buffer.alloc(PIECE_BYTES, 'forged'));
  await fetchContent(worker, sha256);
  expect((await worker.cache.read(sha256))!.equals(snapshot)).toBe(true);
  // What lies on the broker is not what was put there.
  const forger = new ObjectKeeper(bus, subjects.storeBucket);
  await forger.put(`${sha256}.1`, Buffer.alloc(PIECE_BYTES, 'forged'));
  await expect(fetchContent(source(), sha256)).rejects.toThrow(/another content, 3 times/);
  // The broker has lost all of it.
  await broker.restart({ wipe: true });
  const other = source();
  await fetchContent(other, sha256);
  expect((await other.cache.read(sha256))!.equals(snapshot)).toBe(true);
});

it('has nothing that is not of the run: no file by another name, no path', async () => {
  const outside = Buffer.from('outside');
  const sha256 = createHash('sha256').update(outside).digest('hex');
  writeFileSync(join(root, sha256), outside);
  await expect(fetchContent(source(), sha256)).rejects.toThrow(/does not have the content/);
  expect(readdirSync(scanCacheFolder()).length).toBeGreaterThan(0);
});
