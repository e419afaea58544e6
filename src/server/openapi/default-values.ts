import { type Field, type Scalar, SHOWN } from '../../api/schema/index.ts';

/**
 * The `default` of a field in OpenAPI 3 documents. Upstream derives it from its Go types: the zero of what is required or always shown, `{}` for structs, and what a `+default` marker
 * says (types.go of kubernetes/api 1.36). It describes the type; what admission fills in is not told here. undefined: none is published.
 */
export function publishedDefault(schemaName: string, { name, type, required }: Field): unknown {
  const marked = MARKED[schemaName];
  if (marked && Object.hasOwn(marked, name)) return marked[name];
  const isStruct = type.is === 'schema';
  if (required)
    return POINTERS[schemaName]?.includes(name) ? undefined : isStruct ? {} : type.is === 'scalar' ? ZEROS[type.scalar] : undefined;
  if (isStruct) return PARTS_OF_OBJECTS.has(name) || isShown(schemaName, name) ? {} : undefined;
  return type.is === 'scalar' && isShown(schemaName, name) ? ZEROS[type.scalar] : undefined;
}

const PARTS_OF_OBJECTS: ReadonlySet<string> = new Set(['metadata', 'spec', 'status']);

const ZEROS: Partial<Record<Scalar, unknown>> = { string: '', int32: 0, int64: 0, double: 0, bool: false };

const isShown = (schemaName: string, field: string): boolean =>
  (SHOWN[schemaName] ?? '').split(' ').some((entry) => (entry === field || entry.startsWith(`${field}=`)) && !entry.endsWith('=null'));

/** Required fields that are pointers, or that upstream's validation alone requires. */
const POINTERS: Readonly<Record<string, readonly string[]>> = {
  ContainerRestartRule: ['action'],
  ContainerRestartRuleOnExitCodes: ['operator'],
  DaemonSetSpec: ['selector'],
  DeploymentSpec: ['selector'],
  HTTPIngressPath: ['pathType'],
  IPAddressSpec: ['parentRef'],
  ImageVolumeStatus: ['imageRef'],
  MutatingWebhook: ['sideEffects'],
  ParentReference: ['name', 'resource'],
  PodCertificateProjection: ['keyType', 'signerName'],
  ReplicaSetSpec: ['selector'],
  ScaleIOPersistentVolumeSource: ['secretRef'],
  ScaleIOVolumeSource: ['secretRef'],
  StatefulSetSpec: ['selector'],
  TokenReviewSpec: ['token'],
  ValidatingAdmissionPolicyBindingSpec: ['policyName'],
  ValidatingWebhook: ['sideEffects'],
};

const NAMED = { name: '' };
const ISCSI = { iscsiInterface: 'default' };
const RBD = { keyring: '/etc/ceph/keyring', pool: 'rbd', user: 'admin' };
const SCALE_IO = { fsType: 'xfs', storageMode: 'ThinProvisioned' };

/** Markers, and zeros of fields that nobody sees: others fill them in, or they are within a status. */
const MARKED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  AllocationResult: { devices: {} },
  AzureDiskVolumeSource: { cachingMode: 'ReadWrite', fsType: 'ext4', kind: 'Shared', readOnly: false },
  ConfigMapEnvSource: NAMED,
  ConfigMapKeySelector: NAMED,
  ConfigMapProjection: NAMED,
  ConfigMapVolumeSource: NAMED,
  ContainerPort: { protocol: 'TCP' },
  ContainerStatus: { lastState: {}, state: {} },
  DeviceToleration: { operator: 'Equal' },
  FileKeySelector: { optional: false },
  FlowSchemaSpec: { matchingPrecedence: 0 },
  GRPCAction: { service: '' },
  ISCSIPersistentVolumeSource: ISCSI,
  ISCSIVolumeSource: ISCSI,
  IngressServiceBackend: { port: {} },
  LimitedPriorityLevelConfiguration: { limitResponse: {} },
  LocalObjectReference: NAMED,
  NodeRuntimeHandler: NAMED,
  PodFailurePolicyOnPodConditionsPattern: { status: '' },
  QueuingConfiguration: { handSize: 0, queueLengthLimit: 0, queues: 0 },
  RBDPersistentVolumeSource: RBD,
  RBDVolumeSource: RBD,
  ReplicaSetSpec: { template: {} },
  ReplicationControllerSpec: { minReadySeconds: 0, replicas: 1 },
  RoleRef: { apiGroup: '' },
  ScaleIOPersistentVolumeSource: SCALE_IO,
  ScaleIOVolumeSource: SCALE_IO,
  ScaleSpec: { replicas: 0 },
  SecretEnvSource: NAMED,
  SecretKeySelector: NAMED,
  SecretProjection: NAMED,
  SelfSubjectReviewStatus: { userInfo: {} },
  ServicePort: { protocol: 'TCP' },
  TokenRequestStatus: { token: '' },
  TokenReviewStatus: { user: {} },
};
