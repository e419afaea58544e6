import { horizontalPodAutoscalers } from '../../api/autoscaling/horizontal-pod-autoscaler-v2.ts';
import type { ResourceDefinition } from '../../api/define.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { V2HorizontalPodAutoscaler as Autoscaler } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import { type Computed, ComputeError, desiredReplicas } from './desired-replicas.ts';
import { type History, limitReplicas, recordChange } from './limits-plan.ts';
import { readScale, type ScaleTarget, writeReplicas } from './scale-target.ts';
import { Selectors } from './selectors.ts';
import { StatusDraft } from './status-plan.ts';

/** kube-controller-manager --horizontal-pod-autoscaler-sync-period. */
const SYNC_MS = 15_000;

/** What is remembered of an autoscaler from pass to pass. */
interface Memory {
  history: History;
  /** On the monotonic clock. */
  nextAtMs: number;
  /** The spec that was acted upon. */
  spec: string;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Sizes what HorizontalPodAutoscalers name by what its pods use, or by other metrics, every 15 seconds. `kinds`: all that are served now. Source: Kubernetes,
 * "Horizontal Pod Autoscaling".
 */
export function horizontalPodAutoscaler({ kinds }: { kinds: () => readonly ResourceDefinition[] }): Controller {
  const memories = new Map<string, Memory>();
  const selectors = new Selectors();
  const nothing = () => [];
  return {
    name: 'horizontal-pod-autoscaler',
    eventSource: 'horizontal-pod-autoscaler',
    reads: ['horizontalpodautoscalers.autoscaling', 'pods', 'apiservices.apiregistration.k8s.io'],
    writes: ['horizontalpodautoscalers.autoscaling/status', '*/scale'],
    // Metrics do not wake anybody: time does.
    enqueue: { pods: nothing, 'apiservices.apiregistration.k8s.io': nothing },
    async reconcile(request): Promise<ReconcileResult> {
      const { informer, key, clock } = request;
      const autoscaler = informer(horizontalPodAutoscalers).get(key);
      if (!autoscaler) {
        memories.delete(key);
        selectors.forget(key);
        return undefined;
      }
      const spec = JSON.stringify(autoscaler.spec);
      const memory = memories.get(key) ?? { history: { recommendations: [], added: [], removed: [] }, nextAtMs: 0, spec: '' };
      memories.set(key, memory);
      const waitMs = memory.nextAtMs - clock.monotonic();
      if (waitMs > 0 && memory.spec === spec) return { afterMs: waitMs };
      const draft = new StatusDraft(autoscaler, rfc3339(clock.now()));
      await pass({ autoscaler, memory, draft, selectors, kinds, request });
      memory.nextAtMs = clock.monotonic() + SYNC_MS;
      memory.spec = spec;
      for (const { type, reason, message } of draft.events) request.event(autoscaler, type, reason, message);
      await writeStatus(autoscaler, draft, request);
      return { afterMs: SYNC_MS };
    },
  };
}

interface Pass {
  readonly autoscaler: Autoscaler;
  readonly memory: Memory;
  readonly draft: StatusDraft;
  readonly selectors: Selectors;
  readonly kinds: () => readonly ResourceDefinition[];
  readonly request: ReconcileRequest;
}

interface Decision {
  readonly replicas: number;
  readonly reason: string;
  readonly rescale: boolean;
  readonly computed?: Computed;
}

/** Looks at the target and sizes it; what there is to say of it goes to the draft. */
async function pass(work: Pass): Promise<void> {
  const { autoscaler, draft, kinds, request } = work;
  const { client, signal } = request;
  const asking = { client, signal, namespace: autoscaler.metadata?.namespace ?? '' };
  let target: ScaleTarget;
  try {
    target = await readScale(autoscaler.spec.scaleTargetRef, kinds(), asking);
  } catch (error) {
    signal.throwIfAborted();
    draft.event('Warning', 'FailedGetScale', messageOf(error));
    const message = `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`;
    return draft.condition('AbleToScale', 'False', 'FailedGetScale', message);
  }
  draft.condition('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
  const current = target.scale.spec?.replicas ?? 0;
  try {
    const decision = await decide(work, target, current);
    if (decision.rescale) await rescale(work, target, current, decision);
    const replicas = decision.rescale ? decision.replicas : current;
    const currentMetrics = decision.computed?.statuses;
    draft.tell({ currentReplicas: current, desiredReplicas: replicas, currentMetrics, rescaled: decision.rescale });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ComputeError) {
      draft.tell({ currentReplicas: current, currentMetrics: error.statuses });
      return draft.event('Warning', 'FailedComputeMetricsReplicas', error.message);
    }
    if (!(error instanceof RescaleError)) throw error;
    draft.tell({ currentReplicas: current });
  }
}

class RescaleError extends Error {}

async function decide(work: Pass, { scale }: ScaleTarget, current: number): Promise<Decision> {
  const { autoscaler, memory, draft, request } = work;
  const { maxReplicas: max, minReplicas: min = 1, behavior } = autoscaler.spec;
  if (current === 0 && min !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    draft.condition('ScalingActive', 'False', 'ScalingDisabled', message);
    return { replicas: 0, reason: '', rescale: false };
  }
  if (current > max) return { replicas: max, reason: 'Current number of replicas above Spec.MaxReplicas', rescale: true };
  if (current < min) return { replicas: min, reason: 'Current number of replicas below Spec.MinReplicas', rescale: true };
  const computed = await desiredReplicas({ ...work, key: request.key, scale });
  const verdict = limitReplicas(current, computed.replicas, { min, max, behavior }, memory.history, request.clock.monotonic());
  memory.history = { ...memory.history, recommendations: verdict.recommendations };
  draft.condition('AbleToScale', 'True', verdict.stabilised.reason, verdict.stabilised.message);
  const { isLimited, reason, message } = verdict.limited;
  draft.condition('ScalingLimited', isLimited ? 'True' : 'False', reason, message);
  const why = computed.replicas > current ? `${computed.metric} above target` : 'All metrics below target';
  return { replicas: verdict.replicas, reason: why, rescale: verdict.replicas !== current, computed };
}

async function rescale(work: Pass, target: ScaleTarget, current: number, { replicas, reason }: Decision): Promise<void> {
  const { autoscaler, memory, draft, request } = work;
  const { client, clock, signal } = request;
  try {
    await writeReplicas(target, replicas, { client, signal, namespace: autoscaler.metadata?.namespace ?? '' });
  } catch (error) {
    signal.throwIfAborted();
    draft.event('Warning', 'FailedRescale', `New size: ${replicas}; reason: ${reason}; error: ${messageOf(error)}`);
    const message = `the HPA controller was unable to update the target scale: ${messageOf(error)}`;
    draft.condition('AbleToScale', 'False', 'FailedUpdateScale', message);
    throw new RescaleError(messageOf(error), { cause: error });
  }
  const message = `the HPA controller was able to update the target scale to ${replicas}`;
  draft.condition('AbleToScale', 'True', 'SucceededRescale', message);
  draft.event('Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${reason}`);
  memory.history = recordChange(memory.history, current, replicas, autoscaler.spec.behavior, clock.monotonic());
}

async function writeStatus(autoscaler: Autoscaler, draft: StatusDraft, { client, event, signal }: ReconcileRequest): Promise<void> {
  const status = draft.changed();
  if (!status) return;
  const options = { namespace: autoscaler.metadata?.namespace, subresource: 'status', signal };
  try {
    await client.update(horizontalPodAutoscalers, { ...autoscaler, status }, options);
  } catch (error) {
    signal.throwIfAborted();
    if (isNotFound(error)) return;
    event(autoscaler, 'Warning', 'FailedUpdateStatus', messageOf(error));
    throw error;
  }
}
