import '../../../base/reflect-metadata.ts';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import type { CertificateSigningRequest } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../ports.ts';
import { certificateApproval } from './certificate-approval.ts';
import { certificateRequest } from './certificate-request.ts';
import { certificateSigning } from './certificate-signing.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
type Names = ConstructorParameters<typeof import('@peculiar/x509').Name>[0];

async function csr(name: Names): Promise<string> {
  const keys = (await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])) as {
    publicKey: import('node:crypto').webcrypto.CryptoKey;
    privateKey: import('node:crypto').webcrypto.CryptoKey;
  };
  return btoa((await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ECDSA })).toString('pem'));
}

const asked = (signerName: string, status?: CertificateSigningRequest['status'], request = ''): CertificateSigningRequest => ({
  metadata: { name: 'r' },
  spec: { signerName, request, usages: [] },
  ...(status && { status }),
});
const admission = (object: CertificateSigningRequest, subresource = '', old?: CertificateSigningRequest): AdmissionRequest => ({
  operation: old ? 'UPDATE' : 'CREATE',
  request: {
    verb: old ? 'update' : 'create',
    group: 'certificates.k8s.io',
    version: 'v1',
    resource: 'certificatesigningrequests',
    subresource,
    name: 'r',
  },
  object,
  old,
  context: { user: { name: 'jane', groups: [] }, signal: new AbortController().signal, userAgent: 'test', warn: () => {} },
});
const validate = async (plugin: AdmissionPlugin, request: AdmissionRequest) => plugin.validate?.(request);

/** Allows one verb on signers of one name. */
const only =
  (verb: string, name: string): Authorizer =>
  (about) => ({
    allowed: about.path === undefined && about.resource === 'signers' && about.verb === verb && about.name === name,
    reason: '',
  });

describe('approving', () => {
  const approve = (authorizer: Authorizer) =>
    validate(certificateApproval(authorizer), admission(asked('a.b/c'), 'approval', asked('a.b/c')));

  it('needs the verb on the signer, or on all of its domain', async () => {
    await approve(only('approve', 'a.b/c'));
    await approve(only('approve', 'a.b/*'));
    for (const authorizer of [only('sign', 'a.b/c'), only('approve', 'a.b/d')]) {
      await expect(approve(authorizer)).rejects.toMatchObject({
        code: 403,
        message:
          'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "a.b/c"',
      });
    }
  });
});

describe('a request for a certificate', () => {
  const make = (request: string) => validate(certificateRequest, admission(asked('a.b/c', undefined, request)));

  it('is refused when it cannot be read, whoever is to sign it', async () => {
    await make(await csr([{ CN: ['jane'] }]));
    const junk = btoa('-----BEGIN CERTIFICATE REQUEST-----\nanVuaw==\n-----END CERTIFICATE REQUEST-----\n');
    await expect(make(junk)).rejects.toMatchObject({
      code: 422,
      message: `CertificateSigningRequest.certificates.k8s.io "r" is invalid: spec.request: Invalid value: "${junk}": the request does not parse`,
    });
  });
});

describe('signing', () => {
  const old = asked('a.b/c', { conditions: [{ type: 'Approved', status: 'True' }] });
  const write = (status: CertificateSigningRequest['status'], authorizer: Authorizer) =>
    validate(certificateSigning(authorizer), admission(asked('a.b/c', status), 'status', old));

  it('needs the verb for a certificate or a condition, and for nothing else', async () => {
    const certificate = { ...old.status, certificate: 'x' };
    await write(certificate, only('sign', 'a.b/c'));
    await write(old.status, only('none', ''));
    await expect(write(certificate, only('approve', 'a.b/c'))).rejects.toThrow(
      'user not permitted to sign requests with signerName "a.b/c"',
    );
    await expect(write({ conditions: [] }, only('none', ''))).rejects.toMatchObject({ code: 403 });
  });
});

describe('asking for a client certificate', () => {
  const SIGNER = 'kubernetes.io/kube-apiserver-client';
  const ask = async (signer: string, name: Names) =>
    validate(certificateSubjectRestriction, admission(asked(signer, undefined, await csr(name))));

  it('for system:masters is refused', async () => {
    await ask(SIGNER, [{ O: ['dev'] }, { CN: ['jane'] }]);
    await ask('example.com/own', [{ O: ['system:masters'] }]);
    await expect(ask(SIGNER, [{ O: ['dev'] }, { O: ['system:masters'] }, { CN: ['jane'] }])).rejects.toThrow(
      `use of ${SIGNER} signer with system:masters group is not allowed`,
    );
  });

  it('with something that is no request is refused', async () => {
    const request = admission(asked(SIGNER, undefined, btoa('nonsense')));
    await expect(validate(certificateSubjectRestriction, request)).rejects.toThrow('failed to parse CSR: ');
  });
});
