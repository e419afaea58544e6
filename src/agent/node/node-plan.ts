import type { Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus } from '../../api/schema/generated/types.ts';
import { formatQuantity, milliValue, parseQuantity, quantityValue } from '../../base/quantity.ts';
import type { Image, RuntimeStatus } from '../../runtime/runtime.ts';
import type { NodeFacts } from './node-facts.ts';

export type Taint = NonNullable<NodeSpec['taints']>[number];

/** What a node says of itself that does not change while it runs. */
export interface NodeIdentity {
  readonly nodeName: string;
  readonly nodeIps: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly kubeletPort: number;
  /** Kubernetes' version first: `v1.36.2+minik.0.1.0`. */
  readonly version: string;
  readonly maxPods: number;
  /** Kept from pods: quantities by resource. */
  readonly reserved: Readonly<Record<string, string>>;
}

/** Resources that run out: conditions of https://kubernetes.io/docs/reference/node/node-status/#condition. */
export interface NodePressure {
  readonly memory: boolean;
  readonly disk: boolean;
  readonly pids: boolean;
}
export const NO_PRESSURE: NodePressure = { memory: false, disk: false, pids: false };

export interface Observation {
  readonly facts: NodeFacts;
  readonly runtime: RuntimeStatus;
  /** `containerd://2.1.4` */
  readonly runtimeVersion: string;
  readonly images: readonly Image[];
  readonly pressure: NodePressure;
  /** RFC 3339 */
  readonly now: string;
}

/** Labels that every node has (https://kubernetes.io/docs/reference/node/node-labels/), then the operator's. */
export function nodeLabels({ nodeName, labels }: NodeIdentity, architecture: string): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': architecture,
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': 'linux',
    ...labels,
  };
}

export function newNode(identity: NodeIdentity, status: NodeStatus, architecture: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: identity.nodeName,
      labels: nodeLabels(identity, architecture),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: identity.taints.length > 0 ? { taints: [...identity.taints] } : {},
    status,
  };
}

/** The merge patch that brings an existing node's labels up to date; undefined when they are. Taints belong to the cluster by then. */
export function labelPatch(identity: NodeIdentity, node: Node, architecture: string): object | undefined {
  const wanted = Object.entries(nodeLabels(identity, architecture));
  const changed = wanted.filter(([key, value]) => node.metadata?.labels?.[key] !== value);
  return changed.length > 0 ? { metadata: { labels: Object.fromEntries(changed) } } : undefined;
}

/** Of what not every node of this release does (KEP-5328), what this one does: resizes of pods as a whole, and of init containers. Sorted. */
const DECLARED_FEATURES = ['InPlacePodLevelResourcesVerticalScaling', 'InPlacePodVerticalScalingInitContainers'];

/** The node's own part of its status. `previous`: what it was, for the times at which conditions changed. */
export function nodeStatus(identity: NodeIdentity, seen: Observation, previous: NodeStatus | undefined): NodeStatus {
  const capacity = { ...extendedResources(previous?.capacity), ...nodeCapacity(identity, seen.facts) };
  return {
    addresses: nodeAddresses(identity),
    capacity,
    allocatable: nodeAllocatable(capacity, identity.reserved),
    conditions: nodeConditions(seen, previous?.conditions ?? []),
    declaredFeatures: [...DECLARED_FEATURES],
    daemonEndpoints: { kubeletEndpoint: { Port: identity.kubeletPort } },
    images: nodeImages(seen.images),
    nodeInfo: {
      architecture: seen.facts.architecture,
      bootID: seen.facts.bootId,
      containerRuntimeVersion: seen.runtimeVersion,
      kernelVersion: seen.facts.kernelVersion,
      kubeProxyVersion: '',
      kubeletVersion: identity.version,
      machineID: seen.facts.machineId,
      operatingSystem: 'linux',
      osImage: seen.facts.osImage,
      systemUUID: seen.facts.systemUuid,
      swap: { capacity: seen.facts.swapBytes },
    },
  };
}

const nodeAddresses = ({ nodeName, nodeIps }: NodeIdentity): NodeAddress[] => [
  ...nodeIps.map((address) => ({ type: 'InternalIP', address })),
  { type: 'Hostname', address: nodeName },
];

/** What others advertise on the node: names with a domain (https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/). */
const extendedResources = (capacity: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(capacity).filter(([name]) => name.includes('/')));

const binary = (bytes: number): string => formatQuantity({ ...parseQuantity(Math.floor(bytes)), format: 'BinarySI' });

export function nodeCapacity({ maxPods }: Pick<NodeIdentity, 'maxPods'>, facts: NodeFacts): Record<string, string> {
  const pages = Object.entries(facts.hugePages).map(([size, bytes]) => [`hugepages-${binary(Number(size))}`, binary(bytes)]);
  return {
    cpu: String(facts.cpuCount),
    'ephemeral-storage': binary(facts.storageBytes),
    ...Object.fromEntries(pages),
    memory: binary(facts.memoryBytes),
    pods: String(maxPods),
  };
}

/** Capacity less what is reserved; huge pages are taken out of memory (https://kubernetes.io/docs/tasks/administer-cluster/reserve-compute-resources/). */
export function nodeAllocatable(
  capacity: Readonly<Record<string, string>>,
  reserved: Readonly<Record<string, string>>,
): Record<string, string> {
  const huge = Object.keys(capacity).filter((name) => name.startsWith('hugepages-'));
  const hugeBytes = huge.reduce((sum, name) => sum + quantityValue(capacity[name] ?? 0), 0);
  const left = ([name, amount]: [string, string]): [string, string] => {
    const kept = reserved[name] ?? '0';
    if (name === 'cpu') return [name, formatQuantity(parseQuantity(`${Math.max(0, milliValue(amount) - milliValue(kept))}m`))];
    const units = Math.max(0, quantityValue(amount) - quantityValue(kept) - (name === 'memory' ? hugeBytes : 0));
    return [name, name === 'pods' || name.includes('/') ? String(units) : binary(units)];
  };
  return Object.fromEntries(Object.entries(capacity).map(left));
}

/** Most of an image's names, and of images, that a Node lists: upstream's defaults. */
const MAX_NAMES = 5;
const MAX_IMAGES = 50;

export function nodeImages(images: readonly Image[]): { names: string[]; sizeBytes: number }[] {
  return images
    .map(({ repoDigests, repoTags, sizeBytes }) => ({ names: [...repoDigests, ...repoTags].slice(0, MAX_NAMES), sizeBytes }))
    .filter(({ names }) => names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.names[0] ?? '').localeCompare(b.names[0] ?? ''))
    .slice(0, MAX_IMAGES);
}

function nodeConditions({ runtime, pressure, now }: Observation, previous: readonly NodeCondition[]): NodeCondition[] {
  const condition = (type: string, isTrue: boolean, [reason, message]: readonly [string, string]): NodeCondition => {
    const status = isTrue ? 'True' : 'False';
    const before = previous.find((c) => c.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
    return { type, status, lastHeartbeatTime: now, lastTransitionTime, reason, message };
  };
  const pressed = (type: string, isTrue: boolean, yes: readonly [string, string], no: readonly [string, string]) =>
    condition(type, isTrue, isTrue ? yes : no);
  const faults = readinessFaults(runtime);
  const ready = faults.length === 0;
  return [
    pressed(
      'MemoryPressure',
      pressure.memory,
      ['KubeletHasInsufficientMemory', 'kubelet has insufficient memory available'],
      ['KubeletHasSufficientMemory', 'kubelet has sufficient memory available'],
    ),
    pressed(
      'DiskPressure',
      pressure.disk,
      ['KubeletHasDiskPressure', 'kubelet has disk pressure'],
      ['KubeletHasNoDiskPressure', 'kubelet has no disk pressure'],
    ),
    pressed(
      'PIDPressure',
      pressure.pids,
      ['KubeletHasInsufficientPID', 'kubelet has insufficient PID available'],
      ['KubeletHasSufficientPID', 'kubelet has sufficient PID available'],
    ),
    condition('Ready', ready, ready ? ['KubeletReady', 'kubelet is posting ready status'] : ['KubeletNotReady', aggregate(faults)]),
  ];
}

export const isReady = ({ runtimeReady, networkReady }: RuntimeStatus): boolean => runtimeReady && networkReady;

function readinessFaults({ runtimeReady, networkReady, message }: RuntimeStatus): string[] {
  const because = message ? `: ${message}` : '';
  const faults: string[] = [];
  if (!runtimeReady) faults.push(`container runtime not ready: RuntimeReady=false${because}`);
  if (!networkReady) faults.push(`container runtime network not ready: NetworkReady=false${because}`);
  return faults;
}

const aggregate = (faults: readonly string[]): string => (faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`);

/** Do two statuses say the same, apart from the heartbeat? */
export function saysTheSame(a: NodeStatus, b: NodeStatus): boolean {
  const withoutHeartbeat = (status: NodeStatus) => ({
    ...status,
    conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition),
  });
  return JSON.stringify(withoutHeartbeat(a)) === JSON.stringify(withoutHeartbeat(b));
}

/**
 * The strategic merge patch of the status. Conditions of others stay (they merge by type); addresses do not merge, since a node may have
 * several of one type.
 */
export function statusPatch(status: NodeStatus, before: NodeStatus | undefined): object {
  const gone = Object.keys(before?.allocatable ?? {}).filter((name) => !(name in (status.allocatable ?? {})));
  return {
    status: {
      ...status,
      allocatable: { ...status.allocatable, ...Object.fromEntries(gone.map((name) => [name, null])) },
      addresses: [...(status.addresses ?? []), { $patch: 'replace' }],
    },
  };
}

/** Events for what changed: upstream's reasons, which are also its messages' last word. */
export function conditionEvents(before: NodeStatus | undefined, after: NodeStatus): string[] {
  const names: Readonly<Record<string, readonly [string, string]>> = {
    MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
    DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
    PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
    Ready: ['NodeReady', 'NodeNotReady'],
  };
  return (after.conditions ?? []).flatMap(({ type, status }) => {
    const old = before?.conditions?.find((c) => c.type === type)?.status;
    const [whenTrue, whenFalse] = names[type] ?? [];
    const name = status === 'True' ? whenTrue : whenFalse;
    // A node that was never ready has not become unready.
    return old === status || !name || (name === 'NodeNotReady' && old === undefined) ? [] : [name];
  });
}
