/**
 * Our own broker: a real nats-server that lives and dies with us, and is disposable.
 *
 * It binds to 127.0.0.1, where it is not told otherwise and has a certificate, and knows the public keys of its
 * users alone, without monitoring. A supervisor process (broker-supervisor.ts) is its parent: if we die, it ends
 * the server; if the server dies, it starts it again on the same port with the same users and store; a store that
 * makes it fail is emptied. If the supervisor dies, we end the server and start a new supervisor. What a kill of
 * all three left behind is ended at the next start on the store.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve as absolute } from 'node:path';
import { newUserKey, publicKeyOf } from '../bus/keys.js';
import { freePort } from '../bus/server-info.js';
import { writeFileAtomic } from '../storage/atomic-file.js';
import type { BrokerUser } from './broker-contract.js';
import { BrokerStartError, mayEverything, type Broker, type BrokerOptions } from './broker-contract.js';
import { OwnBroker } from './own-broker.js';
import { endLeftover, MIB, serverConfiguration, serverFiles } from './server-files.js';

export * from './broker-contract.js';

const LOOPBACK = '127.0.0.1';
/** Addresses that mean all; the server is then looked for on the loopback one. */
const WILDCARDS = new Map([
  ['0.0.0.0', LOOPBACK],
  ['::', '::1'],
]);
const PORT_ATTEMPTS = 5;
const DEFAULT_STORE_BYTES = 1024 * MIB;

/**
 * Starts a broker and resolves when it answers, JetStream included. The broker does not keep this process
 * alive.
 *
 * Errors: RangeError (maxPayload, a host that others reach without `tls`), BrokerStartError.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const { maxPayload = MIB, maxStoreBytes = DEFAULT_STORE_BYTES, host = LOOPBACK, tls = null } = options;
  if (!isLoopback(host) && tls === null)
    throw new RangeError(`a broker on ${host} can be reached by others: it needs a certificate`);
  if (!(maxPayload >= MIB && maxPayload <= 8 * MIB))
    throw new RangeError(`maxPayload must lie between 1 MiB and 8 MiB, got ${maxPayload}`);
  const files = serverFiles(absolute(options.storeDir));
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await endLeftover(files);
  const login = options.users === undefined ? ({ kind: 'nkey', seed: newUserKey().seed } as const) : null;
  const users = options.users ?? [mayEverything(publicKeyOf(login!.seed))];
  const serverName = `emars-${randomBytes(6).toString('hex')}`;
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const settings = { serverName, host, tls, port, maxPayload, maxStoreBytes };
    const configurationFor = (known: readonly BrokerUser[]): string =>
      serverConfiguration(files, { ...settings, users: known });
    await writeFileAtomic(files.config, configurationFor(users), 0o600);
    const broker = new OwnBroker(
      `${tls === null ? 'nats' : 'tls'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      login,
      {
        type: 'start',
        binary: options.binary,
        configFile: files.config,
        logFile: absolute(options.logFile),
        store: files.store,
        host: WILDCARDS.get(host) ?? host,
        port,
        serverName,
      },
      configurationFor,
    );
    const failure = await broker.start(options.fresh ?? false);
    if (failure === null) return broker;
    if (!failure.portTaken || options.port !== undefined || attempt === PORT_ATTEMPTS)
      throw new BrokerStartError(options.binary, failure.reason);
  }
}

/** Only programs of this machine reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
