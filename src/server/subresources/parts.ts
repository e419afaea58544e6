import type { KubeObject } from '../../api/meta/object.ts';
import type { CertificateSigningRequest, Container, Namespace, Pod } from '../../api/schema/generated/types.ts';
import { partialUpdate } from './partial-update.ts';

/** What a strategy upstream does not hold back of metadata comes with the part. */
function takeMetadata(sent: KubeObject, object: KubeObject): void {
  const { annotations, finalizers, labels, ownerReferences } = sent.metadata ?? {};
  object.metadata = { ...object.metadata, annotations, finalizers, labels, ownerReferences };
}

/** PUT namespaces/NAME/finalize: whoever cleaned a namespace takes its finalizer off; with the last one the namespace goes. */
export const finalizeNamespace = partialUpdate<Namespace>('finalize', (sent, namespace) => {
  takeMetadata(sent, namespace);
  namespace.spec = { ...namespace.spec, finalizers: sent.spec?.finalizers?.length ? sent.spec.finalizers : undefined };
});

/** Debug containers of a running pod (KEP-277). */
export const ephemeralContainers = partialUpdate<Pod>('ephemeralcontainers', (sent, pod) => {
  if (pod.spec) pod.spec.ephemeralContainers = sent.spec?.ephemeralContainers;
});

/** Of each container what a resize may change. Lists that differ in more than that are left to validation. */
function resized(sent: readonly Container[] = [], old: readonly Container[] = []): Container[] {
  const differ = sent.length !== old.length || sent.some(({ name }, i) => name !== old[i]?.name);
  if (differ) return [...sent];
  return old.map(({ resources: _, resizePolicy: __, ...container }, i) => {
    const { resources, resizePolicy } = sent[i] ?? {};
    return { ...container, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) };
  });
}

/** Resources of a running pod's containers (KEP-1287) and of the pod as a whole (KEP-5419). */
export const resizePod = partialUpdate<Pod>('resize', (sent, pod) => {
  if (!pod.spec) return;
  const { containers, initContainers, resources } = sent.spec ?? {};
  pod.spec.containers = resized(containers, pod.spec.containers);
  if (initContainers || pod.spec.initContainers) pod.spec.initContainers = resized(initContainers, pod.spec.initContainers);
  pod.spec.resources = resources;
});

/** PUT …/approval: conditions, and metadata; validation keeps what was decided. */
export const approveCertificate = partialUpdate<CertificateSigningRequest>('approval', (sent, request) => {
  takeMetadata(sent, request);
  request.status = { ...request.status, conditions: sent.status?.conditions ?? [] };
});
