import type { Container, Pod } from '../api/schema/generated/types.ts';
import { milliValue, quantityValue } from '../base/quantity.ts';

/**
 * Amounts by resource name: thousandths of a core for cpu, whole units (bytes, pieces) for all else. Plain numbers, because the
 * scheduler adds and compares them for every pod and node.
 */
export type Resources = Readonly<Record<string, number>>;

export const amountOf = (name: string, quantity: string): number => (name === 'cpu' ? milliValue(quantity) : quantityValue(quantity));

export function toResources(list: Readonly<Record<string, string>> | undefined): Resources {
  const result: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(list ?? {})) result[name] = amountOf(name, quantity);
  return result;
}

export function addInto(sum: Record<string, number>, more: Resources, sign: 1 | -1 = 1): void {
  for (const name in more) sum[name] = (sum[name] ?? 0) + sign * (more[name] ?? 0);
}

function maxInto(max: Record<string, number>, other: Resources): void {
  for (const name in other) max[name] = Math.max(max[name] ?? 0, other[name] ?? 0);
}

const requestsOf = (container: Container): Resources => toResources(container.resources?.requests);

/**
 * What a pod asks of a node: the sum of its containers and sidecars, or the largest moment of its init phase if that is more, plus overhead
 * (Kubernetes: "Init containers: resource sharing within containers"; KEP-753 for sidecars). Pod-level requests win where set (KEP-2837).
 */
export function podRequests(pod: Pod): Resources {
  const spec = pod.spec;
  const running: Record<string, number> = {};
  for (const container of spec?.containers ?? []) addInto(running, requestsOf(container));
  const sidecars: Record<string, number> = {};
  const initPeak: Record<string, number> = {};
  for (const container of spec?.initContainers ?? []) {
    const requests = requestsOf(container);
    if (container.restartPolicy === 'Always') {
      addInto(sidecars, requests);
      maxInto(initPeak, sidecars);
    } else {
      const moment: Record<string, number> = { ...sidecars };
      addInto(moment, requests);
      maxInto(initPeak, moment);
    }
  }
  addInto(running, sidecars);
  maxInto(running, initPeak);
  Object.assign(running, toResources(spec?.resources?.requests));
  addInto(running, toResources(spec?.overhead));
  return running;
}

/** Upstream's assumption for scoring pods that ask for nothing: 100m and 200 MiB (scheduler, util.GetNonzeroRequests). */
const NONZERO: Resources = { cpu: 100, memory: 200 * 1024 * 1024 };

export function nonZeroRequests(requests: Resources): { cpu: number; memory: number } {
  return { cpu: requests.cpu || (NONZERO.cpu ?? 0), memory: requests.memory || (NONZERO.memory ?? 0) };
}
