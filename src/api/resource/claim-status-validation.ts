import { checkNodeSelector } from '../core/validation-scheduling.ts';
import { checkCsiDriverName } from '../core/validation-volume-sources.ts';
import { checkInterfaceAddress } from '../meta/addresses.ts';
import { checkConditions } from '../meta/conditions.ts';
import { equalJson } from '../meta/equal-json.ts';
import { type FieldError, forbidden, invalid, notSupported, required, tooLong, tooMany } from '../meta/field-error.ts';
import { checkImmutable, checkLabel, utf8Bytes } from '../meta/validation.ts';
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaimConsumerReference,
  ResourceV1ResourceClaim,
} from '../schema/generated/types.ts';
import { checkBinding } from './binding-validation.ts';
import { checkConfiguration, checkParameters, checkReference, type RequestNames, requestNames } from './claim-validation.ts';
import { deviceStatusId as deviceId } from './device-id.ts';
import { checkList, checkPoolName, checkSet, checkUid } from './device-lists.ts';

const MOST_CONSUMERS = 256;
const MOST = 32;
const MOST_CONFIGURATIONS = 64;
const MOST_ADDRESSES = 16;
const MOST_CONDITIONS = 8;
const MAX_INTERFACE_NAME = 256;
const MAX_HARDWARE_ADDRESS = 128;
const SOURCES = ['FromClaim', 'FromClass'];

/** What drivers and the scheduler note of a claim: an allocation stays as it was made. */
export function checkClaimStatus(claim: ResourceV1ResourceClaim, old: ResourceV1ResourceClaim): FieldError[] {
  const { status = {} } = claim;
  const { reservedFor = [], allocation, devices } = status;
  const names = requestNames(claim.spec?.devices);
  const allocated = new Set((allocation?.devices?.results ?? []).map(deviceId));
  return [
    ...checkSet('status.reservedFor', reservedFor, { most: MOST_CONSUMERS, check: checkConsumer, keyOf: ({ uid }) => uid }),
    ...checkSet('status.devices', devices, {
      most: Number.POSITIVE_INFINITY,
      check: (device, path) => checkDeviceStatus(path, device, allocated),
      keyOf: deviceId,
    }),
    ...checkReservation(claim, old),
    ...(allocation ? checkAllocation(allocation, old.status?.allocation, names) : []),
  ];
}

/** What drivers said of devices that the claim had and has no more goes with them. */
export function dropLostDevices({ status }: ResourceV1ResourceClaim, { status: old }: ResourceV1ResourceClaim): void {
  if (!status?.devices) return;
  const held = new Set((status.allocation?.devices?.results ?? []).map(deviceId));
  const lost = new Set((old?.allocation?.devices?.results ?? []).map(deviceId).filter((id) => !held.has(id)));
  const devices = status.devices.filter((device) => !lost.has(deviceId(device)));
  if (devices.length > 0) status.devices = devices;
  else delete status.devices;
}

function checkReservation({ metadata, status }: ResourceV1ResourceClaim, old: ResourceV1ResourceClaim): FieldError[] {
  const reservedFor = status?.reservedFor ?? [];
  if (reservedFor.length === 0) return [];
  if (!status?.allocation) return [forbidden('status.reservedFor', 'may not be specified when `allocated` is not set')];
  const before = old.status?.reservedFor ?? [];
  const added = reservedFor.some((consumer) => !before.some((other) => equalJson(other, consumer)));
  const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set';
  return metadata?.deletionTimestamp && added ? [forbidden('status.reservedFor', why)] : [];
}

const checkConsumer = (consumer: ResourceClaimConsumerReference, path: string): FieldError[] =>
  (['resource', 'name', 'uid'] as const).flatMap((field) => (consumer[field] ? [] : [required(`${path}.${field}`)]));

function checkDeviceStatus(path: string, device: AllocatedDeviceStatus, allocated: ReadonlySet<string>): FieldError[] {
  const { driver, pool, device: name, shareID, conditions = [], data, networkData } = device;
  return [
    ...checkCsiDriverName(`${path}.driver`, driver),
    ...checkPoolName(`${path}.pool`, pool),
    ...checkLabel(`${path}.device`, name),
    ...(shareID === undefined ? [] : checkUid(`${path}.shareID`, shareID)),
    ...(allocated.has(deviceId(device)) ? [] : [invalid(path, deviceId(device), 'must be an allocated device in the claim')]),
    ...(conditions.length > MOST_CONDITIONS ? [tooMany(`${path}.conditions`, conditions.length, MOST_CONDITIONS)] : []),
    ...checkConditions(`${path}.conditions`, conditions),
    ...(data === undefined || data === null ? [] : checkParameters(`${path}.data`, data)),
    ...checkNetwork(`${path}.networkData`, networkData),
  ];
}

function checkNetwork(path: string, { interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData = {}): FieldError[] {
  return [
    ...checkLength(`${path}.interfaceName`, interfaceName, MAX_INTERFACE_NAME),
    ...checkLength(`${path}.hardwareAddress`, hardwareAddress, MAX_HARDWARE_ADDRESS),
    ...checkSet(`${path}.ips`, ips, {
      most: MOST_ADDRESSES,
      check: (address, at) => checkInterfaceAddress(at, address),
      keyOf: (address) => address,
    }),
  ];
}

const checkLength = (path: string, text: string, most: number): FieldError[] => (utf8Bytes(text) > most ? [tooLong(path, most)] : []);

function checkAllocation(allocation: AllocationResult, old: AllocationResult | undefined, names: RequestNames): FieldError[] {
  if (old) return checkImmutable('status.allocation', allocation, old);
  const at = 'status.allocation.devices';
  const { devices, nodeSelector } = allocation;
  return [
    ...checkList(`${at}.results`, devices?.results, MOST, (result, path) => checkResult(path, result, names)),
    ...checkList(`${at}.config`, devices?.config, MOST_CONFIGURATIONS, (config, path) => checkUsed(path, config, names)),
    ...(nodeSelector ? checkNodeSelector('status.allocation.nodeSelector', nodeSelector) : []),
  ];
}

function checkResult(path: string, result: DeviceRequestAllocationResult, names: RequestNames): FieldError[] {
  const { request, driver, pool, device, shareID } = result;
  return [
    ...checkReference(`${path}.request`, request, names),
    ...checkCsiDriverName(`${path}.driver`, driver),
    ...checkPoolName(`${path}.pool`, pool),
    ...checkLabel(`${path}.device`, device),
    ...checkBinding(path, result),
    ...(shareID === undefined ? [] : checkUid(`${path}.shareID`, shareID)),
  ];
}

function checkUsed(path: string, { source, requests, opaque }: DeviceAllocationConfiguration, names: RequestNames): FieldError[] {
  const check = (name: string, at: string) => checkReference(at, name, names);
  return [
    ...(source ? (SOURCES.includes(source) ? [] : [notSupported(`${path}.source`, source, SOURCES)]) : [required(`${path}.source`)]),
    ...checkSet(`${path}.requests`, requests, { most: MOST, check, keyOf: (name) => name }),
    ...checkConfiguration(path, opaque),
  ];
}
