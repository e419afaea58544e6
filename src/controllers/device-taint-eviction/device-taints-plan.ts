import { toleratesDeviceTaint } from '../../api/resource/device-taints.ts';
import { isOwnedByPod, isReservedFor, podClaimName } from '../../api/resource/pod-claims.ts';
import type {
  DeviceRequestAllocationResult,
  DeviceTaint,
  Pod,
  ResourceSlice,
  ResourceV1ResourceClaim,
} from '../../api/schema/generated/types.ts';

type Claim = ResourceV1ResourceClaim;

/** `driver/pool` */
export const poolOf = ({ spec }: ResourceSlice): string => `${spec.driver}/${spec.pool.name}`;

/** The pools that a claim has devices of. */
export const poolsOf = ({ status }: Claim): string[] => [
  ...new Set((status?.allocation?.devices?.results ?? []).map(({ driver, pool }) => `${driver}/${pool}`)),
];

/** `namespace/name` of the pods that may use a claim. */
export const consumersOf = ({ metadata, status }: Claim): string[] =>
  (status?.reservedFor ?? []).flatMap(({ apiGroup, resource, name }) =>
    !apiGroup && resource === 'pods' ? [`${metadata?.namespace}/${name}`] : [],
  );

export interface DevicesView {
  /** By `namespace/name`. */
  claim(key: string): Claim | undefined;
  /** All slices of a pool (`driver/pool`), of whatever generation. */
  slices(pool: string): readonly ResourceSlice[];
}

/** The taints with NoExecute of an allocated device, as its driver publishes it now. */
function evictingTaints({ driver, pool, device }: DeviceRequestAllocationResult, view: DevicesView): readonly DeviceTaint[] {
  const slices = view.slices(`${driver}/${pool}`);
  const generation = Math.max(...slices.map(({ spec }) => Number(spec.pool.generation)));
  for (const { spec } of slices) {
    if (Number(spec.pool.generation) !== generation) continue;
    const found = spec.devices?.find(({ name }) => name === device);
    if (found) return (found.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  }
  return [];
}

/**
 * Until when a claim tolerates one taint of its device, in ms; undefined: for ever. Where several tolerations match, one without a time counts before those with one, then
 * the shortest time. The time of a toleration that is not of NoExecute alone means nothing.
 */
function tolerableUntil({ tolerations = [] }: DeviceRequestAllocationResult, taint: DeviceTaint): number | undefined {
  const matching = tolerations.filter((toleration) => toleratesDeviceTaint(toleration, taint));
  const limits = matching.map(({ effect, tolerationSeconds }) => (effect === 'NoExecute' ? tolerationSeconds : undefined));
  if (limits.includes(undefined)) return undefined;
  const seconds = limits.length > 0 ? Math.max(0, Math.min(...limits.map(Number))) : 0;
  return (taint.timeAdded === undefined ? 0 : Date.parse(taint.timeAdded)) + seconds * 1000;
}

/** A claim that the pod may use: made for it where it had to be, allocated, and reserved for this very pod. */
function usedClaims(pod: Pod, view: DevicesView): Claim[] {
  return (pod.spec?.resourceClaims ?? []).flatMap((entry) => {
    const name = podClaimName(pod, entry);
    const claim = name.is === 'named' ? view.claim(`${pod.metadata?.namespace}/${name.name}`) : undefined;
    const isUsed = claim && name.is === 'named' && (!name.mustOwn || isOwnedByPod(claim, pod)) && isReservedFor(claim, pod);
    return isUsed ? [claim] : [];
  });
}

/**
 * When a pod has to go because of taints on its devices, in ms; undefined: not at all (Kubernetes: "Dynamic Resource Allocation", device taints and
 * tolerations). The earliest of all taints counts.
 */
export function evictionTime(pod: Pod, view: DevicesView): number | undefined {
  if (!pod.spec?.nodeName) return undefined;
  const devices = usedClaims(pod, view).flatMap(({ status }) => status?.allocation?.devices?.results ?? []);
  const times = devices.flatMap((device) => evictingTaints(device, view).flatMap((taint) => tolerableUntil(device, taint) ?? []));
  return times.length > 0 ? Math.min(...times) : undefined;
}
