import type { KubeObject } from '../../api/meta/object.ts';
import type { CertificateSigningRequest, Namespace, Pod } from '../../api/schema/generated/types.ts';
import { partialUpdate } from './partial-update.ts';

/** What a strategy upstream does not hold back of metadata comes with the part. */
function takeMetadata(sent: KubeObject, object: KubeObject): void {
  const { annotations, finalizers, labels, ownerReferences } = sent.metadata ?? {};
  object.metadata = { ...object.metadata, annotations, finalizers, labels, ownerReferences };
}

/** PUT namespaces/NAME/finalize: whoever cleaned a namespace takes its finalizer off; with the last one the namespace goes. */
export const finalizeNamespace = partialUpdate<Namespace>('finalize', (sent, namespace) => {
  takeMetadata(sent, namespace);
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

/** PUT …/approval: conditions, and metadata; validation keeps what was decided. */
export const approveCertificate = partialUpdate<CertificateSigningRequest>('approval', (sent, request) => {
  takeMetadata(sent, request);
  request.status = { ...request.status, conditions: sent.status?.conditions ?? [] };
});
