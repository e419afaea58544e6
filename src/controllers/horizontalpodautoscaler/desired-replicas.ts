import { pods } from '../../api/core/pod.ts';
import { parseLabelSelector } from '../../api/meta/selectors.ts';
import type { V2HorizontalPodAutoscaler as Autoscaler, Pod, V2MetricStatus } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { MetricError, type MetricProposal, proposeFor, tolerancesOf } from './metric-proposal.ts';
import type { MetricsContext } from './metrics-api.ts';
import type { Scale } from './scale-target.ts';
import type { Selectors } from './selectors.ts';
import type { StatusDraft } from './status-plan.ts';

export interface Computed {
  readonly replicas: number;
  /** The metric that asks for the most. */
  readonly metric: string;
  readonly statuses: V2MetricStatus[];
}

/** No size can be told. What was measured all the same is in `statuses`. */
export class ComputeError extends Error {
  readonly statuses: V2MetricStatus[] | undefined;
  constructor(message: string, statuses: V2MetricStatus[] | undefined, cause?: unknown) {
    super(message, { cause });
    this.name = 'ComputeError';
    this.statuses = statuses;
  }
}

/** The place of a metric that could not be measured. */
const NOTHING: V2MetricStatus = { type: '' };

export interface Computing {
  readonly key: string;
  readonly autoscaler: Autoscaler;
  readonly scale: Scale;
  readonly draft: StatusDraft;
  readonly selectors: Selectors;
  readonly kinds: MetricsContext['kinds'];
  readonly request: ReconcileRequest;
}

/**
 * The largest size that any metric asks for. While one of them cannot be measured there is no scaling down, but there is scaling up. Rejects with ComputeError,
 * after conditions and events have said why.
 */
export async function desiredReplicas(computing: Computing): Promise<Computed> {
  const { autoscaler, scale, draft, kinds, request } = computing;
  const namespace = autoscaler.metadata?.namespace ?? '';
  const selected = selectedPods(computing, namespace);
  const context: MetricsContext = { request, namespace, selector: scale.status?.selector ?? '', kinds };
  const specReplicas = scale.spec?.replicas ?? 0;
  const target = { specReplicas, statusReplicas: scale.status?.replicas ?? 0, pods: selected, nowMs: request.clock.now() };
  const metrics = autoscaler.spec?.metrics ?? [];
  const tolerances = tolerancesOf(autoscaler);
  const results = await Promise.all(metrics.map((metric) => proposeFor(metric, tolerances, target, context).catch(onlyMetricError)));
  const failures = results.filter((result) => result instanceof MetricError);
  const proposals = results.filter((result): result is MetricProposal => !(result instanceof MetricError));
  for (const { reason, detail } of failures) draft.event('Warning', reason, detail);
  const statuses = results.map((result) => (result instanceof MetricError ? NOTHING : result.status));
  const most = proposals.reduce<MetricProposal | undefined>(
    (best, each) => (best && best.replicas >= each.replicas ? best : each),
    undefined,
  );
  const [failure] = failures;
  if (failure && (!most || most.replicas < specReplicas)) {
    draft.condition('ScalingActive', 'False', failure.reason, `the HPA was unable to compute the replica count: ${failure.detail}`);
    const counted = `${failures.length} invalid out of ${metrics.length}`;
    throw new ComputeError(`invalid metrics (${counted}), first error is: ${failure.message}`, statuses, failure);
  }
  const metric = most?.metric ?? '';
  const message = `the HPA was able to successfully calculate a replica count from ${metric}`;
  draft.condition('ScalingActive', 'True', 'ValidMetricFound', message);
  return { replicas: most?.replicas ?? 0, metric, statuses };
}

function onlyMetricError(error: unknown): MetricError {
  if (error instanceof MetricError) return error;
  throw error;
}

function selectedPods({ key, scale, draft, selectors, request }: Computing, namespace: string): readonly Pod[] {
  const text = scale.status?.selector ?? '';
  if (text === '') {
    draft.event('Warning', 'SelectorRequired', 'selector is required');
    draft.condition('ScalingActive', 'False', 'InvalidSelector', "the HPA target's scale is missing a selector");
    throw new ComputeError('selector is required', undefined);
  }
  const refuse = (reason: string, message: string, cause?: unknown) => {
    draft.event('Warning', reason, message);
    draft.condition('ScalingActive', 'False', reason, message);
    return new ComputeError(message, undefined, cause);
  };
  let matches: ReturnType<typeof parseLabelSelector>;
  try {
    matches = parseLabelSelector(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refuse('InvalidSelector', `couldn't convert selector into a corresponding internal selector object: ${why}`, error);
  }
  const selected = request
    .informer(pods)
    .by('namespace', namespace)
    .filter((pod) => matches(pod.metadata?.labels));
  const rivals = selectors.claim(key, namespace, matches, selected);
  if (rivals.length > 1) {
    const named = rivals.map(({ name, namespace: of }) => `{${name} ${of}}`).join(' ');
    throw refuse('AmbiguousSelector', `pods by selector ${text} are controlled by multiple HPAs: [${named}]`);
  }
  return selected;
}
