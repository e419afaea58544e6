import type { Container, Pod } from '../../../api/schema/generated/types.ts';
import { milliValue, quantityValue } from '../../../base/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

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

/** Limits of a container's cgroup: a request that is absent is the limit. */
export function containerLimits({ resources }: Container): CgroupLimits {
  const { limits = {}, requests = {} } = resources ?? {};
  const request = milliValue(requests.cpu ?? limits.cpu ?? '0');
  return {
    cpuShares: sharesOf(request),
    ...(limits.cpu && milliValue(limits.cpu) > 0 && { cpuPeriod: PERIOD_US, cpuQuota: quotaOf(milliValue(limits.cpu)) }),
    ...(limits.memory && quantityValue(limits.memory) > 0 && { memoryLimitBytes: quantityValue(limits.memory) }),
  };
}

function total(pod: Pod, kind: 'limits' | 'requests', resource: 'cpu' | 'memory'): { sum: number; all: boolean } {
  const read = (c: Container) => c.resources?.[kind]?.[resource] ?? (kind === 'requests' ? c.resources?.limits?.[resource] : undefined);
  const amount = resource === 'cpu' ? milliValue : quantityValue;
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const sidecars = initContainers.filter((c) => c.restartPolicy === 'Always');
  const lasting = [...containers, ...sidecars];
  const sum = lasting.reduce((n, c) => n + amount(read(c) ?? '0'), 0);
  const peak = Math.max(0, ...initContainers.filter((c) => c.restartPolicy !== 'Always').map((c) => amount(read(c) ?? '0')));
  const overhead = pod.spec?.overhead?.[resource];
  const all = [...containers, ...initContainers].every((c) => read(c) !== undefined);
  return { sum: Math.max(sum, peak) + (overhead ? amount(overhead) : 0), all };
}

/** Limits of the pod's own cgroup: a quota or a memory limit only when every container has one. */
export function podLimits(pod: Pod): CgroupLimits {
  const cpu = total(pod, 'limits', 'cpu');
  const memory = total(pod, 'limits', 'memory');
  return {
    cpuShares: sharesOf(total(pod, 'requests', 'cpu').sum),
    ...(cpu.all && cpu.sum > 0 && { cpuPeriod: PERIOD_US, cpuQuota: quotaOf(cpu.sum) }),
    ...(memory.all && memory.sum > 0 && { memoryLimitBytes: memory.sum }),
  };
}

export const qosOf = (pod: Pod): QosClass => (pod.status?.qosClass as QosClass | undefined) ?? computeQos(pod);

function computeQos(pod: Pod): QosClass {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const amounts = all.flatMap((c) => [...Object.values(c.resources?.limits ?? {}), ...Object.values(c.resources?.requests ?? {})]);
  if (amounts.length === 0) return 'BestEffort';
  const guaranteed = all.every(({ resources }) =>
    (['cpu', 'memory'] as const).every((key) => {
      const limit = resources?.limits?.[key];
      return limit !== undefined && (resources?.requests?.[key] ?? limit) === limit;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Under the root cgroup, as the kubelet lays pods out with the cgroupfs driver. */
export function podCgroup(pod: Pod): string {
  const qos = qosOf(pod);
  const parent = qos === 'Guaranteed' ? '/kubepods' : `/kubepods/${qos.toLowerCase()}`;
  return `${parent}/pod${pod.metadata?.uid}`;
}

/** The least priority of what the cluster cannot do without (system-cluster-critical). */
const CRITICAL_PRIORITY = 2_000_000_000;
export const isCritical = ({ spec }: Pod): boolean => (spec?.priority ?? 0) >= CRITICAL_PRIORITY;

/** Who the kernel kills first: 1000 best effort, -997 guaranteed, between them the less the more memory was asked for. */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if (isCritical(pod)) return -997;
  const qos = qosOf(pod);
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort' || nodeMemoryBytes <= 0) return 1000;
  const request = quantityValue(container.resources?.requests?.memory ?? container.resources?.limits?.memory ?? '0');
  const score = 1000 - Math.floor((1000 * request) / nodeMemoryBytes);
  return Math.min(Math.max(score, 3), 999);
}
