/** Issues certificates. Loading @peculiar/x509 takes some 100 ms, so this module is imported only when something must be issued. */
import '../../base/reflect-metadata.ts';
import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes, type webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './certificate.ts';
import { BACKDATE_MS, CA_LIFETIME_DAYS, type CertificateWish, DAY_MS, LEAF_LIFETIME_DAYS } from './certificate-plan.ts';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

export type Purpose = 'server' | 'client';

/** A private key on P-256, PKCS #8 PEM. */
export async function newKeyPem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return privateKey;
}

const privateHalf = (keyPem: string): webcrypto.CryptoKey => createPrivateKey(keyPem).toCryptoKey(CURVE, true, ['sign']);
const publicHalf = (keyPem: string): webcrypto.CryptoKey => createPublicKey(keyPem).toCryptoKey(CURVE, true, ['verify']);

/** 127 random bits: positive, as RFC 5280 asks, and never twice. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** utf8String objects are taken literally; plain strings would be read as RFC 4514 text (`#…`, escapes). */
function subjectName(who: { readonly commonName: string; readonly organizations: readonly string[] }): x509.Name {
  const attribute = (type: string, value: string) => ({ [type]: [{ utf8String: value }] });
  return new x509.Name([...who.organizations.map((o) => attribute('O', o)), attribute('CN', who.commonName)]);
}

const keyIds = async (subjectKey: x509.PublicKeyType, issuerKey: x509.PublicKeyType) => [
  await x509.SubjectKeyIdentifierExtension.create(subjectKey, false),
  await x509.AuthorityKeyIdentifierExtension.create(issuerKey, false),
];

/** A self-signed CA of ten years over the given key. It may sign leaves only. */
export async function issueAuthority(commonName: string, keyPem: string, nowMs: number): Promise<KeyPair> {
  const keys = { privateKey: privateHalf(keyPem), publicKey: publicHalf(keyPem) };
  const { keyCertSign, digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: subjectName({ commonName, organizations: [] }),
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_LIFETIME_DAYS * DAY_MS),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new x509.KeyUsagesExtension(keyCertSign | digitalSignature | keyEncipherment, true),
      new x509.BasicConstraintsExtension(true, undefined, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  });
  return { certPem: `${certificate.toString('pem')}\n`, keyPem };
}

export interface LeafOptions {
  readonly authority: KeyPair;
  readonly subject: x509.Name;
  readonly publicKey: x509.PublicKeyType;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly x509.Extension[];
}

/** Signs a leaf. It never outlives its CA. */
export async function signLeaf(options: LeafOptions): Promise<string> {
  const ca = new x509.X509Certificate(options.authority.certPem);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: options.subject,
    issuer: ca.subjectName,
    notBefore: new Date(options.notBeforeMs),
    notAfter: new Date(Math.min(options.notAfterMs, ca.notAfter.getTime())),
    signingAlgorithm: SIGNING,
    signingKey: privateHalf(options.authority.keyPem),
    publicKey: options.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(await keyIds(options.publicKey, ca.publicKey)),
      ...options.extensions,
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

export const sanExtension = (sans: readonly string[], critical = false): x509.Extension[] =>
  sans.length === 0
    ? []
    : [
        new x509.SubjectAlternativeNameExtension(
          sans.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
          critical,
        ),
      ];

/** A key and a certificate for it: for one of the server's own identities. */
export async function issueIdentity(authority: KeyPair, wish: CertificateWish & { purpose: Purpose }, nowMs: number): Promise<KeyPair> {
  const keyPem = await newKeyPem();
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const usage = wish.purpose === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certPem = await signLeaf({
    authority,
    subject: subjectName(wish),
    publicKey: publicHalf(keyPem),
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: nowMs + LEAF_LIFETIME_DAYS * DAY_MS,
    extensions: [
      new x509.KeyUsagesExtension(digitalSignature | keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...sanExtension(wish.sans),
    ],
  });
  return { certPem, keyPem };
}
