import type { Pod } from '../../api/schema/generated/types.ts';
import { groupPods, NO_PODS, type PodMetrics, readyPods } from './pod-groups-plan.ts';

/** How far the ratio of use to target may be from 1 without anything being done. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

export interface Proposal {
  readonly replicas: number;
  /** What is used, in thousandths: by each pod on average, or in all. */
  readonly usageMilli: number;
  /** Percent of what is asked for, of resources with such a target. */
  readonly utilization?: number;
}

/** What a count of pods is proposed from. */
export interface PodsCase {
  readonly currentReplicas: number;
  /** All that the target's selector selects. */
  readonly pods: readonly Pod[];
  readonly metrics: PodMetrics;
  /** '' for metrics that are no resource. */
  readonly resource: string;
  readonly tolerances: Tolerances;
  readonly nowMs: number;
}

interface Use {
  readonly ratio: number;
  readonly usageMilli: number;
  readonly utilization?: number;
}

const isWithin = ({ up, down }: Tolerances, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** A resource's use as a share of what the pods ask for. `asked` in thousandths, by pod. Throws when nothing can be said. */
export function utilizationReplicas(pods: PodsCase, asked: ReadonlyMap<string, number>, targetUtilization: number): Proposal {
  const use = (values: ReadonlyMap<string, number>): Use => {
    const known = [...values].filter(([name]) => asked.has(name));
    const used = known.reduce((sum, [, value]) => sum + value, 0);
    const wanted = known.reduce((sum, [name]) => sum + (asked.get(name) ?? 0), 0);
    if (wanted === 0) throw new Error('no metrics returned matched known pods');
    const utilization = Math.trunc((used * 100) / wanted);
    return { ratio: utilization / targetUtilization, utilization, usageMilli: Math.trunc(used / known.length) };
  };
  // Pods of which nothing is known use all that they ask for before there are fewer, and nothing before there are more.
  const ofMissing = (name: string, ratio: number) => {
    if (ratio === 1) return undefined;
    return ratio > 1 ? 0 : Math.trunc(((asked.get(name) ?? 0) * Math.max(100, targetUtilization)) / 100);
  };
  return perPod(pods, { use, ofMissing });
}

/** What each pod uses, or a metric of each pod, against a target of the same unit. Throws when nothing can be said. */
export function averageOfPodsReplicas(pods: PodsCase, targetMilli: number): Proposal {
  const use = (values: ReadonlyMap<string, number>): Use => {
    const usageMilli = Math.trunc([...values.values()].reduce((sum, value) => sum + value, 0) / values.size);
    return { ratio: usageMilli / targetMilli, usageMilli };
  };
  return perPod(pods, { use, ofMissing: (_, ratio) => (ratio < 1 ? targetMilli : 0) });
}

interface PerPod {
  readonly use: (values: ReadonlyMap<string, number>) => Use;
  /** What a pod counts as of which nothing is known; undefined: it does not count. */
  readonly ofMissing: (name: string, ratio: number) => number | undefined;
}

/** Source: Kubernetes, "Horizontal Pod Autoscaling" (algorithm details); unready pods and missing metrics only ever make a change smaller. */
function perPod({ currentReplicas, pods, metrics, resource, tolerances, nowMs }: PodsCase, { use, ofMissing }: PerPod): Proposal {
  if (pods.length === 0) throw new Error(NO_PODS);
  const groups = groupPods(pods, metrics, resource, nowMs);
  const counted = [...metrics].filter(([name]) => !groups.unready.has(name) && !groups.ignored.has(name));
  const values = new Map(counted.map(([name, { milli }]) => [name, milli]));
  if (values.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const { ratio, ...shown } = use(values);
  const stay: Proposal = { ...shown, replicas: currentReplicas };
  const upWithUnready = groups.unready.size > 0 && ratio > 1;
  if (!upWithUnready && groups.missing.size === 0)
    return isWithin(tolerances, ratio) ? stay : { ...shown, replicas: Math.ceil(ratio * groups.ready) };
  for (const name of groups.missing) {
    const value = ofMissing(name, ratio);
    if (value !== undefined) values.set(name, value);
  }
  if (upWithUnready) for (const name of groups.unready) values.set(name, 0);
  const again = use(values).ratio;
  if (isWithin(tolerances, again) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1)) return stay;
  const replicas = Math.ceil(again * values.size);
  const turnsRound = (again < 1 && replicas > currentReplicas) || (again > 1 && replicas < currentReplicas);
  return turnsRound ? stay : { ...shown, replicas };
}

export interface ValueCase {
  readonly usageMilli: number;
  readonly targetMilli: number;
  readonly tolerances: Tolerances;
}

/** A metric of something else, against a target in all. Throws when pods have to be counted and there is none. */
export function valueReplicas(
  { usageMilli, targetMilli, tolerances }: ValueCase,
  { currentReplicas, pods }: { currentReplicas: number; pods: readonly Pod[] },
): Proposal {
  const ratio = usageMilli / targetMilli;
  if (currentReplicas === 0) return { usageMilli, replicas: Math.ceil(ratio) };
  if (isWithin(tolerances, ratio)) return { usageMilli, replicas: currentReplicas };
  return { usageMilli, replicas: Math.ceil(ratio * readyPodsOf(pods)) };
}

function readyPodsOf(pods: readonly Pod[]): number {
  try {
    return readyPods(pods);
  } catch (error) {
    throw new Error(`unable to calculate ready pods: ${(error as Error).message}`, { cause: error });
  }
}

/** A metric of something else, against a target for each pod. */
export function averageValueReplicas({ usageMilli, targetMilli, tolerances }: ValueCase, statusReplicas: number): Proposal {
  const keep = isWithin(tolerances, usageMilli / (targetMilli * statusReplicas));
  const average = statusReplicas === 0 ? 0 : Math.ceil(usageMilli / statusReplicas);
  return { usageMilli: average, replicas: keep ? statusReplicas : Math.ceil(usageMilli / targetMilli) };
}
