import { nodes, pods } from '../../api/index.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ControllerContext, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import { isFinished } from '../lib/pod-state-plan.ts';
import { type Abandonment, abandonment, failedStatus, surplus } from './podgc-plan.ts';

/** Upstream's default of --terminated-pod-gc-threshold. */
const MAX_ENDED_PODS = 12_500;
/** A node that is not known may be on its way into the informer, or about to register again: its pods are left alone for this long. */
const QUARANTINE_MS = 40_000;
/** Ended pods are counted this often at most: each count looks at all of them. */
const COUNT_EVERY_MS = 20_000;
/** The key under which all ended pods are counted; no pod's key is without a slash. */
const ENDED = 'ended';

const podNode = (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);
const nodeOf = (pod: Pod, { informer }: ControllerContext): Node | undefined => informer(nodes).get(pod.spec?.nodeName ?? '');

/** Removes pods that nobody else will: of nodes that are gone or out of service, deleted before they were scheduled, and ended ones beyond the threshold. */
export function podgc({ maxEndedPods = MAX_ENDED_PODS }: { maxEndedPods?: number } = {}): Controller {
  /** Node -> when it was first missed. */
  const missedMs = new Map<string, number>();
  let isCountPending = false;
  let countedMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'podgc',
    reads: ['pods', 'nodes'],
    writes: ['pods', 'pods/status'],
    workers: 8,
    indexes: { pods: { node: podNode, ended: (pod: Pod) => (isFinished(pod) ? ['yes'] : []) } },
    enqueue: {
      pods: (pod, context) => {
        const keys = abandonment(pod as Pod, nodeOf(pod as Pod, context)) ? [objectKey(pod)] : [];
        if (isCountPending || !isFinished(pod as Pod)) return keys;
        isCountPending = true;
        return [...keys, ENDED];
      },
      nodes: (node, context) => {
        const name = node.metadata?.name ?? '';
        if (context.informer(nodes).get(name)) missedMs.delete(name);
        const there = context.informer(pods).by('node', name);
        return there.filter((pod) => abandonment(pod, nodeOf(pod, context))).map(objectKey);
      },
    },
    async reconcile(request) {
      if (request.key === ENDED) {
        const waitMs = countedMs + COUNT_EVERY_MS - request.clock.monotonic();
        if (waitMs > 0) return { afterMs: waitMs };
        countedMs = request.clock.monotonic();
        isCountPending = false;
        return removeSurplus(maxEndedPods, request);
      }
      const pod = request.informer(pods).get(request.key);
      const why = pod && abandonment(pod, nodeOf(pod, request));
      if (!pod || !why) return undefined;
      return why === 'missing-node' ? removeOrphan(pod, missedMs, request) : remove(pod, why, request);
    },
  };
}

async function removeSurplus(limit: number, request: ReconcileRequest): Promise<ReconcileResult> {
  const unwanted = surplus(request.informer(pods).by('ended', 'yes'), limit);
  for (const pod of unwanted) await remove(pod, 'surplus', request);
  return unwanted.length > 0 ? { afterMs: COUNT_EVERY_MS } : undefined;
}

async function removeOrphan(pod: Pod, missedMs: Map<string, number>, request: ReconcileRequest): Promise<ReconcileResult> {
  const { client, clock, signal } = request;
  const name = pod.spec?.nodeName ?? '';
  const missedAt = missedMs.get(name) ?? clock.monotonic();
  missedMs.set(name, missedAt);
  const remainingMs = missedAt + QUARANTINE_MS - clock.monotonic();
  if (remainingMs > 0) return { afterMs: remainingMs };
  try {
    await client.get(nodes, name, { signal });
    missedMs.delete(name);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await remove(pod, 'missing-node', request);
  }
  return undefined;
}

/**
 * Marks the pod as failed, so that whoever counts it knows, and deletes it without grace. This one alone: a StatefulSet may have made another of its name, which lives,
 * before the cache shows it. Then the server answers with a conflict.
 */
async function remove(pod: Pod, why: Abandonment | 'surplus', { client, clock, log, signal }: ReconcileRequest): Promise<undefined> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  log.info({ pod: objectKey(pod as KubeObject), node: pod.spec?.nodeName, why }, 'removing a pod that nobody looks after');
  const status = failedStatus(pod, why, rfc3339(clock.now()));
  try {
    const patch = { metadata: { uid }, status };
    if (status) await client.patch(pods, name, 'strategic', patch, { namespace, subresource: 'status', signal });
    await client.delete(pods, name, { namespace, delete: { gracePeriodSeconds: 0, preconditions: { uid } }, signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}
