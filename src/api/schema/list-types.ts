import { findSchema } from './schema.ts';

/**
 * How the values of a field merge. Server-side apply goes by `list` and `map`, strategic merge patch by `patch` and `mergeKey`.
 * Source: Kubernetes, "Server-Side Apply" (merge strategy) and "Strategic Merge Patch"; the marks of the 1.36 API.
 */
export interface MergeRule {
  /** Absent: atomic, one owner for the whole list. */
  readonly list?: 'map' | 'set';
  /** What identifies an element of a list of type map. */
  readonly keys?: readonly string[];
  readonly map?: 'atomic' | 'granular';
  /** Absent: lists and retained fields are replaced, objects merged. */
  readonly patch?: readonly ('merge' | 'retainKeys' | 'replace')[];
  readonly mergeKey?: string;
}

/** A list that both kinds of merge treat as a map; strategic merge goes by the first key alone. */
const byKey = (...keys: string[]): MergeRule => ({ list: 'map', keys, patch: ['merge'], mergeKey: keys[0] });
/** The same for server-side apply, but replaced as a whole by strategic merge. */
const byKeyApplyOnly = (...keys: string[]): MergeRule => ({ list: 'map', keys });
/** The other way around. */
const byKeyPatchOnly = (mergeKey: string): MergeRule => ({ patch: ['merge'], mergeKey });
const byKeyRetaining = (key: string): MergeRule => ({ list: 'map', keys: [key], patch: ['merge', 'retainKeys'], mergeKey: key });
const set: MergeRule = { list: 'set' };
const mergingSet: MergeRule = { list: 'set', patch: ['merge'] };
const atomicMap: MergeRule = { map: 'atomic' };

const CONDITIONS = { conditions: byKey('type') };
const CONDITIONS_APPLY_ONLY = { conditions: byKeyApplyOnly('type') };
const CONTAINER = {
  env: byKey('name'),
  ports: byKey('containerPort', 'protocol'),
  volumeDevices: byKey('devicePath'),
  volumeMounts: byKey('mountPath'),
};

/** Lists that are not here are atomic. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, MergeRule>>>> = {
  APIServiceStatus: CONDITIONS,
  AllocatedDeviceStatus: CONDITIONS_APPLY_ONLY,
  CSIDriverSpec: { volumeLifecycleModes: set },
  CSINodeSpec: { drivers: byKey('name') },
  CertificateSigningRequestStatus: CONDITIONS_APPLY_ONLY,
  ComponentStatus: CONDITIONS,
  Container: CONTAINER,
  ContainerRestartRuleOnExitCodes: { values: set },
  ContainerStatus: { allocatedResourcesStatus: byKey('name'), volumeMounts: byKey('mountPath') },
  CustomResourceDefinitionStatus: CONDITIONS_APPLY_ONLY,
  DaemonSetStatus: CONDITIONS,
  DeploymentSpec: { strategy: { patch: ['retainKeys'] } },
  DeploymentStatus: CONDITIONS,
  Endpoint: { addresses: set },
  EphemeralContainer: CONTAINER,
  FlowSchemaStatus: CONDITIONS,
  JSONSchemaProps: { 'x-kubernetes-validations': byKey('rule') },
  JobStatus: { conditions: byKeyPatchOnly('type') },
  MutatingAdmissionPolicySpec: { matchConditions: byKey('name') },
  MutatingWebhook: { matchConditions: byKey('name') },
  MutatingWebhookConfiguration: { webhooks: byKey('name') },
  NamespaceStatus: CONDITIONS,
  NodeAllocatableResourceClaimStatus: { containers: set },
  NodeSpec: { podCIDRs: mergingSet },
  NodeStatus: { ...CONDITIONS, addresses: byKey('type') },
  NonResourcePolicyRule: { nonResourceURLs: set, verbs: set },
  ObjectMeta: { finalizers: mergingSet, ownerReferences: byKey('uid') },
  PersistentVolumeClaimStatus: { ...CONDITIONS, allocatedResourceStatuses: { map: 'granular' } },
  PersistentVolumeSpec: { claimRef: { map: 'granular' } },
  PodDisruptionBudgetSpec: { selector: { patch: ['replace'] } },
  PodDisruptionBudgetStatus: CONDITIONS,
  PodFailurePolicyOnExitCodesRequirement: { values: set },
  PodSpec: {
    containers: byKey('name'),
    ephemeralContainers: byKey('name'),
    hostAliases: byKey('ip'),
    imagePullSecrets: byKey('name'),
    initContainers: byKey('name'),
    nodeSelector: atomicMap,
    resourceClaims: byKeyRetaining('name'),
    schedulingGates: byKey('name'),
    topologySpreadConstraints: byKey('topologyKey', 'whenUnsatisfiable'),
    volumes: byKeyRetaining('name'),
  },
  PodStatus: { ...CONDITIONS, hostIPs: byKeyPatchOnly('ip'), podIPs: byKey('ip'), resourceClaimStatuses: byKeyRetaining('name') },
  PriorityLevelConfigurationStatus: CONDITIONS,
  ReplicaSetStatus: CONDITIONS,
  ReplicationControllerSpec: { selector: atomicMap },
  ReplicationControllerStatus: CONDITIONS,
  ResourceClaimStatus: { devices: byKeyApplyOnly('driver', 'device', 'pool', 'shareID'), reservedFor: byKey('uid') },
  ResourcePolicyRule: { apiGroups: set, namespaces: set, resources: set, verbs: set },
  ResourceRequirements: { claims: byKeyApplyOnly('name') },
  ResourceStatus: { resources: byKeyApplyOnly('resourceID') },
  Scheduling: { nodeSelector: atomicMap },
  ServiceAccount: { secrets: byKey('name') },
  ServiceCIDRStatus: CONDITIONS,
  ServiceSpec: { ports: byKey('port', 'protocol'), selector: atomicMap },
  ServiceStatus: CONDITIONS,
  StatefulSetStatus: CONDITIONS,
  StorageVersionMigrationStatus: CONDITIONS,
  UncountedTerminatedPods: { failed: set, succeeded: set },
  V2HorizontalPodAutoscalerStatus: CONDITIONS,
  ValidatingAdmissionPolicyBindingSpec: { validationActions: set },
  ValidatingAdmissionPolicySpec: { matchConditions: byKey('name'), variables: byKey('name') },
  ValidatingAdmissionPolicyStatus: CONDITIONS_APPLY_ONLY,
  ValidatingWebhook: { matchConditions: byKey('name') },
  ValidatingWebhookConfiguration: { webhooks: byKey('name') },
};

/** Types whose fields belong together: apply takes or leaves a whole value of them. */
const ATOMIC_TYPES: ReadonlySet<string> = new Set([
  'ConfigMapKeySelector',
  'CrossVersionObjectReference',
  'DiscoveryV1EndpointPort',
  'EndpointAddress',
  'EndpointPort',
  'FileKeySelector',
  'LabelSelector',
  'LocalObjectReference',
  'MatchResources',
  'NamedRuleWithOperations',
  'NodeSelector',
  'NodeSelectorTerm',
  'ObjectFieldSelector',
  'ObjectReference',
  'OwnerReference',
  'ParamKind',
  'ParamRef',
  'RbacV1Subject',
  'ResourceFieldSelector',
  'RoleRef',
  'ScopeSelector',
  'SecretKeySelector',
  'SecretReference',
  'ServiceBackendPort',
  'TopologySelectorTerm',
  'TypedLocalObjectReference',
  'Variable',
]);

const NO_RULE: MergeRule = {};

/** Never undefined: a field without marks has an empty rule. */
export const mergeRule = (schema: string, field: string): MergeRule => FIELDS[schema]?.[field] ?? NO_RULE;

export const isAtomicType = (schema: string): boolean => ATOMIC_TYPES.has(schema);

/** Rows of the tables that no schema has: for the test that keeps them true. */
export function inconsistencies(): string[] {
  const unknownTypes = [...ATOMIC_TYPES].filter((name) => !findSchema(name));
  const wrong = Object.entries(FIELDS).flatMap(([name, rules]) =>
    Object.entries(rules)
      .filter(([field, rule]) => !fits(name, field, rule))
      .map(([field]) => `${name}.${field}`),
  );
  return [...unknownTypes, ...wrong];
}

function fits(schema: string, field: string, rule: MergeRule): boolean {
  const type = findSchema(schema)?.fields.get(field)?.type;
  const keys = [...(rule.keys ?? []), ...(rule.mergeKey === undefined ? [] : [rule.mergeKey])];
  if (keys.length > 0) {
    const item = type?.is === 'list' && type.items.is === 'schema' ? findSchema(type.items.name) : undefined;
    return item !== undefined && keys.every((key) => item.fields.has(key));
  }
  return rule.list === 'set' ? type?.is === 'list' : type !== undefined && type.is !== 'scalar';
}
