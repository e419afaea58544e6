import type { CertificateSigningRequest, Namespace, Pod } from '../../api/schema/generated/types.ts';
import { partialUpdate } from './partial-update.ts';

/** PUT namespaces/NAME/finalize: whoever cleaned a namespace takes its finalizer off; with the last one the namespace goes. */
export const finalizeNamespace = partialUpdate<Namespace>('finalize', (sent, namespace) => {
  namespace.spec = { ...namespace.spec, finalizers: sent.spec?.finalizers ?? [] };
});

/** Debug containers of a running pod (KEP-277). */
export const ephemeralContainers = partialUpdate<Pod>('ephemeralcontainers', (sent, pod) => {
  if (pod.spec) pod.spec.ephemeralContainers = sent.spec?.ephemeralContainers;
});

/** Resources of a running pod's containers (KEP-1287). */
export const resizePod = partialUpdate<Pod>('resize', (sent, pod) => {
  if (!pod.spec) return;
  pod.spec.containers = sent.spec?.containers ?? [];
  pod.spec.initContainers = sent.spec?.initContainers;
});

const APPROVALS = new Set(['Approved', 'Denied']);

/** PUT …/approval: Approved and Denied conditions alone; the signer's own stay. */
export const approveCertificate = partialUpdate<CertificateSigningRequest>('approval', (sent, request) => {
  const kept = request.status?.conditions?.filter(({ type }) => !APPROVALS.has(type)) ?? [];
  const approvals = sent.status?.conditions?.filter(({ type }) => APPROVALS.has(type)) ?? [];
  request.status = { ...request.status, conditions: [...kept, ...approvals] };
});
