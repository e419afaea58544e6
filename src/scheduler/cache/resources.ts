import { podRequests as exactRequests } from '../../api/core/pod-resources.ts';
import type { Container, Pod, ResourceRequirements } from '../../api/schema/generated/types.ts';
import { formatQuantity, milliValue, type Quantity, quantityValue } from '../../base/quantity.ts';

/**
 * An amount of each resource: thousandths of a core, bytes, pieces. Fields instead of a map for those that every pod asks for, because the scheduler
 * adds and compares them for each pod and node. Changed in place by its owner alone.
 */
export class Amounts {
  milliCpu = 0;
  memory = 0;
  ephemeralStorage = 0;
  /** Extended resources and huge pages by name; undefined when there are none. */
  scalars: Map<string, number> | undefined = undefined;

  static of(list: Readonly<Record<string, string>> | undefined): Amounts {
    const amounts = new Amounts();
    for (const name in list) {
      const quantity = list[name] ?? '0';
      // Pods are counted apart: each takes one, whatever it says.
      if (name !== 'pods') amounts.set(name, name === 'cpu' ? milliValue(quantity) : quantityValue(quantity));
    }
    return amounts;
  }

  get(name: string): number {
    switch (name) {
      case 'cpu':
        return this.milliCpu;
      case 'memory':
        return this.memory;
      case 'ephemeral-storage':
        return this.ephemeralStorage;
      default:
        return this.scalars?.get(name) ?? 0;
    }
  }

  set(name: string, value: number): void {
    if (name === 'cpu') this.milliCpu = value;
    else if (name === 'memory') this.memory = value;
    else if (name === 'ephemeral-storage') this.ephemeralStorage = value;
    else {
      this.scalars ??= new Map();
      this.scalars.set(name, value);
    }
  }

  add(other: Amounts, sign: 1 | -1 = 1): void {
    this.milliCpu += sign * other.milliCpu;
    this.memory += sign * other.memory;
    this.ephemeralStorage += sign * other.ephemeralStorage;
    if (other.scalars) for (const [name, value] of other.scalars) this.set(name, this.get(name) + sign * value);
  }

  /** Of each resource the larger amount. */
  max(other: Amounts): void {
    this.milliCpu = Math.max(this.milliCpu, other.milliCpu);
    this.memory = Math.max(this.memory, other.memory);
    this.ephemeralStorage = Math.max(this.ephemeralStorage, other.ephemeralStorage);
    if (other.scalars) for (const [name, value] of other.scalars) this.set(name, Math.max(this.get(name), value));
  }

  clone(): Amounts {
    const copy = new Amounts();
    copy.milliCpu = this.milliCpu;
    copy.memory = this.memory;
    copy.ephemeralStorage = this.ephemeralStorage;
    copy.scalars = this.scalars && new Map(this.scalars);
    return copy;
  }

  equals(other: Amounts): boolean {
    if (this.milliCpu !== other.milliCpu || this.memory !== other.memory || this.ephemeralStorage !== other.ephemeralStorage) return false;
    const names = new Set([...(this.scalars?.keys() ?? []), ...(other.scalars?.keys() ?? [])]);
    return [...names].every((name) => this.get(name) === other.get(name));
  }

  isZero(): boolean {
    return this.milliCpu === 0 && this.memory === 0 && this.ephemeralStorage === 0 && !this.scalars?.size;
  }
}

/** Upstream's assumption for scores of containers that ask for nothing: 100m and 200 MiB (scheduler, util.GetNonzeroRequests). */
export const DEFAULT_MILLI_CPU = 100;
export const DEFAULT_MEMORY = 200 * 1024 * 1024;

type RequestsOf = (container: { readonly resources?: ResourceRequirements }) => Amounts;
const asAsked: RequestsOf = ({ resources }) => Amounts.of(resources?.requests);
const forScores: RequestsOf = ({ resources }) => {
  const amounts = Amounts.of(resources?.requests);
  if (resources?.requests?.cpu === undefined) amounts.milliCpu = DEFAULT_MILLI_CPU;
  if (resources?.requests?.memory === undefined) amounts.memory = DEFAULT_MEMORY;
  return amounts;
};

/** Containers and sidecars run together; the init phase has a peak of its own: an init container with the sidecars started before it. */
function sumOf(containers: readonly Container[], initContainers: readonly Container[], requestsOf: RequestsOf): Amounts {
  const running = new Amounts();
  for (const container of containers) running.add(requestsOf(container));
  if (initContainers.length === 0) return running;
  const sidecars = new Amounts();
  const peak = new Amounts();
  for (const container of initContainers) {
    if (container.restartPolicy === 'Always') {
      sidecars.add(requestsOf(container));
      peak.max(sidecars);
    } else {
      const moment = sidecars.clone();
      moment.add(requestsOf(container));
      peak.max(moment);
    }
  }
  running.add(sidecars);
  running.max(peak);
  return running;
}

/**
 * What a pod asks of a node: the sum of its containers and sidecars, or the largest moment of its init phase if that is more, plus overhead
 * (Kubernetes: "Init containers: resource sharing within containers"; KEP-753 for sidecars). Pod-level requests win where set (KEP-2837).
 */
export function podRequests(pod: Pod): Amounts {
  return isResizing(pod) ? fromExact(exactRequests(pod, { status: true })) : requestsOfPod(pod, asAsked);
}

/** The same for scores: what asks for nothing counts as something, so that such pods spread as well. */
export function podRequestsForScores(pod: Pod): Amounts {
  return requestsOfPod(pod, forScores);
}

/** While it is resized a pod holds the larger of what it asks for and what it has (KEP-1287): rare, so that the exact way will do. */
const isResizing = ({ status }: Pod): boolean => status?.conditions?.some(({ type }) => type.startsWith('PodResize')) ?? false;

function fromExact(exact: Readonly<Record<string, Quantity>>): Amounts {
  const amounts = new Amounts();
  for (const [name, quantity] of Object.entries(exact)) {
    const text = formatQuantity(quantity);
    amounts.set(name, name === 'cpu' ? milliValue(text) : quantityValue(text));
  }
  return amounts;
}

const isPodLevelResource = (name: string) => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

function requestsOfPod({ spec }: Pod, requestsOf: RequestsOf): Amounts {
  const total = sumOf(spec?.containers ?? [], spec?.initContainers ?? [], requestsOf);
  if (spec?.resources?.requests) {
    for (const [name, quantity] of Object.entries(spec.resources.requests)) {
      if (isPodLevelResource(name)) total.set(name, name === 'cpu' ? milliValue(quantity) : quantityValue(quantity));
    }
  }
  if (spec?.overhead) total.add(Amounts.of(spec.overhead));
  return total;
}
