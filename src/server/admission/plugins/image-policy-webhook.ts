import { LRUCache } from 'lru-cache';
import type { Pod } from '../../../api/schema/generated/types.ts';
import type { Clock } from '../../../base/clock.ts';
import type { Outbound, OutboundEndpoint } from '../../outbound/outbound.ts';
import { OutboundError } from '../../outbound/outbound-error.ts';
import { askReview } from '../../outbound/review-call.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';
import type { ImagePolicySettings } from '../configuration/image-policy.ts';
import { isAbout, isWrite, refusal } from '../request.ts';

export interface ImagePolicyDeps {
  readonly settings: ImagePolicySettings;
  readonly endpoint: OutboundEndpoint;
  readonly outbound: Outbound;
  readonly clock: Clock;
}

/** Of an ImageReview of imagepolicy.k8s.io/v1alpha1. */
interface ReviewStatus {
  readonly allowed?: boolean;
  readonly reason?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

const CACHED_ANSWERS = 1024;
const AUDIT = 'imagepolicywebhook.image-policy.k8s.io/';
const FAILED_OPEN = 'alpha.image-policy.k8s.io/failed-open';
const EPHEMERAL = 'ephemeralcontainers';

/** Asks a webhook whether the images of a pod may be used. Off by default, and nothing without its configuration. (Kubernetes: "Admission Control", ImagePolicyWebhook.) */
export function imagePolicyWebhook({ settings, endpoint, outbound, clock }: ImagePolicyDeps): AdmissionPlugin {
  const answers = new LRUCache<string, ReviewStatus>({ max: CACHED_ANSWERS, ttlResolution: 0, perf: { now: () => clock.now() } });

  async function ask(spec: object): Promise<ReviewStatus> {
    const key = JSON.stringify(spec);
    const known = answers.get(key);
    if (known) return known;
    const review = { kind: 'ImageReview', apiVersion: 'imagepolicy.k8s.io/v1alpha1', metadata: {}, spec, status: { allowed: false } };
    const { status = {} } = (await askReview(outbound, endpoint, review, { clock, firstPauseMs: settings.retryMs })) as {
      status?: ReviewStatus;
    };
    const ttl = status.allowed ? settings.allowedMs : settings.refusedMs;
    if (ttl > 0) answers.set(key, status, { ttl });
    return status;
  }

  async function judge(admission: AdmissionRequest): Promise<void> {
    const { annotate } = admission.context;
    let status: ReviewStatus;
    try {
      status = await ask(specOf(admission));
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      if (!settings.allowsByDefault) throw refusal(admission, error.message);
      annotate?.(`${AUDIT}failed-open`, 'true');
      const { metadata } = admission.object as Pod;
      if (metadata) metadata.annotations = { ...metadata.annotations, [FAILED_OPEN]: 'true' };
      return;
    }
    for (const [key, value] of Object.entries(status.auditAnnotations ?? {})) annotate?.(`${AUDIT}${key}`, value);
    if (status.allowed) return;
    const why = status.reason
      ? `image policy webhook backend denied one or more images: ${status.reason}`
      : 'one or more images rejected by webhook backend';
    throw refusal(admission, why);
  }

  const isConcerned = (admission: AdmissionRequest) =>
    isWrite(admission) && (isAbout(admission, 'pods') || isAbout(admission, 'pods', '', EPHEMERAL));
  return {
    name: 'ImagePolicyWebhook',
    validate: (admission) => (isConcerned(admission) ? judge(admission) : undefined),
    callsOut: (operation, { group, resource, subresource = '' }) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      group === '' &&
      resource === 'pods' &&
      (subresource === '' || subresource === EPHEMERAL),
  };
}

function specOf({ request, object }: AdmissionRequest): object {
  const { metadata, spec } = object as Pod;
  const containers =
    request.subresource === EPHEMERAL ? spec?.ephemeralContainers : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/'));
  return {
    containers: (containers ?? []).map(({ image }) => ({ image })),
    ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
    namespace: request.namespace,
  };
}
