import type { Quantity } from '../../base/quantity.ts';
import { type Amounts, addAmounts } from '../core/pod-resources.ts';
import { controllerOf } from '../meta/object.ts';
import { resourcesOfClass } from '../resource/device-resources.ts';
import { EXTENDED_CLAIM_ANNOTATION } from '../resource/pod-claims.ts';
import type { DeviceClass, Pod, ResourceV1ResourceClaim as ResourceClaim } from '../schema/generated/types.ts';
import { increase, isExtendedQuota, ONE, type QuotaEvaluator, type QuotaView } from './evaluator.ts';
import { podEvaluator } from './pod-evaluator.ts';

const CLAIMS = 'resourceclaims.resource.k8s.io';
export const CLASSES = 'deviceclasses.resource.k8s.io';
const COUNT = `count/${CLAIMS}`;
/** `gpu.deviceclass.resource.k8s.io/devices` */
const CLASS_SUFFIX = '.deviceclass.resource.k8s.io/devices';
/** A request for all devices is held for as many as one allocation can have (resource.k8s.io, AllocationResultsMaxSize). */
const MAX_DEVICES = 32;

interface Asked {
  readonly deviceClassName?: string;
  readonly allocationMode?: string;
  readonly count?: number;
}

const devices = ({ allocationMode, count = 1 }: Asked) => (allocationMode === 'All' ? MAX_DEVICES : count);

/** Of alternatives each class is held for the most that any of them takes. */
function devicesByClass({ spec }: ResourceClaim): ReadonlyMap<string, Quantity> {
  const counts = new Map<string, number>();
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const asked of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])] as Asked[]) {
      const name = asked.deviceClassName ?? '';
      most.set(name, Math.max(most.get(name) ?? 0, devices(asked)));
    }
    for (const [name, count] of most) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return new Map([...counts].map(([name, count]) => [name, { nanos: BigInt(count) * ONE.nanos, format: ONE.format }]));
}

function usage(claim: ResourceClaim, nowMs: number, view: QuotaView): Amounts {
  const byClass = devicesByClass(claim);
  const ofDevices = Object.fromEntries([...byClass].map(([name, amount]) => [`${name}${CLASS_SUFFIX}`, amount]));
  return { [COUNT]: ONE, ...ofDevices, ...extendedUsage(claim, byClass, nowMs, view) };
}

/**
 * The extended resources that the devices stand for, less what a pod uses of them already for which the claim was made. As upstream has it, a class that
 * names no resource counts under neither of its names.
 */
function extendedUsage(claim: ResourceClaim, byClass: ReadonlyMap<string, Quantity>, nowMs: number, view: QuotaView): Amounts {
  const amounts: Amounts = {};
  for (const deviceClass of byClass.size > 0 ? view.list<DeviceClass>(CLASSES) : []) {
    const amount = byClass.get(deviceClass.metadata?.name ?? '');
    if (!amount || !deviceClass.spec.extendedResourceName) continue;
    for (const name of resourcesOfClass(deviceClass)) addAmounts(amounts, { [`requests.${name}`]: amount });
  }
  return Object.keys(amounts).length > 0 ? increase(amounts, usageOfItsPod(claim, nowMs, view)) : amounts;
}

/** What the pod uses of quotas that the scheduler made the claim for; nothing when it is not known, or when it has another. */
function usageOfItsPod(claim: ResourceClaim, nowMs: number, view: QuotaView): Amounts {
  const owner = isExtendedClaim(claim) ? controllerOf(claim) : undefined;
  const { namespace = '', name } = claim.metadata ?? {};
  if (owner?.kind !== 'Pod' || owner.apiVersion !== 'v1') return {};
  const pod = view.get<Pod>('pods', namespace, owner.name);
  if (!pod || pod.metadata?.uid !== owner.uid) return {};
  const known = pod.status?.extendedResourceClaimStatus?.resourceClaimName;
  if (known !== undefined) return known === name ? podEvaluator.usage(pod, nowMs, view) : {};
  const others = view
    .list<ResourceClaim>(CLAIMS, namespace)
    .filter((other) => isExtendedClaim(other) && controllerOf(other)?.uid === owner.uid);
  return others.some((other) => isOlder(other, claim)) ? {} : podEvaluator.usage(pod, nowMs, view);
}

const isExtendedClaim = ({ metadata }: ResourceClaim) => metadata?.annotations?.[EXTENDED_CLAIM_ANNOTATION] === 'true';

/** Earlier, or as early and first by name. */
function isOlder({ metadata: a }: ResourceClaim, { metadata: b }: ResourceClaim): boolean {
  if (a?.uid === b?.uid) return false;
  const [before, after] = [a?.creationTimestamp ?? '', b?.creationTimestamp ?? ''];
  return before === after ? (a?.name ?? '') < (b?.name ?? '') : after === '' || before < after;
}

export const resourceClaimEvaluator: QuotaEvaluator<ResourceClaim> = {
  resource: CLAIMS,
  counts: (name) => name === COUNT || name.endsWith(CLASS_SUFFIX) || isExtendedQuota(name),
  handles: ({ subresource }) => subresource === '',
  usage,
  matchesScope: () => false,
};
