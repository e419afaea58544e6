import { leases, nodes, pods } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { evictionAtMs, GRACE_MS, lastHeardMs, planTaints, silentConditions } from './node-health-plan.ts';

const LEASE_NAMESPACE = 'kube-node-lease';
const podNode = (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);
const onNode = (pod: { spec?: { nodeName?: string } }) => pod.spec?.nodeName;

/** Says on a silent node's status that nothing is known of it, and on its pods that they are not ready. */
async function markSilent(node: Node, { key, client, informer, clock, event, signal }: ReconcileRequest): Promise<void> {
  const now = rfc3339(clock.now());
  if (node.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'Unknown') {
    await client.patch(nodes, key, 'strategic', { status: { conditions: silentConditions(node, now) } }, { subresource: 'status', signal });
    event(node, 'Normal', 'NodeNotReady', `Node ${key} status is now: NodeNotReady`);
  }
  for (const pod of informer(pods).by('node', key)) {
    if (pod.status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'True') continue;
    const condition = { type: 'Ready', status: 'False', reason: 'NodeNotReady', message: 'Node is not ready', lastTransitionTime: now };
    const { name = '', namespace } = pod.metadata ?? {};
    await client.patch(pods, name, 'strategic', { status: { conditions: [condition] } }, { namespace, subresource: 'status', signal });
  }
}

/** Deletes pods that do not tolerate the node's NoExecute taints; the time until the next one is due, if any. */
async function evict(node: Node, { key, client, informer, clock, event, signal }: ReconcileRequest): Promise<number | undefined> {
  let next: number | undefined;
  const taints = node.spec?.taints ?? [];
  if (!taints.some((t) => t.effect === 'NoExecute')) return undefined;
  for (const pod of informer(pods).by('node', key)) {
    if (pod.metadata?.deletionTimestamp) continue;
    const at = evictionAtMs(pod, taints, clock.now());
    if (at === undefined) continue;
    if (at > clock.now()) {
      next = Math.min(next ?? at, at);
      continue;
    }
    const { name = '', namespace } = pod.metadata ?? {};
    event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`);
    await client.delete(pods, name, { namespace, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
  return next === undefined ? undefined : Math.max(0, next - clock.now());
}

/** Watches heartbeats, taints nodes by their conditions, and moves pods off nodes that are gone (Kubernetes: Nodes, taint based evictions). */
export const nodelifecycle: Controller = {
  name: 'nodelifecycle',
  reads: ['nodes', 'leases.coordination.k8s.io', 'pods'],
  writes: ['nodes', 'nodes/status', 'pods', 'pods/status'],
  workers: 4,
  indexes: { pods: { node: podNode } },
  enqueue: {
    'leases.coordination.k8s.io': () => [],
    pods: (pod, { informer }) => {
      const name = onNode(pod as Pod);
      const tainted =
        name !== undefined &&
        informer(nodes)
          .get(name)
          ?.spec?.taints?.some((t) => t.effect === 'NoExecute');
      return tainted && name ? [name] : [];
    },
  },
  async reconcile(request) {
    const { key, client, informer, clock, signal } = request;
    const node = informer(nodes).get(key);
    if (!node || node.metadata?.deletionTimestamp) return;
    const heard =
      lastHeardMs(node, informer(leases).get(`${LEASE_NAMESPACE}/${key}`)) ?? Date.parse(node.metadata?.creationTimestamp ?? '');
    const silentForMs = clock.now() - heard;
    if (silentForMs > GRACE_MS) await markSilent(node, request);
    const taints = planTaints(node, rfc3339(clock.now()));
    if (taints) {
      // The resourceVersion makes the write fail when somebody else changed the taints meanwhile.
      const metadata = { resourceVersion: node.metadata?.resourceVersion };
      await client.patch(nodes, key, 'merge', { metadata, spec: { taints } }, { signal });
    }
    const evictAfterMs = await evict(node, request);
    const lookAgainMs = silentForMs > GRACE_MS ? 5_000 : GRACE_MS - silentForMs + 1;
    return { afterMs: Math.min(evictAfterMs ?? lookAgainMs, lookAgainMs) };
  },
};
