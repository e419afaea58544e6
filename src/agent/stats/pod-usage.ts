import type { Pod } from '../../api/schema/generated/types.ts';
import type { Cgroups } from '../host/cgroups.ts';
import { networkOfProcess } from '../host/usage.ts';
import { podCgroup } from '../pods/config/resources-plan.ts';
import type { PodUsage } from './node-stats.ts';

/** Of the pod's cgroup, and of the network that its processes see; undefined when the cgroup is gone. */
export function podUsage(cgroups: Pick<Cgroups, 'usage' | 'processes'>): (pod: Pod) => Promise<PodUsage | undefined> {
  return async (pod) => {
    const path = podCgroup(pod);
    const usage = await cgroups.usage(path);
    if (!usage) return undefined;
    const [process] = pod.spec?.hostNetwork ? [] : await cgroups.processes(path);
    return { ...usage, interfaces: process === undefined ? [] : await networkOfProcess(process) };
  };
}
