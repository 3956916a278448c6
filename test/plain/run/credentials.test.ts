/** Files of credentials: what is read, what is refused, which key a process shows. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createUser } from '@nats-io/nkeys';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loginFor, readCredentials, soleClient } from '#emars/run/credentials.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'emars-credentials-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function seed(): string {
  return new TextDecoder().decode(createUser().getSeed());
}

let files = 0;
function file(text: string, mode = 0o600): string {
  const path = join(folder, `creds-${files++}`);
  writeFileSync(path, text);
  // The mode of a write is cut by the umask.
  chmodSync(path, mode);
  return path;
}

const key = (role: string, id: string | null): { role: string; id: string | null; seed: string } => ({
  role,
  id,
  seed: seed(),
});
const ours = (keys: readonly object[], more: object = {}): string =>
  file(JSON.stringify({ format: 1, urls: ['tls://host:4222'], ca: null, keys, ...more }));

it('a file of ours names servers and keys; a process shows the key of its id before one of any id', () => {
  const keys = [key('trainer', null), key('trainer', 'w1'), key('evolution', null)];
  const access = readCredentials(ours(keys));
  expect(access).toEqual({ urls: ['tls://host:4222'], ca: null, login: { kind: 'keys', keys } });
  expect(loginFor(access, { role: 'trainer', id: 'w1' })).toEqual({ kind: 'nkey', seed: keys[1]!.seed });
  expect(loginFor(access, { role: 'trainer', id: 'w2' })).toEqual({ kind: 'nkey', seed: keys[0]!.seed });
  expect(() => loginFor(access, { role: 'evaluator', id: 'w1' })).toThrow(
    /expected credentials for evaluator "w1", got those of any trainer, trainer "w1", any evolution/,
  );
  expect(soleClient(access)).toBeNull();
  expect(soleClient(readCredentials(ours([keys[1]!])))).toEqual({ role: 'trainer', id: 'w1' });
});

it('the seed of an nkey, the file of an operator, and a line with a password are logins for any role', () => {
  const text = seed();
  const trainer = { role: 'trainer', id: 't' } as const;
  expect(loginFor(readCredentials(file(`${text}\n`)), trainer)).toEqual({ kind: 'nkey', seed: text });
  const creds = `-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------`;
  expect(loginFor(readCredentials(file(creds)), trainer)).toEqual({ kind: 'jwt', creds });
  expect(loginFor(readCredentials(file('me:hu:sh\n')), trainer)).toEqual({
    kind: 'password',
    user: 'me',
    password: 'hu:sh',
  });
});

it.each<[string, () => string, RegExp]>([
  ['another role', () => ours([{ ...key('trainer', 'a'), role: 'king' }]), /"keys\.0\.role"/],
  ['an id that is no token', () => ours([key('trainer', 'a.>')]), /"keys\.0\.id": expected 1 to 64 letters/],
  [
    'a damaged seed',
    () => ours([{ ...key('trainer', 'a'), seed: 'SUhush' }]),
    /expected the seed of a user key/,
  ],
  ['no keys', () => ours([]), /"keys"/],
  ['another format', () => ours([key('trainer', 'a')], { format: 2 }), /"format"/],
  [
    'a certificate that is none',
    () => ours([key('trainer', 'a')], { ca: 'x' }),
    /expected certificates in PEM/,
  ],
  ['half a file', () => file('{"format":1,"keys":[{"seed":"SUhush'), /expected JSON/],
  ['a sentence', () => file('hush hush'), /expected a file of emars broker init/],
  [
    'a file that is open to all',
    () => file('me:hush', 0o604),
    /other users cannot read, got mode 604; chmod 600/,
  ],
  ['a file that the group may write', () => file('me:hush', 0o660), /got mode 660/],
  ['a folder', () => folder, /expected a file with credentials, got/],
  ['a long file', () => file(`me:${'x'.repeat(70_000)}`), /at most 65536 bytes/],
])('%s is refused, and no secret is quoted', (_, path, reason) => {
  let message = '';
  try {
    readCredentials(path());
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(reason);
  expect(message).not.toContain('hush');
});
