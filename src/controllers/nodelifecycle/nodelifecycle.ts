import { nodes, pods } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { type ControllerObserver, UNOBSERVED } from '../lib/controller-observer.ts';
import { NodeHeartbeats } from './heartbeats.ts';
import { graceMs, planConditionTaints, readyCondition, silentConditions } from './node-health-plan.ts';
import { zoneEviction } from './zone-eviction.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const podNode = (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);
const isUnknown = (node: Node | undefined) => node !== undefined && readyCondition(node)?.status === 'Unknown';

/** What watches over nodes: their health, and who may lose his pods for it. The two share what was heard. */
export function nodeLifecycle(observer: ControllerObserver = UNOBSERVED): Controller[] {
  const heartbeats = new NodeHeartbeats();
  return [nodeHealth(heartbeats), zoneEviction(heartbeats, observer)];
}

/** Watches heartbeats, says of silent nodes that nothing is known of them, and taints nodes by their conditions (Kubernetes: Nodes). */
function nodeHealth(heartbeats: NodeHeartbeats): Controller {
  /** Name -> the node as it was first seen. */
  const known = new Map<string, Node>();
  return {
    name: 'nodelifecycle',
    eventSource: 'node-controller',
    reads: ['nodes', 'leases.coordination.k8s.io', 'pods'],
    writes: ['nodes', 'nodes/status', 'pods/status'],
    indexes: { pods: { node: podNode } },
    enqueue: {
      nodes: (node, { clock }) => {
        heartbeats.sawNode(node as Node, clock.monotonic());
        return [node.metadata?.name ?? ''];
      },
      'leases.coordination.k8s.io': (lease, { clock }) => {
        const { namespace, name = '' } = lease.metadata ?? {};
        if (namespace === LEASE_NAMESPACE) heartbeats.sawLease(name, lease, clock.monotonic());
        return [];
      },
      // A pod that is put on a silent node is not ready.
      pods: (pod, { informer }) => podNode(pod as Pod).filter((name) => isUnknown(informer(nodes).get(name))),
    },
    async reconcile(request) {
      const { key, informer, clock, event } = request;
      const node = informer(nodes).get(key);
      if (!node) {
        const gone = known.get(key);
        if (gone) event(gone, 'Normal', 'RemovingNode', `Node ${key} event: Removing Node ${key} from Controller`);
        known.delete(key);
        heartbeats.forget(key);
        return undefined;
      }
      if (!known.has(key)) event(node, 'Normal', 'RegisteredNode', `Node ${key} event: Registered Node ${key} in Controller`);
      known.set(key, node);
      const remainingMs = graceMs(node) - heartbeats.silentForMs(key, clock.monotonic());
      if (remainingMs < 0) await markSilent(node, request);
      await taintByConditions(node, request);
      return remainingMs < 0 ? undefined : { afterMs: remainingMs + 1 };
    },
  };
}

/** Says on a silent node's status that nothing is known of it, and on its pods that they are not ready. */
async function markSilent(node: Node, { key, client, informer, clock, event, signal }: ReconcileRequest): Promise<void> {
  const now = rfc3339(clock.now());
  const before = readyCondition(node)?.status;
  if (before !== 'Unknown') {
    await client.patch(nodes, key, 'strategic', { status: { conditions: silentConditions(node, now) } }, { subresource: 'status', signal });
    if (before === 'True') event(node, 'Normal', 'NodeNotReady', `Node ${key} status is now: NodeNotReady`);
  }
  const condition = { type: 'Ready', status: 'False', lastTransitionTime: now };
  for (const pod of informer(pods).by('node', key)) {
    if (pod.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'True') continue;
    const { name = '', namespace } = pod.metadata ?? {};
    const options = { namespace, subresource: 'status', signal };
    await client.patch(pods, name, 'strategic', { status: { conditions: [condition] } }, options).catch(ignoreNotFound);
    event(pod as KubeObject, 'Warning', 'NodeNotReady', 'Node is not ready');
  }
}

async function taintByConditions(node: Node, { key, client, clock, signal }: ReconcileRequest): Promise<void> {
  const taints = planConditionTaints(node, rfc3339(clock.now()));
  if (!taints) return;
  // The resourceVersion makes the write fail when somebody else changed the taints meanwhile.
  const patch = { metadata: { resourceVersion: node.metadata?.resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } };
  await client.patch(nodes, key, 'merge', patch, { signal });
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
