/** A certificate authority for one broker, and the certificate of its server: what clients know it by. */
import 'reflect-metadata';
import { isIP } from 'node:net';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** All in PEM. */
export interface BrokerCertificates {
  readonly ca: string;
  readonly certificate: string;
  /** Secret. */
  readonly key: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const VALID_MS = 825 * DAY_MS;
/** Clocks of hosts differ. */
const BEFORE_MS = DAY_MS;

/**
 * A certificate for a server of these names and addresses. The authority's own key is forgotten: for other names
 * all is made anew. `now`: milliseconds since 1970.
 */
export async function makeCertificates(hosts: readonly string[], now: number): Promise<BrokerCertificates> {
  cryptoProvider.set(webcrypto as never);
  const [caKeys, keys] = [await newKeys(), await newKeys()];
  const validity = { notBefore: new Date(now - BEFORE_MS), notAfter: new Date(now + VALID_MS) };
  const issuer = 'CN=emars broker authority';
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...{ name: issuer, keys: caKeys, signingAlgorithm: ALGORITHM, ...validity },
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  const server = await X509CertificateGenerator.create({
    ...{ subject: 'CN=emars broker', issuer, signingAlgorithm: ALGORITHM, ...validity },
    ...{ publicKey: keys.publicKey, signingKey: caKeys.privateKey },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host })),
      ),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g)!.join('\n');
  return {
    ca: `${ca.toString('pem')}\n`,
    certificate: `${server.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}
