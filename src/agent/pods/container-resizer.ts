import type { Container, Pod, ResourceRequirements } from '../../api/schema/generated/types.ts';
import { detailsOf } from '../../runtime/runtime.ts';
import { type CgroupLimits, containerLimits, podCgroup, podLimits } from './config/resources-plan.ts';
import { containersOf, liveOf } from './container-machine.ts';
import type { PodEnvironment } from './pod-context.ts';
import { containerOf, type PodEvent, type PodState } from './pod-state-plan.ts';

interface Target {
  readonly name: string;
  readonly id: string;
  readonly resources: ResourceRequirements;
  readonly before: CgroupLimits;
  readonly limits: CgroupLimits;
}

function targetsOf(state: PodState, names: readonly string[]): Target[] {
  const wholePod = state.pod.spec?.resources;
  return containersOf(state.pod).flatMap(({ spec }) => {
    const live = names.includes(spec.name) ? liveOf(containerOf(state, spec.name).run) : undefined;
    if (!live) return [];
    const before = containerLimits({ ...spec, resources: live.resources }, wholePod);
    return [{ name: spec.name, id: live.id, resources: spec.resources ?? {}, before, limits: containerLimits(spec, wholePod) }];
  });
}

/** The pod with what its containers have now. */
function actualPod({ pod, containers }: PodState): Pod {
  const actual = (spec: Container): Container => ({
    ...spec,
    resources: liveOf(containers[spec.name]?.run ?? { at: 'waiting' })?.resources ?? spec.resources,
  });
  if (!pod.spec) return pod;
  return {
    ...pod,
    spec: { ...pod.spec, containers: pod.spec.containers.map(actual), initContainers: pod.spec.initContainers?.map(actual) },
  };
}

/** Room for both: no limit where one of them has none. */
const larger = (a: CgroupLimits, b: CgroupLimits): CgroupLimits => ({
  cpuShares: Math.max(a.cpuShares, b.cpuShares),
  ...(a.cpuQuota && b.cpuQuota && { cpuPeriod: b.cpuPeriod, cpuQuota: Math.max(a.cpuQuota, b.cpuQuota) }),
  ...(a.memoryLimitBytes && b.memoryLimitBytes && { memoryLimitBytes: Math.max(a.memoryLimitBytes, b.memoryLimitBytes) }),
});

const isLower = ({ before, limits }: Target): boolean => (limits.memoryLimitBytes ?? Infinity) < (before.memoryLimitBytes ?? Infinity);

/** The kernel would kill a container whose new limit is below what it uses. Rejects with the kubelet's message. */
async function checkMemory({ runtime }: PodEnvironment, targets: readonly Target[], signal: AbortSignal): Promise<void> {
  const lowered = targets.filter(isLower);
  if (lowered.length === 0) return;
  const stats = await runtime.containerStats({ signal });
  const wrong = lowered.flatMap(({ name, id, limits }) => {
    const used = stats.find((s) => s.id === id)?.memoryUsageBytes;
    if (used === undefined) return [`missing container "${name}" memory usage`];
    const limit = limits.memoryLimitBytes ?? 0;
    return used < limit ? [] : [`attempting to set container "${name}" memory limit (${limit}) below current usage (${used})`];
  });
  if (wrong.length === 0) return;
  throw new Error(`cannot decrease memory limits: ${wrong.length === 1 ? wrong[0] : `[${wrong.join(', ')}]`}`);
}

/** Gives running containers what is set aside for them, the pod's cgroup first where it grows and last where it shrinks. Never throws. */
export async function resizeContainers(
  env: PodEnvironment,
  state: PodState,
  names: readonly string[],
  signal: AbortSignal,
): Promise<PodEvent> {
  const done: Record<string, ResourceRequirements> = {};
  try {
    const { pod } = state;
    const targets = targetsOf(state, names);
    await checkMemory(env, targets, signal);
    const limits = podLimits(pod);
    await env.cgroups.ensure(podCgroup(pod), larger(podLimits(actualPod(state)), limits));
    for (const { name, id, resources, limits: own } of targets) {
      await env.runtime.updateContainerResources(id, own, { signal });
      done[name] = resources;
    }
    await env.cgroups.ensure(podCgroup(pod), limits);
    return { type: 'resized', done };
  } catch (error) {
    return { type: 'resized', done, error: detailsOf(error) };
  }
}
