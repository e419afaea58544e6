import type { CertificateSigningRequest, Node } from '../../api/schema/generated/types.ts';

/** What a PKCS#10 request asks for, as the certificate authority reads it. */
export interface RequestFacts {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly signatureValid: boolean;
}

export const SIGNERS = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
} as const;
const isOurSigner = (name: string): boolean => (Object.values(SIGNERS) as string[]).includes(name);

const NODE_PREFIX = 'system:node:';
const NODES_GROUP = 'system:nodes';

const CLIENT_USAGES = ['client auth', 'digital signature', 'key encipherment'];
const SERVING_USAGES = ['digital signature', 'key encipherment', 'server auth'];
/** Not every key can encipher. */
const OPTIONAL = 'key encipherment';

const goList = (values: readonly string[]) => `[${values.join(' ')}]`;

/** A kubelet asks for exactly these usages. */
function kubeletUsages(usages: readonly string[], wanted: readonly string[]): string | undefined {
  const isExact = usages.every((usage) => wanted.includes(usage)) && wanted.every((usage) => usage === OPTIONAL || usages.includes(usage));
  return isExact ? undefined : `usages did not match ${goList(wanted)}`;
}

function clientUsages(usages: readonly string[]): string | undefined {
  const odd = usages.find((usage) => !CLIENT_USAGES.includes(usage));
  if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

const nodesGroup = ({ organizations }: RequestFacts) =>
  organizations.length === 1 && organizations[0] === NODES_GROUP ? undefined : 'subject organization is not system:nodes';

/** More than upstream asks: a name has to follow. */
const nodeName = ({ commonName }: RequestFacts) =>
  commonName.startsWith(NODE_PREFIX) && commonName.length > NODE_PREFIX.length
    ? undefined
    : 'subject common name does not begin with system:node:';

function noNames(facts: RequestFacts): string | undefined {
  if (facts.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (facts.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (facts.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  return facts.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

function hostNames(facts: RequestFacts): string | undefined {
  if (facts.dnsNames.length + facts.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (facts.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  return facts.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

/** Why the signer may not sign this, in upstream's words; undefined when it may. (Kubernetes: Certificate Signing Requests, "Kubernetes signers".) */
export function signerObjection(csr: CertificateSigningRequest, facts: RequestFacts): string | undefined {
  const usages = csr.spec.usages ?? [];
  if (!facts.signatureValid) return 'the request is not signed by the key that it carries';
  switch (csr.spec.signerName) {
    case SIGNERS.client:
      return clientUsages(usages);
    case SIGNERS.kubeletClient:
      return nodesGroup(facts) ?? noNames(facts) ?? nodeName(facts) ?? kubeletUsages(usages, CLIENT_USAGES);
    case SIGNERS.kubeletServing:
      return nodesGroup(facts) ?? hostNames(facts) ?? kubeletUsages(usages, SERVING_USAGES) ?? nodeName(facts);
    default:
      return undefined;
  }
}

/** A right of the requester that lets a request be approved without a person, and what the approval then says. */
export interface ApprovalRule {
  /** `create` of certificatesigningrequests/<this>; undefined: no right is needed. */
  readonly subresource?: 'selfnodeclient' | 'nodeclient';
  readonly message: string;
}

/**
 * How this request may be approved without a person, in order. Clients: a node asks for its own next certificate, somebody who may for any node's. Serving: a node asks
 * for names and addresses that its Node object has. Everything else waits for `kubectl certificate approve`.
 */
export function approvalRules(csr: CertificateSigningRequest, facts: RequestFacts, node: Node | undefined): readonly ApprovalRule[] {
  if (signerObjection(csr, facts) !== undefined) return [];
  const { username = '', groups = [], signerName } = csr.spec;
  const isSelf = username === facts.commonName;
  const any: ApprovalRule = {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  };
  const own: ApprovalRule = {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  };
  if (signerName === SIGNERS.kubeletClient) return isSelf ? [own, any] : [any];
  if (signerName !== SIGNERS.kubeletServing || !isSelf || !groups.includes(NODES_GROUP) || !node) return [];
  const names = new Set([node.metadata?.name, ...(node.status?.addresses ?? []).map((a) => a.address), 'localhost', '127.0.0.1', '::1']);
  const isOwn = [...facts.dnsNames, ...facts.ipAddresses].every((name) => names.has(name));
  return isOwn ? [{ message: "Auto approving a kubelet's serving certificate for its own names." }] : [];
}

const HOUR_MS = 3_600_000;

/**
 * When the request may be removed, as upstream's cleaner does, which looks once an hour: signed, denied or failed ones an hour after that was said, approved ones that nobody
 * signs a day after, others a day after they were made.
 */
export function expiresAtMs(csr: CertificateSigningRequest): number {
  const created = Date.parse(csr.metadata?.creationTimestamp ?? '');
  const { conditions = [], certificate } = csr.status ?? {};
  if (conditions.length === 0) return created + 24 * HOUR_MS;
  return Math.min(
    ...conditions.map(({ type, lastUpdateTime }) => {
      const since = Date.parse(lastUpdateTime ?? '') || created;
      return since + (type === 'Approved' && !certificate ? 24 : 1) * HOUR_MS;
    }),
  );
}

export const nodeNameOf = (facts: RequestFacts): string => facts.commonName.slice(NODE_PREFIX.length);

type Decision = 'Approved' | 'Denied' | 'Failed';
export const hasCondition = ({ status }: CertificateSigningRequest, type: Decision): boolean =>
  status?.conditions?.some((c) => c.type === type) ?? false;

/** What is next for a request. `approve` and `sign` look further: at what it asks for, and at who asks. */
export type RequestStep = 'remove' | 'approve' | 'sign' | 'nothing';

/** Requests of other signers, and those on which a word was said, wait for their end. */
export function nextStep(csr: CertificateSigningRequest, nowMs: number): RequestStep {
  if (expiresAtMs(csr) <= nowMs) return 'remove';
  const isOpen = !hasCondition(csr, 'Denied') && !hasCondition(csr, 'Failed') && !csr.status?.certificate;
  if (!isOpen || !isOurSigner(csr.spec.signerName)) return 'nothing';
  return hasCondition(csr, 'Approved') ? 'sign' : 'approve';
}

/** The request with a condition more. `now`: RFC 3339. */
export function withCondition(
  csr: CertificateSigningRequest,
  { type, reason, message }: { type: Decision; reason: string; message: string },
  now: string,
): CertificateSigningRequest {
  const condition = { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now };
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } };
}
