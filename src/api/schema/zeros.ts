import { findSchema } from './schema.ts';

/**
 * Fields that upstream shows although nobody set them: their json tags have no `omitempty`, or they are structs, of which `omitempty` leaves
 * out none (types.go of kubernetes/api 1.36). `field` alone is a struct. Left out is what validation asks for anyway, and metadata of whole objects, which is always there.
 */
export const SHOWN: Readonly<Record<string, string>> = {
  APIService: 'spec status',
  APIServiceCondition: 'lastTransitionTime=null status="" type=""',
  AllocationResult: 'devices',
  AttachedVolume: 'devicePath="" name=""',
  CSIDriver: 'spec',
  CSINode: 'spec',
  CSINodeDriver: 'topologyKeys=null',
  CSINodeSpec: 'drivers=null',
  CertificateSigningRequest: 'spec status',
  CertificateSigningRequestCondition: 'lastTransitionTime=null lastUpdateTime=null status="" type=""',
  ClusterRole: 'rules=null',
  Condition: 'lastTransitionTime=null message="" reason="" status="" type=""',
  Container: 'resources',
  ContainerImage: 'names=null',
  ContainerStateRunning: 'startedAt=null',
  ContainerStateTerminated: 'exitCode=0 finishedAt=null startedAt=null',
  ContainerStatus: 'image="" imageID="" lastState name="" ready=false restartCount=0 state',
  ControllerRevision: 'revision=0',
  Counter: 'value="0"',
  CronJob: 'spec status',
  CustomResourceDefinition: 'status',
  CustomResourceDefinitionCondition: 'status="" type=""',
  CustomResourceDefinitionNames: 'kind="" plural=""',
  CustomResourceDefinitionStatus: 'conditions=null acceptedNames storedVersions=null',
  CustomResourceDefinitionVersion: 'served=false storage=false',
  DaemonEndpoint: 'Port=0',
  DaemonSet: 'spec status',
  DaemonSetCondition: 'lastTransitionTime=null status="" type=""',
  DaemonSetSpec: 'updateStrategy',
  DaemonSetStatus: 'currentNumberScheduled=0 desiredNumberScheduled=0 numberMisscheduled=0 numberReady=0',
  Deployment: 'spec status',
  DeploymentCondition: 'lastTransitionTime=null lastUpdateTime=null status="" type=""',
  DeploymentSpec: 'strategy',
  DeviceCapacity: 'value="0"',
  DeviceClaim: 'requests=null',
  DeviceClass: 'spec',
  Endpoint: 'conditions',
  EndpointSlice: 'endpoints=null ports=null',
  EphemeralContainer: 'resources',
  Event: 'involvedObject source firstTimestamp=null lastTimestamp=null eventTime=null reportingComponent="" reportingInstance=""',
  EventSeries: 'lastObservedTime=null',
  EventsV1Event: 'eventTime=null regarding deprecatedSource deprecatedFirstTimestamp=null deprecatedLastTimestamp=null',
  FlowSchema: 'spec status',
  FlowSchemaCondition: 'lastTransitionTime=null',
  ForNode: 'name=""',
  ForZone: 'name=""',
  HTTPHeader: 'value=""',
  HorizontalPodAutoscaler: 'spec status',
  HorizontalPodAutoscalerStatus: 'currentReplicas=0 desiredReplicas=0',
  ISCSIPersistentVolumeSource: 'lun=0',
  ISCSIVolumeSource: 'lun=0',
  Ingress: 'spec status',
  IngressClass: 'spec',
  IngressPortStatus: 'port=0 protocol=""',
  IngressStatus: 'loadBalancer',
  Job: 'spec status',
  JobCondition: 'lastProbeTime=null lastTransitionTime=null status="" type=""',
  JobTemplateSpec: 'metadata spec',
  Lease: 'spec',
  LabelSelectorRequirement: 'key="" operator=""',
  LimitRange: 'spec',
  LimitRangeSpec: 'limits=null',
  LinuxContainerUser: 'gid=0 uid=0',
  ModifyVolumeStatus: 'status=""',
  MutatingAdmissionPolicy: 'spec',
  Namespace: 'spec status',
  NamespaceCondition: 'lastTransitionTime=null status="" type=""',
  NetworkPolicy: 'spec',
  NetworkPolicySpec: 'podSelector',
  Node: 'spec status',
  NodeAddress: 'address="" type=""',
  NodeCondition: 'lastHeartbeatTime=null lastTransitionTime=null status="" type=""',
  NodeDaemonEndpoints: 'kubeletEndpoint',
  NodeRuntimeHandler: 'name=""',
  NodeStatus: 'daemonEndpoints nodeInfo',
  NodeSystemInfo:
    'architecture="" bootID="" containerRuntimeVersion="" kernelVersion="" kubeProxyVersion="" kubeletVersion="" machineID="" operatingSystem="" osImage="" systemUUID=""',
  PersistentVolume: 'spec status',
  PersistentVolumeClaim: 'spec status',
  PersistentVolumeClaimCondition: 'lastProbeTime=null lastTransitionTime=null status="" type=""',
  PersistentVolumeClaimSpec: 'resources',
  PersistentVolumeClaimTemplate: 'metadata',
  Pod: 'spec status',
  PodCondition: 'lastProbeTime=null lastTransitionTime=null status="" type=""',
  PodDisruptionBudget: 'spec status',
  PodDisruptionBudgetStatus: 'currentHealthy=0 desiredHealthy=0 disruptionsAllowed=0 expectedPods=0',
  PodFailurePolicy: 'rules=null',
  PodTemplate: 'template',
  PodTemplateSpec: 'metadata spec',
  PortStatus: 'port=0 protocol=""',
  PreferredSchedulingTerm: 'preference',
  PriorityClass: 'value=0',
  PriorityLevelConfiguration: 'spec status',
  PriorityLevelConfigurationCondition: 'lastTransitionTime=null',
  ProjectedVolumeSource: 'sources=null',
  ReplicaSet: 'spec status',
  ReplicaSetCondition: 'lastTransitionTime=null status="" type=""',
  ReplicaSetStatus: 'replicas=0',
  ReplicationController: 'spec status',
  ReplicationControllerCondition: 'lastTransitionTime=null status="" type=""',
  ReplicationControllerStatus: 'replicas=0',
  ResourceClaimSpec: 'devices',
  ResourceClaimTemplate: 'spec',
  ResourceClaimTemplateSpec: 'metadata spec',
  ResourceFieldSelector: 'divisor="0"',
  ResourcePolicyRule: 'namespaces=null',
  ResourcePool: 'name="" generation=0 resourceSliceCount=0',
  ResourceQuota: 'spec status',
  ResourceV1ResourceClaim: 'spec status',
  Role: 'rules=null',
  ScaleIOPersistentVolumeSource: 'secretRef=null',
  ScaleIOVolumeSource: 'secretRef=null',
  Service: 'spec status',
  ServiceCIDR: 'spec status',
  ServiceStatus: 'loadBalancer',
  SleepAction: 'seconds=0',
  StatefulSet: 'spec status',
  StatefulSetCondition: 'lastTransitionTime=null status="" type=""',
  StatefulSetOrdinals: 'start=0',
  StatefulSetSpec: 'serviceName="" updateStrategy',
  StatefulSetStatus: 'availableReplicas=0 replicas=0',
  StorageV1TokenRequest: 'audience=""',
  Sysctl: 'value=""',
  TypedLocalObjectReference: 'apiGroup=null',
  TypedObjectReference: 'apiGroup=null',
  V2ContainerResourceMetricStatus: 'container="" current name=""',
  V2CrossVersionObjectReference: 'kind="" name=""',
  V2ExternalMetricStatus: 'current metric',
  V2HorizontalPodAutoscaler: 'spec status',
  V2HorizontalPodAutoscalerCondition: 'lastTransitionTime=null status="" type=""',
  V2HorizontalPodAutoscalerStatus: 'currentMetrics=null desiredReplicas=0',
  V2MetricIdentifier: 'name=""',
  V2MetricStatus: 'type=""',
  V2ObjectMetricStatus: 'current describedObject metric',
  V2PodsMetricStatus: 'current metric',
  V2ResourceMetricStatus: 'current name=""',
  ValidatingAdmissionPolicy: 'spec status',
  VolumeAttachment: 'spec status',
  VolumeAttachmentStatus: 'attached=false',
  VolumeError: 'time=null',
  VolumeMountStatus: 'mountPath="" name=""',
};

/** Is the field a list or map of which nobody sees the difference between absent and null? */
export const isShownAsNull = (schemaName: string, field: string): boolean => (SHOWN[schemaName] ?? '').split(' ').includes(`${field}=null`);

/**
 * Sets the zero values that upstream always shows, in place. Parts that came from the cache are frozen: those that lack something are replaced by copies.
 * A kind without a schema stays as it is.
 */
export function showZeros(draft: object, schemaName: string): void {
  if (findSchema(schemaName)) showerOf(schemaName)?.(draft as JsonObject);
}

type JsonObject = Record<string, unknown>;
/** Answers with what it was given, or with a copy if that could not be changed. */
type Shower = (object: JsonObject) => JsonObject;

/** `null`: nothing to show anywhere within. */
const showers = new Map<string, Shower | null>();

interface Step {
  readonly field: string;
  /** undefined: shown only when it is there. */
  readonly zero: (() => unknown) | undefined;
  readonly inner: Shower | undefined;
  readonly through: 'value' | 'list' | 'map';
}

function showerOf(schemaName: string): Shower | null {
  const known = showers.get(schemaName);
  if (known !== undefined) return known;
  // Known before its steps are: schemas refer to themselves, and none that does has anything to show.
  showers.set(schemaName, null);
  const steps = stepsOf(schemaName);
  const shower = steps.length > 0 ? (object: JsonObject) => show(object, steps) : null;
  showers.set(schemaName, shower);
  return shower;
}

function stepsOf(schemaName: string): Step[] {
  const zeros = zerosOf(SHOWN[schemaName] ?? '');
  const steps: Step[] = [];
  for (const { name, type } of findSchema(schemaName)?.fields.values() ?? []) {
    const through = type.is === 'list' || type.is === 'map' ? type.is : 'value';
    const target = type.is === 'list' ? type.items : type.is === 'map' ? type.values : type;
    const looksIn = target.is === 'schema' && target.name !== 'ObjectMeta';
    const inner = (looksIn && showerOf(target.name)) || undefined;
    const zero = zeros.get(name);
    if (zero || inner) steps.push({ field: name, zero, inner, through });
  }
  return steps;
}

function zerosOf(text: string): Map<string, () => unknown> {
  const zeros = new Map<string, () => unknown>();
  for (const entry of text.split(' ').filter(Boolean)) {
    const equals = entry.indexOf('=');
    if (equals < 0) zeros.set(entry, () => ({}));
    else {
      const zero: unknown = JSON.parse(entry.slice(equals + 1));
      zeros.set(entry.slice(0, equals), () => zero);
    }
  }
  return zeros;
}

function show(object: JsonObject, steps: readonly Step[]): JsonObject {
  let shown = object;
  for (const { field, zero, inner, through } of steps) {
    const before = object[field];
    let after = before ?? zero?.();
    if (inner && after !== undefined && after !== null) after = through === 'value' ? inner(after as JsonObject) : showEach(after, inner);
    if (after === before) continue;
    if (shown === object && !Object.isExtensible(object)) shown = { ...object };
    shown[field] = after;
  }
  return shown;
}

function showEach(items: unknown, inner: Shower): unknown {
  if (!Array.isArray(items)) return showValues(items as JsonObject, inner);
  let shown: unknown[] = items;
  for (let i = 0; i < shown.length; i++) {
    const before = shown[i] as JsonObject;
    const after = inner(before);
    if (after === before) continue;
    if (!Object.isExtensible(shown)) shown = [...shown];
    shown[i] = after;
  }
  return shown;
}

function showValues(items: JsonObject, inner: Shower): JsonObject {
  let shown = items;
  for (const key of Object.keys(items)) {
    const before = shown[key] as JsonObject;
    const after = inner(before);
    if (after === before) continue;
    if (!Object.isExtensible(shown)) shown = { ...shown };
    shown[key] = after;
  }
  return shown;
}
