import { pods } from '../../api/index.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Pod, PodCondition } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { SchedulerHandle } from '../framework/handle.ts';

export const DISRUPTION_TARGET = 'DisruptionTarget';
export const PREEMPTION_BY_SCHEDULER = 'PreemptionByScheduler';

export interface Eviction {
  readonly preemptor: PodInfo;
  readonly victims: readonly PodInfo[];
  readonly nodeName: string;
}

/** Asks victims to leave, beside the cycles. Their preemptor is not scheduled meanwhile: it would only look for more victims (KEP-4832). */
export class Evictor {
  readonly #plugin: string;
  readonly #handle: SchedulerHandle;
  readonly #preemptors = new Set<string>();

  constructor(plugin: string, handle: SchedulerHandle) {
    this.#plugin = plugin;
    this.#handle = handle;
  }

  isBusyFor(podKey: string): boolean {
    return this.#preemptors.has(podKey);
  }

  start({ preemptor, victims, nodeName }: Eviction): void {
    const { key, priority } = preemptor;
    for (const nominated of [...this.#handle.nominatedOn(nodeName)]) {
      // The room is not theirs any more.
      if (nominated.priority < priority && nominated.key !== key) this.#handle.withdrawNomination(nominated);
    }
    const staying = victims.filter(({ pod }) => !pod.metadata?.deletionTimestamp);
    if (staying.length === 0) return;
    this.#preemptors.add(key);
    this.#handle.background(async ({ signal }) => {
      const results = await Promise.allSettled(staying.map((victim) => this.#evict(victim, preemptor, nodeName, { signal })));
      this.#preemptors.delete(key);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed && !isAbort(failed.reason, signal)) {
        this.#handle.log.warn({ error: failed.reason, pod: objectKey(preemptor.pod) }, 'a victim of preemption could not be evicted');
        this.#handle.activate(key);
      } else this.#handle.recheckGate(key);
    });
  }

  async #evict(victim: PodInfo, preemptor: PodInfo, nodeName: string, { signal }: { signal: AbortSignal }): Promise<void> {
    const { event, waiting } = this.#handle;
    const held = waiting.get(victim.key);
    if (held) held.reject(this.#plugin, 'preempted');
    else if (!(await this.#delete(victim.pod, preemptor.pod, { signal }))) return;
    event(victim.pod, 'Normal', 'Preempted', `Preempted by pod ${preemptor.pod.metadata?.uid} on node ${nodeName}`);
  }

  /** False: it was gone already. */
  async #delete(victim: Pod, preemptor: Pod, { signal }: { signal: AbortSignal }): Promise<boolean> {
    const { client, clock } = this.#handle;
    const { name = '', namespace, uid } = victim.metadata ?? {};
    const condition: PodCondition = {
      type: DISRUPTION_TARGET,
      status: 'True',
      reason: PREEMPTION_BY_SCHEDULER,
      message: `${preemptor.spec?.schedulerName ?? this.#handle.profileName}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: rfc3339(clock.now()),
    };
    try {
      const patch = { metadata: { uid }, status: { conditions: [condition] } };
      await client.patch(pods, name, 'strategic', patch, { namespace, subresource: 'status', signal });
      await client.delete(pods, name, { namespace, signal, delete: { ...(uid && { preconditions: { uid } }) } });
      return true;
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return false;
      throw error;
    }
  }
}
