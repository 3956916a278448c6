/** Runs the broker of a folder until it is told to end. */
import { existsSync } from 'node:fs';
import { isLoopback, startBroker } from '../runtime/broker/broker.js';
import { brokerFiles, readBrokerRecord, usersOf } from './broker-folder.js';
import { nativeParts } from './native-parts.js';
import { RequestError } from './request.js';

export interface BrokerRun {
  readonly folder: string;
  /** Address of this machine. */
  readonly listen: string;
  readonly signal: AbortSignal;
}

/**
 * Resolves when it has ended. `ready`: it answers. Errors: RequestError (no folder of a broker, an address that
 * others reach without certificates), NativePartError, BrokerStartError.
 */
export async function runBroker(
  { folder, listen, signal }: BrokerRun,
  ready: (at: { readonly url: string; readonly pid: number }) => Promise<void>,
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
  // A broker does not keep its owner alive.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await ready({ url: broker.url, pid: broker.pid() });
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    clearInterval(alive);
    await broker.stop();
  }
}
