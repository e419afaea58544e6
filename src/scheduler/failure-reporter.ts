import { pods } from '../api/index.ts';
import { type KubeObject, objectKey } from '../api/meta/object.ts';
import { isConflict, isNotFound } from '../api/meta/status.ts';
import type { Pod } from '../api/schema/generated/types.ts';
import { isAbort } from '../base/abort.ts';
import { type Clock, rfc3339 } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { podKey } from './cache/pod-info.ts';
import { failurePatch, type SchedulingFailure, truncateNote } from './pod-status-plan.ts';

export interface FailureReporterOptions {
  readonly client: Client;
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Says on pods why they wait, and where they are going to be. */
export class FailureReporter {
  readonly #options: FailureReporterOptions;
  /** Nodes of pods that are on their way to them, by pod. */
  readonly #expected = new Map<string, string>();

  constructor(options: FailureReporterOptions) {
    this.#options = options;
  }

  /** Event, condition and nomination. Never rejects. */
  async report(pod: Pod, failure: SchedulingFailure, { signal }: { signal: AbortSignal }): Promise<void> {
    this.#options.event(pod, 'Warning', 'FailedScheduling', truncateNote(failure.message));
    // What was written a moment ago may not be in anybody's cache yet.
    const nominatedNodeName = this.#expected.get(podKey(pod)) ?? pod.status?.nominatedNodeName;
    this.settled(pod);
    const patch = failurePatch({ ...pod, status: { ...pod.status, nominatedNodeName } }, failure, rfc3339(this.#options.clock.now()));
    if (patch) await this.#patch(pod, patch, { signal });
  }

  /**
   * The pod will be bound to the node, but not at once: whoever adds and removes nodes (cluster autoscalers) need not wait for that to know (KEP-5278). Never
   * rejects. Until `settled` or a report the status is taken to say so.
   */
  async expect(pod: Pod, nodeName: string, { signal }: { signal: AbortSignal }): Promise<void> {
    if (pod.status?.nominatedNodeName === nodeName) return;
    this.#expected.set(podKey(pod), nodeName);
    await this.#patch(pod, { status: { nominatedNodeName: nodeName } }, { signal });
  }

  /** The pod has its node, or is gone. */
  settled(pod: Pod): void {
    this.#expected.delete(podKey(pod));
  }

  /** The room that was made for the pod is another's. Never rejects. */
  async clearNomination(pod: Pod, { signal }: { signal: AbortSignal }): Promise<void> {
    if (pod.status?.nominatedNodeName) await this.#patch(pod, { status: { nominatedNodeName: null } }, { signal });
  }

  async #patch(pod: Pod, patch: object, { signal }: { signal: AbortSignal }): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    const guarded = uid ? { metadata: { uid }, ...patch } : patch;
    try {
      await this.#options.client.patch(pods, name, 'strategic', guarded, { namespace, subresource: 'status', signal });
    } catch (error) {
      if (!isAbort(error, signal) && !isNotFound(error) && !isConflict(error))
        this.#options.log.warn({ error, pod: objectKey(pod) }, 'reporting on a pod failed');
    }
  }
}
