import { type QosClass, qosClassOf } from '../../../api/core/pod-qos.ts';
import { containerRequests, podLimits as limitsOf, podRequests } from '../../../api/core/pod-resources.ts';
import type { Container, Pod, ResourceRequirements } from '../../../api/schema/generated/types.ts';
import { formatQuantity, milliValue, quantityValue } from '../../../base/quantity.ts';

const PERIOD_US = 100_000;
const LEAST_QUOTA_US = 1000;

/** cgroup v1 words, which runtimes translate: 1024 shares a core, at least 2. */
export const sharesOf = (milli: number): number => Math.max(2, Math.floor((milli * 1024) / 1000));
export const quotaOf = (milli: number): number => Math.max(LEAST_QUOTA_US, Math.floor((milli * PERIOD_US) / 1000));

export interface CgroupLimits {
  readonly cpuShares: number;
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly memoryLimitBytes?: number;
}

/** Limits of a container's cgroup: a request that is absent is the limit, a limit that is absent is the one of the pod as a whole (KEP-2837). */
export function containerLimits({ resources }: Container, wholePod?: ResourceRequirements): CgroupLimits {
  const { limits = {}, requests = {} } = resources ?? {};
  const cpu = milliValue(limits.cpu ?? '0') || milliValue(wholePod?.limits?.cpu ?? '0');
  const memory = quantityValue(limits.memory ?? '0') || quantityValue(wholePod?.limits?.memory ?? '0');
  return {
    cpuShares: sharesOf(milliValue(requests.cpu ?? '0') || (requests.cpu === undefined ? cpu : 0)),
    ...(cpu > 0 && { cpuPeriod: PERIOD_US, cpuQuota: quotaOf(cpu) }),
    ...(memory > 0 && { memoryLimitBytes: memory }),
  };
}

/** Limits of the pod's own cgroup: a quota or a memory limit only when the pod as a whole or every container has one. */
export function podLimits(pod: Pod): CgroupLimits {
  const { containers = [], initContainers = [], resources } = pod.spec ?? {};
  const limits = limitsOf(pod);
  const limited = (name: 'cpu' | 'memory'): string => {
    const all = resources?.limits?.[name] !== undefined || [...containers, ...initContainers].every((c) => c.resources?.limits?.[name]);
    const amount = limits[name];
    return all && amount ? formatQuantity(amount) : '0';
  };
  const [cpu, memory] = [milliValue(limited('cpu')), quantityValue(limited('memory'))];
  const { cpu: requested } = podRequests(pod);
  return {
    cpuShares: sharesOf(requested ? milliValue(formatQuantity(requested)) : 0),
    ...(cpu > 0 && { cpuPeriod: PERIOD_US, cpuQuota: quotaOf(cpu) }),
    ...(memory > 0 && { memoryLimitBytes: memory }),
  };
}

export const qosOf = (pod: Pod): QosClass =>
  (pod.status?.qosClass as QosClass | undefined) ?? (pod.spec ? qosClassOf(pod.spec) : 'BestEffort');

/** Under the root cgroup, as the kubelet lays pods out with the cgroupfs driver. */
export function podCgroup(pod: Pod): string {
  const qos = qosOf(pod);
  const parent = qos === 'Guaranteed' ? '/kubepods' : `/kubepods/${qos.toLowerCase()}`;
  return `${parent}/pod${pod.metadata?.uid}`;
}

/** The least priority of what the cluster cannot do without (system-cluster-critical). */
const CRITICAL_PRIORITY = 2_000_000_000;
export const isCritical = ({ spec }: Pod): boolean => (spec?.priority ?? 0) >= CRITICAL_PRIORITY;

const memoryOf = (container: Container): number => quantityValue(container.resources?.requests?.memory ?? '0');

/** What was asked for the pod as a whole beyond its containers, in equal parts (KEP-2837). */
function memoryShare(pod: Pod): number {
  const whole = quantityValue(pod.spec?.resources?.requests?.memory ?? '0');
  if (whole === 0) return 0;
  const { memory } = containerRequests(pod);
  const rest = whole - (memory ? quantityValue(formatQuantity(memory)) : 0);
  return Math.trunc(rest / ((pod.spec?.containers.length ?? 0) + (pod.spec?.initContainers?.length ?? 0)));
}

/**
 * Who the kernel kills first: 1000 best effort, -997 guaranteed and what the node cannot do without, between them the less the more memory was asked for.
 * A sidecar goes no sooner than any container that it serves.
 */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  const qos = qosOf(pod);
  if (qos === 'Guaranteed' || (isCritical(pod) && pod.spec?.priorityClassName === 'system-node-critical')) return -997;
  if (qos === 'BestEffort' || nodeMemoryBytes <= 0) return 1000;
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const isSidecar = initContainers.some(({ name, restartPolicy }) => name === container.name && restartPolicy === 'Always');
  const served = isSidecar ? Math.min(...containers.map(memoryOf)) : 0;
  const asked = Math.max(memoryOf(container), served) + memoryShare(pod);
  const score = 1000 - Math.floor((1000 * asked) / nodeMemoryBytes);
  return Math.min(Math.max(score, 3), 999);
}
