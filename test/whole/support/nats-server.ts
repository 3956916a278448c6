/** A nats-server with JetStream and a password that a test starts for itself, as an operator would. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { natsBinary } from '../../broker/nats-binary.js';

export interface NatsServer {
  readonly url: string;
  /** File with user and password. */
  readonly login: string;
  readonly process: ChildProcess;
}

/** `folder`: for its store and the login, made before. Ends when the test ends `process`. */
export async function startNatsServer(folder: string): Promise<NatsServer> {
  const port = await freePort();
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', join(folder, 'store')];
  const server = spawn(await natsBinary(), [...args, '--user', 'emars', '--pass', 'secret'], {
    stdio: 'ignore',
  });
  const login = join(folder, 'login');
  writeFileSync(login, 'emars:secret\n', { mode: 0o600 });
  return { url: `nats://127.0.0.1:${port}`, login, process: server };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
