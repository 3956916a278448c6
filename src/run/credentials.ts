/**
 * Credentials for a broker: what a file of `emars broker init`, of an operator, or of a run holds, and which
 * of its keys a process shows. Nobody but their owner may read them; no message here quotes any.
 */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { EmarsError } from '../errors/error.js';
import type { BusLogin } from '../runtime/bus/login.js';
import { writeFileAtomic } from '../runtime/storage/atomic-file.js';
import type { BusClient, BusRole } from '../wire/bus-role.js';
import { BUS_ROLES } from '../wire/bus-role.js';
import { shortText } from './fields.js';

const SEED = /^SU[A-Z2-7]{56}$/;
const OPERATORS_FILE = /-----BEGIN NATS USER JWT-----/;
const MOST_BYTES = 65_536;
const MOST_KEYS = 1024;

const pem = z
  .string()
  .max(MOST_BYTES)
  .regex(/^-----BEGIN CERTIFICATE-----/, 'expected certificates in PEM');
const keySchema = z.object({
  role: z.enum(BUS_ROLES),
  /** Null: of any id. */
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected 1 to 64 letters, digits, "-" and "_"')
    .nullable(),
  seed: z.string().regex(SEED, 'expected the seed of a user key, SU…'),
});

export const brokerLoginSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('password'), user: shortText, password: shortText }),
  /** An operator's own: which role it is for, the operator knows. */
  z.object({ kind: z.literal('nkey'), seed: keySchema.shape.seed }),
  z.object({ kind: z.literal('jwt'), creds: z.string().max(MOST_BYTES) }),
  /** A key each for roles and ids; a worker's file has one. */
  z.object({ kind: z.literal('keys'), keys: z.array(keySchema).min(1).max(MOST_KEYS) }),
]);
export type BrokerLogin = z.infer<typeof brokerLoginSchema>;
export type BusKey = z.infer<typeof keySchema>;

/** How to reach a broker, for all processes of a run or for one worker. */
export const brokerAccessSchema = z.object({
  /** As nats://host:4222 or tls://host:4222; several with commas between. */
  url: z.string().max(2048),
  /** Certificates that the server's must be signed by, PEM; null: the system's authorities. */
  ca: pem.nullable(),
  login: brokerLoginSchema,
});
export type BrokerAccess = z.infer<typeof brokerAccessSchema>;

const credentialsFileSchema = z.object({
  format: z.literal(1),
  urls: z.array(z.string().max(256)).max(16),
  ca: pem.nullable(),
  keys: z.array(keySchema).min(1).max(MOST_KEYS),
});
export type CredentialsFile = z.infer<typeof credentialsFileSchema>;

/** A file that holds no credentials, or not those that are needed. */
export class CredentialsError extends EmarsError {
  override readonly name = 'CredentialsError';
  readonly kind = 'usage';
}

/**
 * A file with credentials: one of `emars broker init`, a NATS credentials file (JWT), the seed of an nkey, or
 * one line `user:password`. `urls` is empty where the file names no server. Errors: CredentialsError.
 */
export function readCredentials(
  path: string,
): Omit<BrokerAccess, 'url'> & { readonly urls: readonly string[] } {
  const text = privateText(path).trim();
  if (text.startsWith('{')) {
    const { urls, ca, keys } = parsed(path, text);
    return { urls, ca, login: { kind: 'keys', keys } };
  }
  return { urls: [], ca: null, login: loginOf(path, text) };
}

/** Readable by its owner alone. */
export async function writeCredentials(path: string, file: CredentialsFile): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(file, null, 2)}\n`, 0o600);
}

function loginOf(path: string, text: string): BrokerLogin {
  if (OPERATORS_FILE.test(text)) return { kind: 'jwt', creds: text };
  if (SEED.test(text)) return { kind: 'nkey', seed: text };
  const colon = text.indexOf(':');
  if (colon < 1 || /[\r\n]/.test(text) || text.length > 512)
    throw new CredentialsError(
      `${path}: expected a file of emars broker init, a NATS credentials file, the seed of an nkey, or one line ` +
        'with user:password, got something else',
    );
  return { kind: 'password', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parsed(path: string, text: string): CredentialsFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CredentialsError(`${path}: expected JSON, got something that only begins like it`);
  }
  const checked = credentialsFileSchema.safeParse(value);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new CredentialsError(
    `${path}: expected credentials as emars broker init writes them; "${issue!.path.join('.')}": ${issue!.message}`,
  );
}

/** Errors: CredentialsError for a file that is missing, too large, or open to other users. */
function privateText(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true)
    throw new CredentialsError(
      `expected a file with credentials, got "${path}", which is none; check the path`,
    );
  if (found.size > MOST_BYTES)
    throw new CredentialsError(
      `${path}: expected at most ${MOST_BYTES} bytes of credentials, got ${found.size}`,
    );
  if ((found.mode & 0o027) !== 0)
    throw new CredentialsError(
      `${path}: expected credentials that other users cannot read, got mode ${(found.mode & 0o777).toString(8)}; ` +
        `chmod 600 ${path}`,
    );
  return readFileSync(path, 'utf8');
}

/**
 * What a process shows the broker. A key of its own id is taken before one of any id. Errors: CredentialsError
 * where there is none for it.
 */
export function loginFor({ login }: Pick<BrokerAccess, 'login'>, { role, id }: BusClient): BusLogin | null {
  switch (login.kind) {
    case 'none':
      return null;
    case 'keys': {
      const ofRole = login.keys.filter((key) => key.role === role);
      const key = ofRole.find((one) => one.id === id) ?? ofRole.find((one) => one.id === null);
      if (key !== undefined) return { kind: 'nkey', seed: key.seed };
      throw new CredentialsError(
        `expected credentials for ${role} "${id}", got those of ${login.keys.map(keyName).join(', ')}`,
      );
    }
    default:
      return login;
  }
}

/** Whom credentials are for, where they say so for one client alone: a worker takes role and id from them. */
export function soleClient({
  login,
}: Pick<BrokerAccess, 'login'>): { role: BusRole; id: string | null } | null {
  if (login.kind !== 'keys' || login.keys.length !== 1) return null;
  const [{ role, id }] = login.keys as [BusKey];
  return { role, id };
}

/** Who a process is that may have any key, best one of `role`. */
export function clientOf({ login }: Pick<BrokerAccess, 'login'>, role: BusRole): BusClient {
  if (login.kind !== 'keys') return { role, id: role };
  const key = login.keys.find((one) => one.role === role) ?? login.keys[0]!;
  return { role: key.role, id: key.id ?? key.role };
}

function keyName({ role, id }: BusKey): string {
  return id === null ? `any ${role}` : `${role} "${id}"`;
}
