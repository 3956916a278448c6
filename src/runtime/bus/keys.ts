/** Keys of users of a broker (nkeys, Ed25519): the server knows the public part, the seed stays with its holder. */
import { createUser, fromSeed } from '@nats-io/nkeys';

export interface UserKey {
  /** `U…`, as the server's configuration names it. */
  readonly publicKey: string;
  /** `SU…`, secret. */
  readonly seed: string;
}

export function newUserKey(): UserKey {
  const key = createUser();
  return { publicKey: key.getPublicKey(), seed: new TextDecoder().decode(key.getSeed()) };
}

/** Errors: the client's, for a text that is no seed. */
export function publicKeyOf(seed: string): string {
  return fromSeed(new TextEncoder().encode(seed)).getPublicKey();
}
