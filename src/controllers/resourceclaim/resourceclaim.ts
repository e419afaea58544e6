import { pods } from '../../api/core/pod.ts';
import { resourceId } from '../../api/define.ts';
import { controllerOf, objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { CLAIM_FINALIZER, podConsumer, resourceClaimKeysOf } from '../../api/resource/pod-claims.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceClaimTemplates } from '../../api/resource/resource-claim-template.ts';
import type { Pod, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { messageOf } from '../lib/pod-control.ts';
import { isPodReference, planClaim } from './claim-plan.ts';
import { claimStatuses, type PodClaimsView, planPodClaims, unreservedClaims } from './pod-claims-plan.ts';

const CLAIM_INDEX = 'resource-claim';
const TEMPLATE_INDEX = 'resource-claim-template';
const EVENT_SOURCE = 'resource_claim';
const claimsId = resourceId(resourceClaims);
const templatesId = resourceId(resourceClaimTemplates);

/** A pod's claims, also the one that the scheduler made for its extended resources. */
const claimsOf = (pod: Pod): string[] => {
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  return [...resourceClaimKeysOf(pod), ...(extended ? [`${pod.metadata?.namespace}/${extended}`] : [])];
};

const templatesOf = ({ metadata, spec }: Pod): string[] =>
  (spec?.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) => (name ? [`${metadata?.namespace}/${name}`] : []));

/** Makes the claims that pods want from templates, and names them in the pods' status. */
export const podResourceClaims: Controller = {
  name: 'resourceclaim-template',
  eventSource: EVENT_SOURCE,
  reads: ['pods', claimsId, templatesId],
  writes: [claimsId, `${claimsId}/status`, 'pods/status'],
  indexes: { pods: { [CLAIM_INDEX]: claimsOf, [TEMPLATE_INDEX]: templatesOf } },
  enqueue: {
    [claimsId]: (claim, { informer }) => {
      const owner = controllerOf(claim);
      const ofOwner = owner?.kind === 'Pod' ? [`${claim.metadata?.namespace}/${owner.name}`] : [];
      return [...ofOwner, ...informer(pods).by(CLAIM_INDEX, objectKey(claim)).map(objectKey)];
    },
    [templatesId]: (template, { informer }) => informer(pods).by(TEMPLATE_INDEX, objectKey(template)).map(objectKey),
  },
  reconcile: reconcilePod,
};

async function reconcilePod(request: ReconcileRequest): Promise<void> {
  const { key, informer, client, signal } = request;
  const pod = informer(pods).get(key);
  if (!pod?.spec?.resourceClaims?.length) return;
  const { namespace, name = '', uid = '' } = pod.metadata ?? {};
  const claims = informer(resourceClaims);
  const view: PodClaimsView = {
    claim: (of) => claims.get(`${namespace}/${of}`),
    template: (of) => informer(resourceClaimTemplates).get(`${namespace}/${of}`),
    owned: claims.by('owner', uid),
  };
  const statuses = claimStatuses(pod, await makeClaims(request, pod, view));
  if (statuses) {
    const patch = { metadata: { uid }, status: { resourceClaimStatuses: statuses } };
    await client.patch(pods, name, 'merge', patch, { namespace, subresource: 'status', signal });
  }
  for (const claim of unreservedClaims(pod, view.claim)) {
    const reservedFor = [...(claim.status?.reservedFor ?? []), podConsumer(pod)];
    await client.update(resourceClaims, { ...claim, status: { ...claim.status, reservedFor } }, { subresource: 'status', signal });
  }
}

/** Resolves with the names of claims that the pod's status does not have yet, by entry. */
async function makeClaims({ client, event, signal }: ReconcileRequest, pod: Pod, view: PodClaimsView): Promise<Map<string, string>> {
  const made = new Map<string, string>();
  const fail = (entry: string, message: string): never => {
    event(pod, 'Warning', 'FailedResourceClaimCreation', `PodResourceClaim ${entry}: ${message}`);
    throw new Error(`PodResourceClaim ${entry}: ${message}`);
  };
  for (const step of planPodClaims(pod, view)) {
    if (step.do === 'fail') fail(step.entry, step.message);
    else if (step.do === 'record') made.set(step.entry, step.name);
    else {
      const claim = await client
        .create(resourceClaims, step.claim, { namespace: pod.metadata?.namespace, signal })
        .catch((error: unknown) => fail(step.entry, `create ResourceClaim ${step.claim.metadata?.name ?? ''}: ${messageOf(error)}`));
      made.set(step.entry, claim.metadata?.name ?? '');
    }
  }
  return made;
}

/** Takes consumers that are gone off claims, gives devices back with the last one, and deletes claims whose pod will not run. */
export const resourceClaim: Controller = {
  name: 'resourceclaim',
  eventSource: EVENT_SOURCE,
  reads: [claimsId, 'pods'],
  writes: [claimsId, `${claimsId}/status`],
  enqueue: { pods: claimsOf },
  reconcile: reconcileClaim,
};

async function reconcileClaim(request: ReconcileRequest): Promise<void> {
  const { key, informer, client, signal } = request;
  const claim = informer(resourceClaims).get(key);
  if (!claim) return;
  const { name = '', namespace, uid } = claim.metadata ?? {};
  const unseen = await consumersNotSeen(request, claim);
  const plan = planClaim(claim, (of) => informer(pods).get(`${namespace}/${of}`) ?? unseen.get(of));
  const options = { namespace, signal };
  const written = plan.status
    ? await client.update(resourceClaims, { ...claim, status: plan.status }, { ...options, subresource: 'status' })
    : claim;
  if (plan.release) {
    const finalizers = written.metadata?.finalizers?.filter((one) => one !== CLAIM_FINALIZER);
    await client.update(resourceClaims, { ...written, metadata: { ...written.metadata, finalizers } }, options);
  }
  if (plan.remove) {
    await client.delete(resourceClaims, name, { ...options, delete: { preconditions: { uid } } }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

/** A pod that the informer does not show may be one that the scheduler is about to start: its claim is only taken away when the server knows no such pod. */
async function consumersNotSeen({ client, informer, signal }: ReconcileRequest, claim: ResourceV1ResourceClaim): Promise<Map<string, Pod>> {
  const { namespace } = claim.metadata ?? {};
  const found = new Map<string, Pod>();
  for (const reference of claim.status?.reservedFor ?? []) {
    if (!isPodReference(reference) || informer(pods).get(`${namespace}/${reference.name}`)) continue;
    const pod = await client.get(pods, reference.name, { namespace, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    if (pod) found.set(reference.name, pod);
  }
  return found;
}
