/** Logins against a real nats-server: an nkey of its own opens, any other does not. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BrokerUnreachable, connect } from '#emars/runtime/bus/connection.js';
import { freePort } from '#emars/runtime/bus/server-info.js';
import { natsBinary } from '../nats-binary.js';

let folder = '';
let server: ChildProcess;
let url = '';
const key = createUser();
const seedOf = (user: typeof key): string => new TextDecoder().decode(user.getSeed());

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'emars-login-'));
  const port = await freePort();
  const conf = join(folder, 'nats.conf');
  await writeFile(
    conf,
    `host: "127.0.0.1"\nport: ${port}\nauthorization { users: [ { nkey: ${key.getPublicKey()} } ] }\n`,
  );
  server = spawn(await natsBinary(), ['-c', conf], { stdio: 'ignore' });
  url = `nats://127.0.0.1:${port}`;
});
afterAll(async () => {
  server.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

it('a server that knows the key lets it in, and answers where its inbox is', async () => {
  const login = { kind: 'nkey', seed: seedOf(key) } as const;
  const bus = await connect({ url, login, name: 'test', inboxPrefix: '_INBOX.trainer.t' });
  expect(bus.inbox()).toMatch(/^_INBOX\.trainer\.t\.\w+$/);
  bus.subscribe('ask', (bytes, { reply }) => void bus.respond(reply!, bytes));
  expect(Buffer.from(await bus.ask('ask', Buffer.from('hm'), 5000)).toString()).toBe('hm');
  await bus.close();
});

it('another key, no key, a password, and TLS that the server has not are refused', async () => {
  const other = { kind: 'nkey', seed: seedOf(createUser()) } as const;
  for (const login of [other, null, { kind: 'password', user: 'u', password: 'p' } as const])
    await expect(connect({ url, login, name: 'test' })).rejects.toThrow(BrokerUnreachable);
  const login = { kind: 'nkey', seed: seedOf(key) } as const;
  const encrypted = url.replace('nats:', 'tls:');
  await expect(connect({ url: encrypted, login, name: 'test', deadlineMs: 500 })).rejects.toThrow(
    BrokerUnreachable,
  );
});
