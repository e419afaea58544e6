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
export const isOurSigner = (name: string): boolean => (Object.values(SIGNERS) as string[]).includes(name);

const NODE_PREFIX = 'system:node:';
const NODES_GROUP = 'system:nodes';
const BOOTSTRAP_GROUP = 'system:bootstrappers';

/** Usages that each signer allows; the first list is required (Kubernetes: "Kubernetes signers"). */
const CLIENT_USAGES = { required: ['client auth'], allowed: ['key encipherment', 'digital signature', 'client auth'] };
const SERVING_USAGES = { required: ['server auth'], allowed: ['key encipherment', 'digital signature', 'server auth'] };

const usagesFit = (usages: readonly string[], { required, allowed }: typeof CLIENT_USAGES) =>
  required.every((u) => usages.includes(u)) && usages.every((u) => allowed.includes(u));

const isNodeSubject = ({ commonName, organizations }: RequestFacts) =>
  commonName.startsWith(NODE_PREFIX) &&
  commonName.length > NODE_PREFIX.length &&
  organizations.length === 1 &&
  organizations[0] === NODES_GROUP;

const hasNames = (facts: RequestFacts) =>
  facts.dnsNames.length + facts.ipAddresses.length + facts.emailAddresses.length + facts.uris.length > 0;

/** Why the signer may not sign this, in one sentence; undefined when it may. */
export function signerObjection(csr: CertificateSigningRequest, facts: RequestFacts): string | undefined {
  const usages = csr.spec.usages ?? [];
  if (!facts.signatureValid) return 'the request is not signed by the key that it carries';
  switch (csr.spec.signerName) {
    case SIGNERS.client:
      return usages.includes('client auth') && usages.every((u) => CLIENT_USAGES.allowed.includes(u))
        ? undefined
        : 'the usages must be those of a client certificate';
    case SIGNERS.kubeletClient:
      if (!isNodeSubject(facts)) return `the subject must be CN=${NODE_PREFIX}NAME, O=${NODES_GROUP}`;
      if (hasNames(facts)) return 'a client certificate has no subject alternative names';
      return usagesFit(usages, CLIENT_USAGES) ? undefined : 'the usages must be those of a client certificate';
    case SIGNERS.kubeletServing:
      if (!isNodeSubject(facts)) return `the subject must be CN=${NODE_PREFIX}NAME, O=${NODES_GROUP}`;
      if (facts.dnsNames.length + facts.ipAddresses.length === 0) return 'a serving certificate needs a DNS name or an IP address';
      if (facts.emailAddresses.length + facts.uris.length > 0) return 'a serving certificate has no mail addresses or URIs';
      return usagesFit(usages, SERVING_USAGES) ? undefined : 'the usages must be those of a serving certificate';
    default:
      return undefined;
  }
}

/**
 * May this request be approved without a person? Clients: a bootstrap token asks for any node's first certificate, a node for its own next one. Serving: a node asks
 * for names and addresses that its Node object has. Everything else waits for `kubectl certificate approve`.
 */
export function approvalReason(csr: CertificateSigningRequest, facts: RequestFacts, node: Node | undefined): string | undefined {
  if (signerObjection(csr, facts) !== undefined) return undefined;
  const { username = '', groups = [], signerName } = csr.spec;
  const isSelf = groups.includes(NODES_GROUP) && username === facts.commonName;
  if (signerName === SIGNERS.kubeletClient) {
    if (isSelf) return 'Auto approving self kubelet client certificate after SubjectAccessReview.';
    return groups.includes(BOOTSTRAP_GROUP) ? 'Auto approving kubelet client certificate after SubjectAccessReview.' : undefined;
  }
  if (signerName !== SIGNERS.kubeletServing || !isSelf || !node) return undefined;
  const own = new Set([node.metadata?.name, ...(node.status?.addresses ?? []).map((a) => a.address), 'localhost', '127.0.0.1', '::1']);
  return [...facts.dnsNames, ...facts.ipAddresses].every((name) => own.has(name))
    ? "Auto approving a kubelet's serving certificate for its own names."
    : undefined;
}

const HOUR_MS = 3_600_000;

/** When the request may be removed, as upstream's cleaner: signed or denied ones after an hour, pending ones after a day. */
export function expiresAtMs(csr: CertificateSigningRequest): number {
  const created = Date.parse(csr.metadata?.creationTimestamp ?? '');
  const decided = csr.status?.conditions?.find((c) => c.type === 'Approved' || c.type === 'Denied' || c.type === 'Failed');
  if (!decided) return created + 24 * HOUR_MS;
  const since = Date.parse(decided.lastUpdateTime ?? '') || created;
  const isWaiting = decided.type === 'Approved' && !csr.status?.certificate;
  return isWaiting ? created + 24 * HOUR_MS : since + HOUR_MS;
}

export const nodeNameOf = (facts: RequestFacts): string => facts.commonName.slice(NODE_PREFIX.length);
