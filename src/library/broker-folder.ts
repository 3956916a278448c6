/**
 * The folder of a broker for several hosts: its certificates, the public keys that it knows, and files of
 * credentials to be carried to the hosts. Secrets lie in files of mode 0600, in a folder of mode 0700.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { withLock } from '../native/lock.js';
import { writeCredentials } from '../run/credentials.js';
import { issueKeys } from '../run/keys.js';
import type { BrokerUser } from '../runtime/broker/broker-contract.js';
import { makeCertificates } from '../runtime/broker/certificates.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import { BUS_ROLES } from '../wire/bus-role.js';
import type { KeyHolder } from '../wire/permissions.js';
import { ANYBODY, permissionsOf } from '../wire/permissions.js';
import { ANY } from '../wire/subjects.js';
import { expectNewFolder, RequestError } from './request.js';

const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
/** As a search makes them. */
const RUN_ID = /^[0-9a-f]{12}$/;
const MOST_BYTES = 2 ** 22;

const recordSchema = z.object({
  format: z.literal(1),
  /** Names that hosts know the broker by; none: it is for this machine alone, without certificates. */
  hosts: z.array(z.string().max(253)).max(16),
  port: z.number().int().min(1).max(65_535),
  clients: z
    .array(
      z.object({
        role: z.enum(BUS_ROLES),
        id: z.string().regex(TOKEN).nullable(),
        publicKey: z.string().regex(/^U[A-Z2-7]{55}$/),
        /** Name of its file of credentials. */
        name: z.string().regex(TOKEN).nullable().default(null),
        /** Id of the one run that it counts in; null: any. */
        run: z.string().regex(TOKEN).nullable().default(null),
      }),
    )
    .max(10_000),
});
export type BrokerRecord = z.infer<typeof recordSchema>;

export function brokerFiles(folder: string) {
  const root = resolve(folder);
  return {
    root,
    record: join(root, 'broker.json'),
    ca: join(root, 'ca.pem'),
    certificate: join(root, 'server.pem'),
    key: join(root, 'server.key'),
    server: join(root, 'server'),
    log: join(root, 'broker.log'),
    lock: join(root, '.lock'),
    creds: (name: string) => join(root, `${name}.creds`),
  };
}

export interface NewBroker {
  readonly folder: string;
  readonly hosts: readonly string[];
  readonly port: number;
}

/** Makes the folder; gives the credentials of searches and of watchers. Errors: RequestError. */
export async function initBroker({ folder, hosts, port }: NewBroker): Promise<readonly string[]> {
  expectNewFolder(folder);
  const wrong = hosts.find(
    (host) => isIP(host) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host),
  );
  if (wrong !== undefined)
    throw new RequestError(`--host: expected a name or an address, as node1.lan or 10.0.0.5, got "${wrong}"`);
  const files = brokerFiles(folder);
  await mkdir(files.root, { recursive: true, mode: 0o700 });
  if (hosts.length > 0) {
    const { ca, certificate, key } = await makeCertificates(hosts, Date.now());
    await writeFileAtomic(files.ca, ca, 0o600);
    await writeFileAtomic(files.certificate, certificate, 0o600);
    await writeFileAtomic(files.key, key, 0o600);
  }
  await writeRecord(files.record, { format: 1, hosts: [...hosts], port, clients: [] });
  const watcher = ANYBODY.filter(({ role }) => role === 'watcher');
  return [await issue(folder, 'search', ANYBODY), await issue(folder, 'watcher', watcher)];
}

/**
 * Credentials for one worker or objective more. `run`: id of the one run that they count in; null: any. Errors:
 * RequestError for a name that is taken.
 */
export async function addClient(
  folder: string,
  {
    role,
    name,
    run,
  }: { readonly role: KeyHolder['role']; readonly name: string; readonly run: string | null },
): Promise<string> {
  if (!TOKEN.test(name))
    throw new RequestError(`--name: expected 1 to 64 letters, digits, "-" and "_", got "${name}"`);
  if (run !== null && !RUN_ID.test(run))
    throw new RequestError(
      `--run: expected the id of a run, 12 hexadecimal digits as emars runs shows it, got "${run}"; the name ` +
        'of a run is its folder, and anybody may choose it',
    );
  await readBrokerRecord(folder);
  return changing(folder, async () => {
    if (existsSync(brokerFiles(folder).creds(name)))
      throw new RequestError(
        `--name: expected a name that is free, got "${name}", which has credentials already`,
      );
    return issue(folder, name, [{ role, id: name }], run);
  });
}

/**
 * Takes the keys of a file of credentials away: the broker cuts off who holds them. Errors: RequestError where
 * there are none of that name.
 */
export async function revokeClient(folder: string, name: string): Promise<void> {
  await readBrokerRecord(folder);
  await changing(folder, () => withoutClient(folder, name));
}

/** One change of the record at a time: each reads it, and two at once would lose one of them. */
function changing<T>(folder: string, change: () => Promise<T>): Promise<T> {
  return withLock(brokerFiles(folder).lock, change);
}

async function withoutClient(folder: string, name: string): Promise<void> {
  const files = brokerFiles(folder);
  const record = await readBrokerRecord(folder);
  const kept = record.clients.filter((client) => (client.name ?? client.id) !== name);
  if (kept.length === record.clients.length)
    throw new RequestError(
      `--name: expected one of the names that have credentials, got "${name}"; known are ` +
        ([...new Set(record.clients.map((client) => client.name ?? client.id ?? 'any'))].join(', ') ||
          'none'),
    );
  await writeRecord(files.record, { ...record, clients: kept });
  if (TOKEN.test(name)) await rm(files.creds(name), { force: true });
}

/** Who may connect, and what for. */
export function usersOf({ clients }: BrokerRecord): BrokerUser[] {
  return clients.map(({ role, id, publicKey, run }) => ({
    publicKey,
    ...permissionsOf({ role, id }, run ?? ANY),
  }));
}

/** Errors: RequestError where there is none. */
export async function readBrokerRecord(folder: string): Promise<BrokerRecord> {
  const { record } = brokerFiles(folder);
  if (!existsSync(record))
    throw new RequestError(
      `expected the folder of a broker, got "${folder}"; make one: emars broker init ${folder}`,
    );
  const text = await readFile(record, 'utf8');
  const read = text.length > MOST_BYTES ? null : recordSchema.safeParse(jsonOf(text));
  if (read?.success !== true)
    throw new RequestError(`${record}: expected what emars broker init writes, got something else`);
  return read.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function issue(
  folder: string,
  name: string,
  holders: readonly KeyHolder[],
  run: string | null = null,
): Promise<string> {
  const files = brokerFiles(folder);
  const record = await readBrokerRecord(folder);
  const { login, users } = issueKeys(holders, run ?? ANY);
  const { hosts, port } = record;
  const urls = hosts.length === 0 ? [`nats://127.0.0.1:${port}`] : hosts.map((host) => urlOf(host, port));
  const ca = hosts.length === 0 ? null : await readFile(files.ca, 'utf8');
  const path = files.creds(name);
  // The broker knows a key before somebody holds it.
  const added = holders.map((holder, i) => ({ ...holder, name, run, publicKey: users[i]!.publicKey }));
  await writeRecord(files.record, { ...record, clients: [...record.clients, ...added] });
  await writeCredentials(path, { format: 1, urls, ca, keys: login.keys });
  return path;
}

function urlOf(host: string, port: number): string {
  return `tls://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

async function writeRecord(path: string, record: BrokerRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record, null, 2)}\n`, 0o600);
}
