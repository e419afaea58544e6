import type { Node, Pod } from '../api/schema/generated/types.ts';
import type { Change } from '../client/informer.ts';
import { PodInfo, podKey } from './cache/pod-info.ts';
import { podRequests } from './cache/resources.ts';
import { isTerminal, type SchedulerCache } from './cache/scheduler-cache.ts';
import { nodeActions, podActions } from './changes.ts';
import { Action } from './framework/cluster-event.ts';
import type { WaitingPods } from './framework/waiting-pods.ts';
import type { Nominator } from './queue/nominator.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';

export interface ClusterFeedOptions {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly waiting: WaitingPods;
  /** Is there a profile for the pod? */
  readonly isOurs: (pod: Pod) => boolean;
}

function asksLess(after: Pod, before: Pod): boolean {
  const [now, then] = [podRequests(after), podRequests(before)];
  const names = ['cpu', 'memory', 'ephemeral-storage', ...(then.scalars?.keys() ?? [])];
  return names.some((name) => now.get(name) < then.get(name));
}

/** Brings what informers tell to the cache and the queue, and wakes the pods that it may help. */
export class ClusterFeed {
  readonly #options: ClusterFeedOptions;

  constructor(options: ClusterFeedOptions) {
    this.#options = options;
  }

  pod(change: Change<Pod>): void {
    const { object: pod, previous } = change;
    // A pod of the same name that came while nobody watched.
    if (previous && podKey(previous) !== podKey(pod)) this.#gone(previous);
    const before = previous && podKey(previous) === podKey(pod) ? previous : undefined;
    if (change.type === 'DELETED' || isTerminal(pod)) this.#gone(pod);
    else if (pod.spec?.nodeName) this.#assigned(pod, before);
    else if (pod.metadata?.deletionTimestamp || !this.#options.isOurs(pod)) this.#gone(pod);
    else this.#waits(pod, before);
  }

  node({ type, object: node, previous }: Change<Node>): void {
    const { cache, queue } = this.#options;
    if (type === 'DELETED') {
      cache.removeNode(node.metadata?.name ?? '');
      queue.move({ resource: 'nodes', actions: Action.delete, object: node });
      return;
    }
    cache.setNode(node);
    const actions = previous ? nodeActions(previous, node) : Action.add;
    if (actions !== 0) queue.move({ resource: 'nodes', actions, object: node, previous });
  }

  #gone(pod: Pod): void {
    const { cache, queue, nominator, waiting } = this.#options;
    const key = podKey(pod);
    waiting.get(key)?.reject('', 'the pod is being deleted');
    queue.delete(key);
    const wasNominated = nominator.nodeOf(key) !== undefined;
    nominator.forget(key);
    if (cache.remove(key) || wasNominated) queue.move({ resource: 'pods/assigned', actions: Action.delete, object: pod });
  }

  #assigned(pod: Pod, before: Pod | undefined): void {
    const { cache, queue, nominator } = this.#options;
    const key = podKey(pod);
    queue.delete(key);
    nominator.forget(key);
    cache.confirm(pod);
    const actions = before?.spec?.nodeName ? podActions(before, pod, asksLess) : Action.add;
    if (actions !== 0) queue.move({ resource: 'pods/assigned', actions, object: pod, previous: before });
  }

  #waits(pod: Pod, before: Pod | undefined): void {
    const { cache, queue, nominator } = this.#options;
    const info = new PodInfo(pod);
    if (cache.isAssumed(info.key)) return;
    const name = pod.status?.nominatedNodeName ?? '';
    // A nomination of our own may not be in the API yet.
    const isTaken = name === '' && before?.status?.nominatedNodeName;
    if (name !== '' || isTaken) nominator.nominate(info, name);
    const actions = before ? podActions(before, pod, asksLess) : 0;
    queue.update(info, actions === 0 ? undefined : { resource: 'pods/unscheduled', actions, object: pod, previous: before });
  }
}
