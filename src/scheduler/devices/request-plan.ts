import { objectKey } from '../../api/meta/object.ts';
import { toleratesDeviceTaint } from '../../api/resource/device-taints.ts';
import type {
  DeviceClass,
  DeviceRequest,
  DeviceSelector,
  DeviceToleration,
  ExactDeviceRequest,
  ResourceV1ResourceClaim,
} from '../../api/schema/generated/types.ts';
import { type Amounts, CapacityLedger, consumption } from './capacity-plan.ts';
import type { Pool, PoolDevice } from './pools-plan.ts';
import { matchesSelector } from './selector-plan.ts';

/** A claim has no more devices than this (resource.k8s.io, AllocationResultsMaxSize). */
export const MAX_DEVICES = 32;

/** One way to satisfy a request: the request itself, or one of its alternatives. */
export interface Alternative {
  /** `request`, or `request/alternative`. */
  readonly name: string;
  readonly deviceClass: DeviceClass;
  readonly adminAccess: boolean;
  readonly tolerations: readonly DeviceToleration[];
  readonly count: number;
  /** What it asks for of the capacities of each device. */
  readonly capacity: Amounts | undefined;
  /** All of `candidates` are wanted, not some. */
  readonly all: boolean;
  /** Devices that match, whether they are free or not. */
  readonly candidates: readonly PoolDevice[];
}

export interface RequestView {
  readonly deviceClass: (name: string) => DeviceClass | undefined;
  readonly consumed: (deviceId: string) => Amounts | undefined;
}

/** A request's alternatives in the order of preference. Throws an Error, in upstream's words, that no other node would mend. */
export function alternativesOf(
  claim: ResourceV1ResourceClaim,
  { name, exactly, firstAvailable = [] }: DeviceRequest,
  pools: readonly Pool[],
  view: RequestView,
): Alternative[] {
  const wanted: (ExactDeviceRequest & { name: string })[] = exactly
    ? [{ ...exactly, name }]
    : firstAvailable.map((one) => ({ ...one, name: `${name}/${one.name}` }));
  return wanted.map((request) => alternativeOf(claim, request, pools, view));
}

function alternativeOf(
  claim: ResourceV1ResourceClaim,
  request: ExactDeviceRequest & { name: string },
  pools: readonly Pool[],
  { deviceClass: classOf, consumed }: RequestView,
): Alternative {
  const about = `claim ${objectKey(claim)}, request ${request.name}`;
  const deviceClass = classOf(request.deviceClassName);
  if (!deviceClass) {
    const missing = `deviceclass.resource.k8s.io "${request.deviceClassName}" not found`;
    throw new Error(`${about}: could not retrieve device class ${request.deviceClassName}: ${missing}`);
  }
  const all = request.allocationMode === 'All';
  if (all) {
    const broken = pools.find(({ state }) => state !== 'usable');
    const why = broken?.state === 'incomplete' ? 'being updated' : 'invalid';
    if (broken) throw new Error(`${about}: asks for all devices, but resource pool ${broken.id} is currently ${why}`);
  }
  const usable = pools.filter(({ state }) => state === 'usable').flatMap(({ devices }) => devices);
  const capacity = request.capacity?.requests;
  const candidates = usable.filter(
    (device) =>
      (!all || hasRoom(device, capacity, consumed(device.id))) &&
      matchesAll(`class ${deviceClass.metadata?.name}`, deviceClass.spec.selectors, device) &&
      matchesAll(`claim ${objectKey(claim)}`, request.selectors, device),
  );
  const { adminAccess = false, tolerations = [] } = request;
  return {
    name: request.name,
    deviceClass,
    adminAccess,
    tolerations,
    count: all ? candidates.length : Number(request.count ?? 1),
    all,
    capacity,
    candidates,
  };
}

/** One that is full already is none of all. */
function hasRoom({ id, device }: PoolDevice, capacity: Amounts | undefined, others: Amounts | undefined): boolean {
  const amounts = consumption(capacity, device);
  return amounts !== undefined && new CapacityLedger().hasRoom(id, device, amounts, others);
}

function matchesAll(about: string, selectors: readonly DeviceSelector[] | undefined, { driver, device }: PoolDevice): boolean {
  return (selectors ?? []).every(({ cel }, i) => {
    try {
      return matchesSelector(cel?.expression ?? '', driver, device);
    } catch (error) {
      throw new Error(`${about}: selector #${i}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  });
}

/** NoSchedule and NoExecute taints of a device keep it from requests that do not tolerate them. */
export const isTainted = ({ device }: PoolDevice, tolerations: readonly DeviceToleration[]): boolean =>
  (device.taints ?? []).some(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
      !tolerations.some((toleration) => toleratesDeviceTaint(toleration, taint)),
  );
