/**
 * A broker that others run, as a person or program names it. Every user of a machine can read the arguments
 * of every process, and children have the environment of their parent: secrets come from a file alone.
 */
import type { BrokerAccess } from '../run/credentials.js';
import { readCredentials } from '../run/credentials.js';
import { RequestError } from './request.js';

/** A nats-server with JetStream. One of the two at least. */
export interface BrokerRequest {
  /** As `nats://127.0.0.1:4222` or `tls://host:4222`, without a password. Default: what `creds` names. */
  readonly nats?: string | undefined;
  /** A file of credentials that its owner alone can read. */
  readonly creds?: string | undefined;
}

/** How to reach the broker; null where none is named. Errors: RequestError, CredentialsError. */
export function brokerAccess({ nats, creds }: BrokerRequest): BrokerAccess | null {
  if (nats === undefined && creds === undefined) return null;
  const given = nats === undefined ? null : nats.split(',').map((server) => urlOf(server.trim()));
  if (creds === undefined) return { url: given!.join(','), ca: null, login: { kind: 'none' } };
  const { urls, ...access } = readCredentials(creds);
  const servers = given ?? urls.map(urlOf);
  if (servers.length === 0)
    throw new RequestError(`--nats: expected the URL of a broker, as ${creds} names none; got nothing`);
  return { url: servers.join(','), ...access };
}

function urlOf(text: string): string {
  const full = text.includes('://') ? text : `nats://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '')
    throw new RequestError(
      `--nats: expected a URL as nats://127.0.0.1:4222, got "${text.replace(/\/\/.*@/, '//…@')}"`,
    );
  if (url.username !== '' || url.password !== '')
    throw new RequestError(
      '--nats: expected a URL without user and password, which the list of processes shows to all users of ' +
        'this machine; write user:password into a file for --creds',
    );
  return `${url.protocol}//${url.host}`;
}
