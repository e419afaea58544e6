import { objectKey } from '../api/meta/object.ts';
import type { Node, Pod } from '../api/schema/generated/types.ts';
import { addInto, nonZeroRequests, podRequests, type Resources, toResources } from './resources.ts';

export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

const ANY_ADDRESS = '0.0.0.0';

export function hostPortsOf(pod: Pod): HostPort[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort ? [{ port: hostPort, ip: hostIP || ANY_ADDRESS, protocol: protocol ?? 'TCP' }] : [],
    ),
  );
}

export const portsCollide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || a.ip === ANY_ADDRESS || b.ip === ANY_ADDRESS);

interface Placed {
  readonly pod: Pod;
  readonly requests: Resources;
  readonly ports: readonly HostPort[];
}

/** The sums over the pods of one node, kept by difference: adding or removing a pod costs the pod, not the node. */
export class NodeState {
  #node: Node;
  #allocatable: Resources;
  readonly #placed = new Map<string, Placed>();
  readonly #requested: Record<string, number> = {};
  readonly #scored = { cpu: 0, memory: 0 };

  constructor(node: Node) {
    this.#node = node;
    this.#allocatable = toResources(node.status?.allocatable ?? node.status?.capacity);
  }

  get node(): Node {
    return this.#node;
  }
  get allocatable(): Resources {
    return this.#allocatable;
  }
  get requested(): Resources {
    return this.#requested;
  }
  /** Requests with upstream's stand-in for pods that ask for nothing: for scores only. */
  get scored(): { readonly cpu: number; readonly memory: number } {
    return this.#scored;
  }
  get podCount(): number {
    return this.#placed.size;
  }
  pods(): IterableIterator<Placed> {
    return this.#placed.values();
  }

  update(node: Node): void {
    if (node.status?.allocatable !== this.#node.status?.allocatable)
      this.#allocatable = toResources(node.status?.allocatable ?? node.status?.capacity);
    this.#node = node;
  }

  /** Adds a pod, or replaces what was known of it. */
  place(pod: Pod): void {
    const key = objectKey(pod);
    this.remove(key);
    const placed = { pod, requests: podRequests(pod), ports: hostPortsOf(pod) };
    this.#placed.set(key, placed);
    this.#count(placed, 1);
  }

  remove(key: string): void {
    const placed = this.#placed.get(key);
    if (!placed) return;
    this.#placed.delete(key);
    this.#count(placed, -1);
  }

  #count(placed: Placed, sign: 1 | -1): void {
    addInto(this.#requested, placed.requests, sign);
    const { cpu, memory } = nonZeroRequests(placed.requests);
    this.#scored.cpu += sign * cpu;
    this.#scored.memory += sign * memory;
  }
}
