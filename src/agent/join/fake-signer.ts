import '../../base/reflect-metadata.ts';
import type { KeyObject } from 'node:crypto';
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { certificateSigningRequests } from '../../api/index.ts';
import type { CertificateSigningRequest } from '../../api/schema/generated/types.ts';
import type { Client } from '../../client/client.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const LIFE_MS = 365 * 24 * 3_600_000;

const imported = async ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }) => ({
  publicKey: await crypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), ALGORITHM, true, ['verify']),
  privateKey: await crypto.subtle.importKey('pkcs8', privateKey.export({ type: 'pkcs8', format: 'der' }), ALGORITHM, true, ['sign']),
});

/** A CA certificate that signed itself, PEM, for tests. */
export async function selfSigned(name: string, own?: { publicKey: KeyObject; privateKey: KeyObject }): Promise<string> {
  const keys = own ? await imported(own) : await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Date.UTC(2026, 0, 1)),
    notAfter: new Date(Date.UTC(2056, 0, 1)),
    extensions: [new BasicConstraintsExtension(true)],
  });
  return certificate.toString('pem');
}

/** Signs what a certificate request asks for, for a year from `nowMs` on. */
export async function signRequest({ spec }: CertificateSigningRequest, nowMs: number): Promise<string> {
  const request = new Pkcs10CertificateRequest(Buffer.from(spec?.request ?? '', 'base64').toString('utf8'));
  const { privateKey: signingKey } = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const names = request.extensions.find((extension) => extension instanceof SubjectAlternativeNameExtension);
  const certificate = await X509CertificateGenerator.create({
    subject: request.subject,
    issuer: 'CN=minik-ca',
    publicKey: request.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(nowMs),
    notAfter: new Date(nowMs + LIFE_MS),
    extensions: names ? [names] : [],
  });
  return certificate.toString('pem');
}

/** Answers every request of a cluster with what `answer` makes its status, until the signal. */
export async function answerRequests(
  client: Client,
  answer: (csr: CertificateSigningRequest) => Promise<CertificateSigningRequest['status']>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  for await (const { type, object } of client.watch(certificateSigningRequests, { signal })) {
    if (type !== 'ADDED') continue;
    await client.update(certificateSigningRequests, { ...object, status: await answer(object) }, { subresource: 'status', signal });
  }
}
