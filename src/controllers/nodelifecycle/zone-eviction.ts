import { nodes } from '../../api/index.ts';
import type { Node } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import type { ControllerObserver } from '../lib/controller-observer.ts';
import { isNews } from '../lib/news-plan.ts';
import type { NodeHeartbeats } from './heartbeats.ts';
import { evicts, planEvictingTaints, readyCondition } from './node-health-plan.ts';
import { DEFAULT_RATE, planZones, type ZonesPlan, zoneFacts, zoneOf } from './zone-plan.ts';

/** Zones and rates concern all nodes together. */
const ALL_NODES = 'all';

/**
 * Gives nodes that are not ready the taint which ends their pods, so many at a time as the state of their zone allows. Ending the pods is the
 * taint eviction controller's.
 */
export function zoneEviction(heartbeats: NodeHeartbeats, observer: ControllerObserver): Controller {
  const pace = new EvictionPace(observer);
  let wasAllDisrupted = false;
  return {
    name: 'node-eviction',
    eventSource: 'node-controller',
    reads: ['nodes'],
    writes: ['nodes'],
    workers: 1,
    // A run looks at all nodes: it is not for reports that say nothing new.
    enqueue: { nodes: (node, _, other) => (isNews(zoneFacts, node, other) ? [ALL_NODES] : []) },
    async reconcile(request) {
      const { informer, clock, log } = request;
      const all = informer(nodes).list();
      const plan = planZones(all);
      if (plan.allDisrupted !== wasAllDisrupted) {
        // Nodes that have just registered are no news.
        const level = all.some(readyCondition) ? 'info' : 'debug';
        log[level]({ nodes: all.length }, plan.allDisrupted ? 'no node is ready: pods stay where they are' : 'some nodes are ready');
        if (wasAllDisrupted) heartbeats.startAnew(clock.monotonic());
        wasAllDisrupted = plan.allDisrupted;
      }
      return taintInTurn(all, plan, pace, request);
    },
  };
}

async function taintInTurn(all: readonly Node[], plan: ZonesPlan, pace: EvictionPace, request: ReconcileRequest): Promise<ReconcileResult> {
  const waiting: Node[] = [];
  for (const node of all) {
    const isReady = readyCondition(node)?.status === 'True';
    if (isReady || plan.allDisrupted) await setTaint(node, false, request);
    else if (evicts(node)) await setTaint(node, true, request);
    else if (readyCondition(node)) waiting.push(node);
  }
  for (const node of pace.inTurn(waiting)) {
    const zone = zoneOf(node);
    if (!pace.mayEvict(zone, plan.rates.get(zone) ?? DEFAULT_RATE, request.clock.monotonic())) continue;
    await setTaint(node, true, request);
    pace.evicted(zone, node, request.clock.monotonic());
  }
  const afterMs = pace.nextMs(plan.rates, request.clock.monotonic());
  return afterMs === undefined ? undefined : { afterMs };
}

async function setTaint(node: Node, isEvicted: boolean, { client, clock, signal }: ReconcileRequest): Promise<void> {
  const taints = planEvictingTaints(node, isEvicted, rfc3339(clock.now()));
  if (!taints) return;
  const { name = '', resourceVersion } = node.metadata ?? {};
  // The resourceVersion makes the write fail when somebody else changed the taints meanwhile.
  const patch = { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
  await client.patch(nodes, name, 'merge', patch, { signal });
}

/** Which nodes wait for their taint, in the order in which they stopped to be ready, and when each zone last had one. */
class EvictionPace {
  /** Node -> its zone. */
  #waiting = new Map<string, string>();
  readonly #lastMs = new Map<string, number>();
  readonly #observer: ControllerObserver;

  constructor(observer: ControllerObserver) {
    this.#observer = observer;
  }

  inTurn(waiting: readonly Node[]): Node[] {
    const byName = new Map(waiting.map((node) => [node.metadata?.name ?? '', node]));
    const before = [...this.#waiting.keys()].filter((name) => byName.has(name));
    const order = [...new Set([...before, ...byName.keys()])].flatMap((name) => byName.get(name) ?? []);
    this.#waiting = new Map(order.map((node) => [node.metadata?.name ?? '', zoneOf(node)]));
    return order;
  }

  mayEvict(zone: string, rate: number, nowMs: number): boolean {
    return rate > 0 && nowMs >= this.#dueMs(zone, rate);
  }

  evicted(zone: string, node: Node, nowMs: number): void {
    this.#waiting.delete(node.metadata?.name ?? '');
    this.#lastMs.set(zone, nowMs);
    this.#observer.nodeEvicted(zone);
  }

  /** Until the next of those that wait may be tainted; undefined: none waits, or none may. */
  nextMs(rates: ReadonlyMap<string, number>, nowMs: number): number | undefined {
    const zones = [...new Set(this.#waiting.values())];
    const due = zones.flatMap((zone) => {
      const rate = rates.get(zone) ?? DEFAULT_RATE;
      return rate > 0 ? [this.#dueMs(zone, rate)] : [];
    });
    return due.length > 0 ? Math.max(1, Math.min(...due) - nowMs) : undefined;
  }

  #dueMs(zone: string, rate: number): number {
    const last = this.#lastMs.get(zone);
    return last === undefined ? 0 : last + 1000 / rate;
  }
}
