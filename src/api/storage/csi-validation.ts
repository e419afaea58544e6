import { checkCsiDriverName } from '../core/validation-volume-sources.ts';
import { duplicate, type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, checkImmutable, checkLabelSelector, checkNonNegative, checkQualifiedName, found, same } from '../meta/validation.ts';
import type { CSIDriver, CSINode, CSINodeDriver, CSIStorageCapacity, StorageV1TokenRequest } from '../schema/generated/types.ts';

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const MIN_UPDATE_SECONDS = 10;

function checkTokenRequests(requests: readonly StorageV1TokenRequest[] = []): FieldError[] {
  const audiences = new Set<string>();
  return requests.flatMap(({ audience = '', expirationSeconds: seconds }, i) => {
    const path = `spec.tokenRequests[${i}]`;
    if (audiences.has(audience)) return [duplicate(`${path}.audience`, audience)];
    audiences.add(audience);
    if (seconds === undefined || (seconds >= MIN_TOKEN_SECONDS && seconds <= MAX_TOKEN_SECONDS)) return [];
    const bound = seconds < MIN_TOKEN_SECONDS ? 'less than 10 minutes' : 'larger than 2^32 seconds';
    return [invalid(`${path}.expirationSeconds`, seconds, `may not specify a duration ${bound}`)];
  });
}

function checkTokenPlace({ serviceAccountTokenInSecrets: value, tokenRequests = [] }: NonNullable<CSIDriver['spec']> = {}): FieldError[] {
  const detail = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
  return value !== undefined && tokenRequests.length === 0 ? [invalid('spec.serviceAccountTokenInSecrets', value, detail)] : [];
}

export function checkCsiDriver({ spec }: CSIDriver): FieldError[] {
  const period = spec?.nodeAllocatableUpdatePeriodSeconds;
  const early = period !== undefined && period < MIN_UPDATE_SECONDS;
  return [
    ...checkEnum('spec.fsGroupPolicy', spec?.fsGroupPolicy, FS_GROUP_POLICIES),
    ...checkTokenRequests(spec?.tokenRequests),
    ...(spec?.volumeLifecycleModes ?? [])
      .filter((mode) => !LIFECYCLE_MODES.includes(mode))
      .map((mode) => notSupported('spec.volumeLifecycleModes', mode, LIFECYCLE_MODES)),
    ...(early ? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, 'must be greater than or equal to 10 seconds')] : []),
    ...checkTokenPlace(spec),
  ];
}

/** `attachedRequired` is upstream's spelling. */
export const checkCsiDriverUpdate = ({ spec }: CSIDriver, { spec: old }: CSIDriver): FieldError[] => [
  ...checkImmutable('spec.attachedRequired', spec?.attachRequired, old?.attachRequired),
  ...checkImmutable('spec.volumeLifecycleModes', spec?.volumeLifecycleModes, old?.volumeLifecycleModes),
];

const MAX_NODE_ID = 256;

function checkNodeDriver(path: string, { name, nodeID = '', allocatable, topologyKeys: keys }: CSINodeDriver): FieldError[] {
  const topologyKeys = keys ?? [];
  return [
    ...checkCsiDriverName(`${path}.name`, name),
    ...(nodeID ? [] : [required(`${path}.nodeID`)]),
    ...(nodeID.length > MAX_NODE_ID ? [invalid(`${path}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`)] : []),
    ...checkNonNegative(`${path}.allocatable.count`, allocatable?.count),
    ...topologyKeys.flatMap((key, i) => [
      ...(key ? [] : [required(path)]),
      ...(topologyKeys.indexOf(key) < i ? [duplicate(path, key)] : []),
      ...checkQualifiedName(path, key),
    ]),
  ];
}

export function checkCsiNode({ spec }: CSINode): FieldError[] {
  const drivers = spec?.drivers ?? [];
  const names = drivers.map(({ name }) => name);
  return drivers.flatMap((driver, i) => [
    ...checkNodeDriver(`spec.drivers[${i}]`, driver),
    ...(names.indexOf(driver.name) < i ? [duplicate(`spec.drivers[${i}].name`, driver.name)] : []),
  ]);
}

/** How many volumes a node takes may change; what a driver is there may not. */
export function checkCsiNodeUpdate({ spec }: CSINode, { spec: old }: CSINode): FieldError[] {
  return (old?.drivers ?? []).flatMap(({ allocatable: _, ...before }) =>
    (spec?.drivers ?? [])
      .filter(({ name }) => name === before.name)
      .flatMap(({ allocatable: __, ...driver }) => (same(driver, before) ? [] : [invalid('spec.drivers', driver, 'field is immutable')])),
  );
}

export const checkCsiStorageCapacity = ({ nodeTopology, storageClassName = '', capacity }: CSIStorageCapacity): FieldError[] => [
  ...checkLabelSelector('nodeTopology', nodeTopology),
  ...found('storageClassName', storageClassName, dns1123SubdomainFindings(storageClassName)),
  ...(capacity?.startsWith('-') ? [invalid('capacity', capacity, 'must be greater than or equal to 0')] : []),
];

export const checkCsiStorageCapacityUpdate = (value: CSIStorageCapacity, old: CSIStorageCapacity): FieldError[] => [
  ...checkImmutable('nodeTopology', value.nodeTopology, old.nodeTopology),
  ...checkImmutable('storageClassName', value.storageClassName, old.storageClassName),
];
