import type { Amounts } from '../core/pod-resources.ts';
import type { ResourceV1ResourceClaim as ResourceClaim } from '../schema/generated/types.ts';
import { ONE, type QuotaEvaluator } from './evaluator.ts';

const COUNT = 'count/resourceclaims.resource.k8s.io';
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
function usage({ spec }: ResourceClaim): Amounts {
  const counts = new Map<string, number>();
  for (const { exactly, firstAvailable } of spec?.devices?.requests ?? []) {
    const most = new Map<string, number>();
    for (const asked of [...(exactly ? [exactly] : []), ...(firstAvailable ?? [])] as Asked[]) {
      const name = asked.deviceClassName ?? '';
      most.set(name, Math.max(most.get(name) ?? 0, devices(asked)));
    }
    for (const [name, count] of most) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const amounts: Amounts = { [COUNT]: ONE };
  for (const [name, count] of counts) amounts[`${name}${CLASS_SUFFIX}`] = { nanos: BigInt(count) * ONE.nanos, format: ONE.format };
  return amounts;
}

export const resourceClaimEvaluator: QuotaEvaluator<ResourceClaim> = {
  resource: 'resourceclaims.resource.k8s.io',
  counts: (name) => name === COUNT || name.endsWith(CLASS_SUFFIX),
  handles: () => true,
  usage,
  matchesScope: () => false,
};
