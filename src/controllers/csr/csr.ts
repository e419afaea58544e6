import { certificateSigningRequests, nodes, subjectAccessReviews } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { CertificateSigningRequest } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import {
  approvalRules,
  expiresAtMs,
  hasCondition,
  nextStep,
  nodeNameOf,
  type RequestFacts,
  SIGNERS,
  signerObjection,
  withCondition,
} from './csr-plan.ts';

/** The cluster's certificate authority, which only the server holds. */
export interface CertificateSigner {
  /** Rejects when the PEM does not hold a PKCS#10 request. */
  describeCsr(pem: string): Promise<RequestFacts>;
  /** PEM of the certificate. */
  signCsr(pem: string, options: { usages: readonly string[]; expirationSeconds?: number }): Promise<string>;
}

const pemOf = (csr: CertificateSigningRequest) => Buffer.from(csr.spec.request, 'base64').toString('latin1');

const invalid = (message: string) => ({ type: 'Failed', reason: 'SignerValidationFailure', message }) as const;

/** The facts of a request, or undefined after it was marked as failed: what does not parse will not later either. */
async function factsOf(
  csr: CertificateSigningRequest,
  signer: CertificateSigner,
  { client, clock, signal }: ReconcileRequest,
): Promise<RequestFacts | undefined> {
  try {
    return await signer.describeCsr(pemOf(csr));
  } catch (error) {
    const failed = withCondition(csr, invalid((error as Error).message), rfc3339(clock.now()));
    await client.update(certificateSigningRequests, failed, { subresource: 'status', signal });
    return undefined;
  }
}

async function approve(csr: CertificateSigningRequest, signer: CertificateSigner, request: ReconcileRequest): Promise<void> {
  const { client, clock, informer, signal } = request;
  const facts = await factsOf(csr, signer, request);
  if (!facts) return;
  for (const rule of approvalRules(csr, facts, informer(nodes).get(nodeNameOf(facts)))) {
    if (rule.subresource && !(await mayAsk(csr, rule.subresource, request))) continue;
    const word = { type: 'Approved', reason: 'AutoApproved', message: rule.message } as const;
    const approved = withCondition(csr, word, rfc3339(clock.now()));
    await client.update(certificateSigningRequests, approved, { subresource: 'approval', signal });
    return;
  }
}

/** Who asked for the certificate needs the right to have it without a person looking. */
async function mayAsk({ spec }: CertificateSigningRequest, subresource: string, { client, signal }: ReconcileRequest): Promise<boolean> {
  const { username: user, uid, groups, extra } = spec;
  const about = { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', version: '*', subresource };
  const review = { spec: { user, uid, groups, extra, resourceAttributes: about } };
  const { status } = await client.create(subjectAccessReviews, review, { signal });
  return status?.allowed === true;
}

async function sign(csr: CertificateSigningRequest, signer: CertificateSigner, request: ReconcileRequest): Promise<void> {
  const { client, clock, log, key, signal } = request;
  const facts = await factsOf(csr, signer, request);
  if (!facts) return;
  const objection = signerObjection(csr, facts);
  if (objection) {
    const failed = withCondition(csr, invalid(objection), rfc3339(clock.now()));
    await client.update(certificateSigningRequests, failed, { subresource: 'status', signal });
    return;
  }
  const certificate = await signer.signCsr(pemOf(csr), { usages: csr.spec.usages ?? [], expirationSeconds: csr.spec.expirationSeconds });
  const signed = { ...csr, status: { ...csr.status, certificate: Buffer.from(certificate).toString('base64') } };
  await client.update(certificateSigningRequests, signed, { subresource: 'status', signal });
  log.info({ csr: key, signer: csr.spec.signerName, subject: facts.commonName }, 'certificate signed');
}

/** Approves what needs no person, signs what is approved, and removes what is old (Kubernetes: Certificate Signing Requests). */
export const csr = ({ signer }: { signer: CertificateSigner }): Controller => ({
  name: 'csr',
  reads: ['certificatesigningrequests.certificates.k8s.io', 'nodes'],
  writes: [
    'certificatesigningrequests.certificates.k8s.io',
    'certificatesigningrequests.certificates.k8s.io/approval',
    'certificatesigningrequests.certificates.k8s.io/status',
    'subjectaccessreviews.authorization.k8s.io',
  ],
  enqueue: {
    // A serving request may come before the node has written its addresses.
    nodes: (node, { informer }) =>
      informer(certificateSigningRequests)
        .list()
        .filter(
          (c) =>
            c.spec.signerName === SIGNERS.kubeletServing &&
            c.spec.username === `system:node:${node.metadata?.name}` &&
            !hasCondition(c, 'Approved'),
        )
        .map((c) => c.metadata?.name ?? ''),
  },
  async reconcile(request) {
    const { key, client, informer, clock, signal } = request;
    const object = informer(certificateSigningRequests).get(key);
    if (!object) return;
    const step = nextStep(object, clock.now());
    if (step === 'remove') {
      await client.delete(certificateSigningRequests, key, { signal }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
      return;
    }
    if (step === 'sign') await sign(object, signer, request);
    if (step === 'approve') await approve(object, signer, request);
    return { afterMs: expiresAtMs(object) - clock.now() + 1 };
  },
});
