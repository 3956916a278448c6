/** How a client shows a nats-server who it is, and how it knows the server. */
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import type { ConnectionOptions } from '@nats-io/transport-node';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';

export type BusLogin =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** The seed of an Ed25519 key, `SU…`: it signs what the server asks for and never leaves this process. */
  | { readonly kind: 'nkey'; readonly seed: string }
  /** The text of a file that an operator's tools wrote: a JWT and its seed. */
  | { readonly kind: 'jwt'; readonly creds: string };

/** The client's options for a login. `ca`: certificates that the server's must be signed by; null: the system's. */
export function loginOptions(
  url: string,
  login: BusLogin | null,
  ca: string | null,
): Pick<ConnectionOptions, 'authenticator' | 'tls'> {
  // With options for TLS the client refuses a server that offers none.
  const servers = serversOf(url);
  const isEncrypted = ca !== null || servers.some((server) => server.startsWith('tls://'));
  const tls = { ...(ca === null ? {} : { ca }), ...byAddress(servers) };
  return {
    ...(login === null ? {} : { authenticator: authenticatorOf(login) }),
    ...(isEncrypted ? { tls } : {}),
  };
}

/**
 * The client tells TLS the name of a server that has one; one that is known by its address would have to prove that it
 * is "localhost". Such a one proves an address of the list instead.
 */
function byAddress(servers: readonly string[]): object {
  const hosts = servers.map((server) =>
    URL.canParse(server) ? new URL(server).hostname.replace(/^\[(.*)\]$/, '$1') : '',
  );
  const addresses = hosts.filter((host) => isIP(host) !== 0);
  if (addresses.length === 0) return {};
  const identify = (name: string, certificate: PeerCertificate): Error | undefined => {
    const errors = addresses.map((address) => checkServerIdentity(address, certificate));
    if (errors.includes(undefined)) return undefined;
    return hosts.includes(name) ? checkServerIdentity(name, certificate) : errors[0];
  };
  return { checkServerIdentity: identify };
}

/** The servers of a list with commas. */
export function serversOf(url: string): string[] {
  return url.split(',').map((server) => server.trim());
}

function authenticatorOf(login: BusLogin): NonNullable<ConnectionOptions['authenticator']> {
  switch (login.kind) {
    case 'password':
      return usernamePasswordAuthenticator(login.user, login.password);
    case 'nkey':
      return nkeyAuthenticator(new TextEncoder().encode(login.seed));
    case 'jwt':
      return credsAuthenticator(new TextEncoder().encode(login.creds));
  }
}
