import { nodes, pods } from '../api/index.ts';
import { type KubeObject, objectKey } from '../api/meta/object.ts';
import { isConflict, isNotFound } from '../api/meta/status.ts';
import type { Node, Pod } from '../api/schema/generated/types.ts';
import { isAbort } from '../base/abort.ts';
import { type Clock, rfc3339 } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { createNotifier } from '../base/notifier.ts';
import type { Random } from '../base/random.ts';
import type { Client } from '../client/client.ts';
import type { Change, Informers } from '../client/informer.ts';
import { ClusterState, isTerminal } from './cluster-state.ts';
import { hostPortsOf } from './node-state.ts';
import { plugins as allPlugins } from './plugin-order.ts';
import { SchedulingQueue } from './queue.ts';
import { podRequests } from './resources.ts';
import { selectNode } from './select-plan.ts';

export const SCHEDULER_NAME = 'default-scheduler';

/** Bindings under way at once. More would only queue in the server. */
const MAX_BINDINGS = 64;

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: Informers;
  /** Writes an Event about an object; never throws. */
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const isWaiting = (pod: Pod): boolean =>
  !pod.spec?.nodeName &&
  (pod.spec?.schedulerName ?? SCHEDULER_NAME) === SCHEDULER_NAME &&
  !pod.metadata?.deletionTimestamp &&
  !pod.spec?.schedulingGates?.length &&
  !isTerminal(pod);

/** Only what plugins look at: heartbeats change a node's status all the time and make no room. */
const fingerprint = (node: Node): string =>
  JSON.stringify([node.spec?.unschedulable, node.spec?.taints, node.metadata?.labels, node.status?.allocatable]);

/** Gives every pod that has none a node: queue, snapshot, plugins, bind. */
export function createScheduler({ client, informers, event, clock, random, log }: SchedulerOptions): Component {
  const queue = new SchedulingQueue(clock);
  const cluster = new ClusterState();
  let bindings = 0;
  const changes = createNotifier();

  function onPod({ type, object: pod }: Change<Pod>): void {
    const key = objectKey(pod);
    if (type === 'DELETED' || isTerminal(pod)) {
      queue.forget(key);
      if (cluster.remove(key)) queue.wake();
    } else if (pod.spec?.nodeName) {
      queue.forget(key);
      cluster.place(pod);
    } else if (isWaiting(pod)) queue.offer(pod);
    else queue.forget(key);
    changes.notify();
  }

  function onNode(change: Change<Node>): void {
    const { type, object: node } = change;
    if (type === 'DELETED') {
      cluster.removeNode(node.metadata?.name ?? '');
      return;
    }
    cluster.setNode(node);
    if (type === 'ADDED' || fingerprint(node) !== fingerprint(change.previous)) {
      queue.wake();
      changes.notify();
    }
  }

  /** Says on the pod why it waits; the same thing is not said twice. */
  async function reportUnschedulable(pod: Pod, message: string, signal: AbortSignal): Promise<void> {
    const known = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
    if (known?.status === 'False' && known.message === message) return;
    event(pod, 'Warning', 'FailedScheduling', message);
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message,
      lastTransitionTime: known?.status === 'False' ? known.lastTransitionTime : rfc3339(clock.now()),
    };
    const { name = '', namespace } = pod.metadata ?? {};
    await client.patch(pods, name, 'strategic', { status: { conditions: [condition] } }, { namespace, subresource: 'status', signal });
  }

  async function bind(pod: Pod, node: string, signal: AbortSignal): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    await client.create(pods, binding as unknown as Pod, { namespace, subresource: 'binding', signal });
    event(pod, 'Normal', 'Scheduled', `Successfully assigned ${objectKey(pod)} to ${node}`);
    log.debug({ pod: objectKey(pod), node }, 'pod bound');
  }

  /** Binds in the background: the pod counts on its node from now on, and the next one is scheduled meanwhile. */
  async function assumeAndBind(pod: Pod, node: string, signal: AbortSignal): Promise<void> {
    cluster.place(pod, node);
    bindings += 1;
    try {
      await bind(pod, node, signal);
    } catch (error) {
      cluster.remove(objectKey(pod));
      if (isAbort(error, signal)) return;
      if (isNotFound(error) || isConflict(error)) queue.forget(objectKey(pod));
      else queue.failed(pod, { retry: true });
      log.warn({ error, pod: objectKey(pod), node }, 'binding failed');
    } finally {
      bindings -= 1;
      changes.notify();
    }
  }

  function scheduleOne(pod: Pod, signal: AbortSignal): Promise<void> {
    const candidate = { pod, requests: podRequests(pod), hostPorts: hostPortsOf(pod) };
    const selection = selectNode(candidate, cluster.views(), allPlugins, random);
    if (selection.found) return assumeAndBind(pod, selection.node, signal);
    queue.failed(pod, { retry: false });
    return reportUnschedulable(pod, selection.message, signal).catch((error: unknown) => {
      if (!isAbort(error, signal) && !isNotFound(error)) log.warn({ error, pod: objectKey(pod) }, 'reporting an unschedulable pod failed');
    });
  }

  /** Resolves when something changed, or when a pod's back-off is over. */
  async function nextTurn(signal: AbortSignal): Promise<void> {
    const due = bindings < MAX_BINDINGS ? queue.nextDueMs() : undefined;
    using _timer = due === undefined ? undefined : clock.timer(due, () => changes.notify());
    await changes.wait({ signal });
  }

  return {
    name: 'scheduler',
    async run({ signal, ready }) {
      const nodeInformer = informers.informer(nodes);
      const podInformer = informers.informer(pods);
      await Promise.all([nodeInformer.whenSynced({ signal }), podInformer.whenSynced({ signal })]).catch(() => {});
      using _nodes = nodeInformer.onChange(onNode);
      using _pods = podInformer.onChange(onPod);
      ready();
      const running = new Set<Promise<void>>();
      while (!signal.aborted) {
        const pod = bindings < MAX_BINDINGS ? queue.take() : undefined;
        if (!pod) {
          await nextTurn(signal);
          continue;
        }
        const work = scheduleOne(pod, signal).finally(() => running.delete(work));
        running.add(work);
      }
      await Promise.all(running);
    },
  };
}
