/** The folder of our own nats-server: its configuration, its store, and what an earlier server left there. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../process/monotonic.js';
import type { BrokerUser } from './broker-contract.js';

export const MIB = 1024 * 1024;
const GONE_MS = 20;

export interface ServerFiles {
  readonly folder: string;
  readonly config: string;
  /** Of JetStream; the server makes it. */
  readonly store: string;
  /** Written by the server. */
  readonly pid: string;
}

export function serverFiles(folder: string): ServerFiles {
  return {
    folder,
    config: join(folder, 'nats-server.conf'),
    store: join(folder, 'jetstream'),
    pid: join(folder, 'nats-server.pid'),
  };
}

export interface ServerSettings {
  readonly serverName: string;
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  readonly users: readonly BrokerUser[];
  /** Largest message, bytes. */
  readonly maxPayload: number;
  /** Most bytes of the store. */
  readonly maxStoreBytes: number;
}

/** The server's configuration. JSON's quoting is valid in it. */
export function serverConfiguration(files: ServerFiles, settings: ServerSettings): string {
  return `# Written by emars for one run. Changes are lost.
server_name: ${JSON.stringify(settings.serverName)}
host: ${JSON.stringify(settings.host)}
port: ${settings.port}
pid_file: ${JSON.stringify(files.pid)}
max_payload: ${settings.maxPayload}
max_pending: ${64 * MIB}
write_deadline: "10s"
jetstream {
  store_dir: ${JSON.stringify(files.folder)}
  max_memory_store: ${64 * MIB}
  max_file_store: ${settings.maxStoreBytes}
}
${tlsBlock(settings)}${authorization(settings.users)}`;
}

function tlsBlock({ tls }: ServerSettings): string {
  if (tls === null) return '';
  return `tls {\n  cert_file: ${JSON.stringify(tls.certificate)}\n  key_file: ${JSON.stringify(tls.key)}\n}\n`;
}

/** Users by key, each with what it may do; without a key nobody comes in. */
function authorization(users: readonly BrokerUser[]): string {
  const list = (subjects: readonly string[]): string => JSON.stringify(subjects);
  const lines = users.map(
    ({ publicKey, publish, subscribe, denied }) =>
      `    { nkey: ${publicKey}, permissions: { ` +
      `publish: { allow: ${list(publish)}, deny: ${list(denied)} }, subscribe: { allow: ${list(subscribe)} } } }`,
  );
  return `authorization {\n  users: [\n${lines.join('\n')}\n  ]\n}\n`;
}

/**
 * Ends the server of an earlier owner that died together with its supervisor: known by its pid file and
 * its command line.
 */
export async function endLeftover(files: ServerFiles): Promise<void> {
  const pid = Number(await readFile(files.pid, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 0) return;
  const runsOurConfiguration = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(files.config);
    } catch {
      return false;
    }
  };
  while (runsOurConfiguration()) {
    process.kill(pid, 'SIGKILL');
    await sleep(GONE_MS);
  }
}
