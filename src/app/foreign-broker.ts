/**
 * A broker that others run, as the command line names it. Every user of a machine can read the arguments
 * of every process, so a password comes from a file or the environment and is refused in the URL.
 */
import type { BrokerAccess } from '../library/search.js';
import { readSmallFile } from './arguments.js';
import { UsageError } from './errors.js';

/** `user:password`; taken out of the environment when it is read, so that no child process has it. */
const LOGIN_VARIABLE = 'EMARS_NATS_LOGIN';
const MOST_BYTES = 4096;

export interface BrokerFlags {
  readonly nats?: string | undefined;
  readonly natsLogin?: string | undefined;
}

/** URL and credentials; undefined where no broker is named. Errors: UsageError. */
export async function foreignBroker({ nats, natsLogin }: BrokerFlags): Promise<BrokerAccess | undefined> {
  const { EMARS_NATS_LOGIN: variable } = process.env;
  delete process.env.EMARS_NATS_LOGIN;
  if (nats === undefined) {
    if (natsLogin !== undefined)
      throw new UsageError('--nats-login: expected --nats as well, which names the broker it is for');
    return undefined;
  }
  const url = urlOf(nats);
  if (natsLogin !== undefined)
    return { url, credentials: loginOf(await readSmallFile(natsLogin, MOST_BYTES, 'a login'), natsLogin) };
  return variable === undefined ? { url } : { url, credentials: loginOf(variable, LOGIN_VARIABLE) };
}

function urlOf(text: string): string {
  const full = text.includes('://') ? text : `nats://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '')
    throw new UsageError(
      `--nats: expected a URL as nats://127.0.0.1:4222, got "${text.replace(/\/\/.*@/, '//…@')}"`,
    );
  if (url.username !== '' || url.password !== '')
    throw new UsageError(
      '--nats: expected a URL without user and password, which the list of processes shows to all users of ' +
        `this machine; write user:password into a file for --nats-login, or into ${LOGIN_VARIABLE}`,
    );
  return `${url.protocol}//${url.host}`;
}

/** Errors: UsageError, which does not show what was found. */
function loginOf(text: string, where: string): { readonly user: string; readonly password: string } {
  const line = text.replace(/\r?\n$/, '');
  const colon = line.indexOf(':');
  if (colon < 1 || /[\r\n]/.test(line) || line.length > 512)
    throw new UsageError(`${where}: expected one line with user:password, got something else`);
  return { user: line.slice(0, colon), password: line.slice(colon + 1) };
}
