import type { AllocatedDeviceStatus, DeviceRequestAllocationResult, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';

/** Whether a claim's devices are prepared for their node. `why`: upstream's sentence. */
export type Readiness =
  | { readonly is: 'ready' }
  | { readonly is: 'waiting' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'late'; readonly why: string };

const READY: Readiness = { is: 'ready' };
const WAITING: Readiness = { is: 'waiting' };

export const DEVICE_BINDING_TIMEOUT = 'device binding timeout';

const conditioned = ({ status }: ResourceV1ResourceClaim) =>
  (status?.allocation?.devices?.results ?? []).filter(({ bindingConditions }) => bindingConditions?.length);

/** Does any of its devices have to be prepared before a pod that uses it is bound? */
export const hasBindingConditions = (claim: ResourceV1ResourceClaim): boolean => conditioned(claim).length > 0;

/**
 * Have the drivers said of all devices what has to be true before a pod is bound (KEP-5007, device binding conditions)? A failure that one of them tells
 * comes before everything. `timeoutMs`: so long after the allocation they are given up.
 */
export function readinessOf(claim: ResourceV1ResourceClaim, timeoutMs: number, nowMs: number): Readiness {
  const { allocation, devices = [] } = claim.status ?? {};
  if (!allocation) return WAITING;
  const results = conditioned(claim);
  const verdicts = results.map((result) => verdictOn(result, devices, claim.metadata?.name ?? ''));
  const verdict = verdicts.find(({ is }) => is !== 'ready') ?? READY;
  if (verdict.is !== 'waiting') return verdict;
  const isLate = allocation.allocationTimestamp !== undefined && Date.parse(allocation.allocationTimestamp) + timeoutMs < nowMs;
  return isLate ? { is: 'late', why: `${DEVICE_BINDING_TIMEOUT}: claim=${claim.metadata?.name}` } : WAITING;
}

function verdictOn(result: DeviceRequestAllocationResult, devices: readonly AllocatedDeviceStatus[], claimName: string): Readiness {
  const told = devices.filter(({ driver, pool, device }) => driver === result.driver && pool === result.pool && device === result.device);
  const conditions = (told.find(({ shareID }) => shareID === result.shareID) ?? told[0])?.conditions;
  if (!conditions) return WAITING;
  const holds = (type: string) => conditions.find((condition) => condition.type === type && condition.status === 'True');
  const failure = (result.bindingFailureConditions ?? []).map(holds).find((condition) => condition !== undefined);
  if (failure) {
    const { reason, message } = failure;
    return { is: 'failed', why: `device binding failed: claim=${claimName}, reason=${reason}, message=${JSON.stringify(message)}` };
  }
  return (result.bindingConditions ?? []).every(holds) ? READY : WAITING;
}
