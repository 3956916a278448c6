/** Runs the broker of a folder until it is told to end. */
import { existsSync, unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Broker } from '../runtime/broker/broker.js';
import { isLoopback, startBroker } from '../runtime/broker/broker.js';
import { brokerFiles, readBrokerRecord, usersOf } from './broker-folder.js';
import { nativeParts } from './native-parts.js';
import { RequestError } from './request.js';
import { textOf } from '../errors/text.js';

export interface BrokerRun {
  readonly folder: string;
  /** Address of this machine. */
  readonly listen: string;
  readonly signal: AbortSignal;
}

/** Keys are made and taken away by other processes: how often their record is looked at. */
const LOOK_MS = 500;

/**
 * Resolves when it has ended. `ready`: it answers. Keys that are made or taken away meanwhile count at once; `say`
 * is told so. Errors: RequestError (no folder of a broker, an address that
 * others reach without certificates), NativePartError, BrokerStartError.
 */
export async function runBroker(
  { folder, listen, signal }: BrokerRun,
  ready: (at: { readonly url: string; readonly pid: number }) => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  const files = brokerFiles(folder);
  const record = await readBrokerRecord(folder);
  const isProven = record.hosts.length > 0 && existsSync(files.certificate) && existsSync(files.key);
  if (!isLoopback(listen) && !isProven)
    throw new RequestError(
      `--listen: expected 127.0.0.1 for a broker without certificates, got ${listen}, which others reach; ` +
        'make one with them: emars broker init DIR --host NAME',
    );
  const { nats } = await nativeParts(() => undefined, signal);
  const broker = await startBroker({
    ...{ binary: nats.path, storeDir: files.server, logFile: files.log },
    ...{ host: listen, port: record.port, users: usersOf(record) },
    tls: isProven ? { certificate: files.certificate, key: files.key } : undefined,
  });
  // It keeps this process alive, which a broker does not.
  let reloading = Promise.resolve();
  const look = (): void => {
    reloading = reloading
      .then(() => reloaded(broker, folder))
      .then(say, (error: unknown) => say(textOf(error)));
  };
  watchFile(files.record, { interval: LOOK_MS }, look);
  try {
    await ready({ url: broker.url, pid: broker.pid() });
    // What changed while the server started.
    if (!isDeepStrictEqual(await readBrokerRecord(folder), record)) look();
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    unwatchFile(files.record, look);
    await reloading;
    await broker.stop();
  }
}

/** Gives the broker the users of its folder as they are now; a word on them. A record that is none changes nothing. */
async function reloaded(broker: Broker, folder: string): Promise<string> {
  const users = usersOf(await readBrokerRecord(folder));
  await broker.reload(users);
  return `keys read again: ${users.length} of them count`;
}
