import type { Pod, V2HorizontalPodAutoscaler, V2MetricSpec, V2MetricStatus, V2MetricTarget } from '../../api/schema/generated/types.ts';
import { formatQuantity, milliValue, type QuantityFormat } from '../../base/quantity.ts';
import { printedSelector } from '../lib/printed-selector-plan.ts';
import { externalMetric, type MetricsContext, objectMetric, podsMetric, resourceMetric } from './metrics-api.ts';
import {
  averageOfPodsReplicas,
  averageValueReplicas,
  type PodsCase,
  type Proposal,
  type Tolerances,
  utilizationReplicas,
  valueReplicas,
} from './replica-plan.ts';
import { requestsOf } from './requests-plan.ts';

/** What is known of the target when metrics are asked for. */
export interface TargetState {
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /** Those that its selector selects. */
  readonly pods: readonly Pod[];
  readonly nowMs: number;
}

/** What one metric says. */
export interface MetricProposal {
  readonly replicas: number;
  /** How events and conditions call it. */
  readonly metric: string;
  readonly status: V2MetricStatus;
}

/** Why a metric says nothing: the reason and message of the condition ScalingActive and of an event, and how the failure is told on. */
export class MetricError extends Error {
  readonly reason: string;
  readonly detail: string;
  constructor(reason: string, detail: string, prefix: string, cause: unknown) {
    super(`${prefix}${detail}`, { cause });
    this.name = 'MetricError';
    this.reason = reason;
    this.detail = detail;
  }
}

/** kube-controller-manager --horizontal-pod-autoscaler-tolerance. */
const TOLERANCE = 0.1;

export function tolerancesOf({ spec }: V2HorizontalPodAutoscaler): Tolerances {
  const read = (text: string | undefined) => (text === undefined ? TOLERANCE : milliValue(text) / 1000);
  return { up: read(spec?.behavior?.scaleUp?.tolerance), down: read(spec?.behavior?.scaleDown?.tolerance) };
}

const amount = (milli: number, format: QuantityFormat = 'DecimalSI'): string =>
  formatQuantity({ nanos: BigInt(milli) * 1_000_000n, format });
/** Memory is told in Ki, Mi and Gi, as it is written. */
const average = ({ usageMilli }: Proposal, resource?: string) => ({
  averageValue: amount(usageMilli, resource === 'memory' ? 'BinarySI' : 'DecimalSI'),
});
const value = ({ usageMilli }: Proposal) => ({ value: amount(usageMilli) });
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Tells how many replicas one metric asks for. Rejects with MetricError. */
export async function proposeFor(
  metric: V2MetricSpec,
  tolerances: Tolerances,
  target: TargetState,
  context: MetricsContext,
): Promise<MetricProposal> {
  const asking = { metric, tolerances, target, context };
  switch (metric.type) {
    case 'Resource': {
      const { name = '' } = metric.resource ?? {};
      return failing('FailedGetResourceMetric', `failed to get ${name} resource metric value: `, asking, byResource);
    }
    case 'ContainerResource': {
      const { container = '' } = metric.containerResource ?? {};
      return failing('FailedGetContainerResourceMetric', `failed to get ${container} container metric value: `, asking, byResource);
    }
    case 'Pods':
      return failing('FailedGetPodsMetric', 'failed to get pods metric value: ', asking, byPods);
    case 'Object':
      return failing('FailedGetObjectMetric', 'failed to get object metric value: ', asking, byObject);
    case 'External': {
      const { name = '' } = metric.external?.metric ?? {};
      return failing('FailedGetExternalMetric', `failed to get ${name} external metric value: `, asking, byExternal);
    }
    default:
      throw new MetricError('InvalidMetricSourceType', `unknown metric source type ${JSON.stringify(metric.type)}`, '', undefined);
  }
}

interface Asking {
  readonly metric: V2MetricSpec;
  readonly tolerances: Tolerances;
  readonly target: TargetState;
  readonly context: MetricsContext;
}

async function failing(
  reason: string,
  prefix: string,
  asking: Asking,
  propose: (asking: Asking) => Promise<MetricProposal>,
): Promise<MetricProposal> {
  try {
    return await propose(asking);
  } catch (error) {
    asking.context.request.signal.throwIfAborted();
    throw new MetricError(reason, messageOf(error), prefix, error);
  }
}

/** Puts what was tried before the message. */
async function trying<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`${what}: ${messageOf(error)}`, { cause: error });
  }
}

async function byResource({ metric, tolerances, target, context }: Asking): Promise<MetricProposal> {
  const { containerResource } = metric;
  const container = containerResource?.container;
  const source = containerResource ?? metric.resource;
  const { name = '', target: wanted = {} as V2MetricTarget } = source ?? {};
  const { averageValue, averageUtilization } = wanted;
  if (averageValue === undefined && averageUtilization === undefined)
    throw new Error('invalid resource metric source: neither an average utilization target nor an average value (usage) target was set');
  const proposal = await trying(`failed to get ${name} ${averageValue === undefined ? 'utilization' : 'usage'}`, async () => {
    const metrics = await trying(`unable to get metrics for resource ${name}`, () => resourceMetric(context, name, container));
    const pods: PodsCase = { currentReplicas: target.specReplicas, metrics, resource: name, tolerances, ...target };
    if (averageValue !== undefined) return averageOfPodsReplicas(pods, milliValue(averageValue));
    return utilizationReplicas(pods, requestsOf(target.pods, name, container), averageUtilization ?? 1);
  });
  const { utilization } = proposal;
  const current = { ...(utilization !== undefined && { averageUtilization: utilization }), ...average(proposal, name) };
  const shown = `${name} ${containerResource ? 'container ' : ''}resource utilization (percentage of request)`;
  const status: V2MetricStatus = containerResource
    ? { type: metric.type, containerResource: { name, container: containerResource.container, current } }
    : { type: metric.type, resource: { name, current } };
  return { replicas: proposal.replicas, metric: averageValue === undefined ? shown : `${name} resource`, status };
}

async function byPods({ metric: { type, pods: source }, tolerances, target, context }: Asking): Promise<MetricProposal> {
  const { metric = { name: '' }, target: wanted } = source ?? {};
  const metrics = await trying(`unable to get metric ${metric.name}`, () => podsMetric(context, metric.name, metric.selector));
  const pods: PodsCase = { currentReplicas: target.specReplicas, metrics, resource: '', tolerances, ...target };
  const proposal = averageOfPodsReplicas(pods, milliValue(wanted?.averageValue ?? '0'));
  const status: V2MetricStatus = { type, pods: { metric, current: average(proposal) } };
  return { replicas: proposal.replicas, metric: `pods metric ${metric.name}`, status };
}

async function byObject({ metric: { type, object }, tolerances, target, context }: Asking): Promise<MetricProposal> {
  if (!object) throw new Error(NO_OBJECT_TARGET);
  const { describedObject, metric, target: wanted } = object;
  const { kind, name } = describedObject;
  const usage = async () => {
    try {
      return await objectMetric(context, describedObject, metric.name, metric.selector);
    } catch (error) {
      throw new Error(`unable to get metric ${metric.name}: ${kind} on ${context.namespace} ${name}/${messageOf(error)}`, { cause: error });
    }
  };
  if (wanted.type === 'Value' && wanted.value !== undefined) {
    const asked = { usageMilli: await usage(), targetMilli: milliValue(wanted.value), tolerances };
    const proposal = valueReplicas(asked, { currentReplicas: target.specReplicas, pods: target.pods });
    const status: V2MetricStatus = { type, object: { describedObject, metric, current: value(proposal) } };
    return { replicas: proposal.replicas, metric: `${kind} metric ${metric.name}`, status };
  }
  if (wanted.type === 'AverageValue' && wanted.averageValue !== undefined) {
    const usageMilli = await trying(`failed to get ${metric.name} object metric`, usage);
    const asked = { usageMilli, targetMilli: milliValue(wanted.averageValue), tolerances };
    const proposal = averageValueReplicas(asked, target.statusReplicas);
    const status: V2MetricStatus = { type, object: { describedObject, metric, current: average(proposal) } };
    return { replicas: proposal.replicas, metric: externalName(metric), status };
  }
  throw new Error(NO_OBJECT_TARGET);
}

const NO_OBJECT_TARGET = 'invalid object metric source: neither a value target nor an average value target was set';
const externalName = ({ name, selector }: { name: string; selector?: Parameters<typeof printedSelector>[0] }) =>
  `external metric ${name}(${printedSelector(selector)})`;

async function byExternal({ metric: { type, external }, tolerances, target, context }: Asking): Promise<MetricProposal> {
  const { metric = { name: '' }, target: wanted } = external ?? {};
  const usage = async () => {
    const where = `${context.namespace}/${metric.name}/${printedSelector(metric.selector)}`;
    const values = await trying(`unable to get external metric ${where}`, () => externalMetric(context, metric.name, metric.selector));
    return values.reduce((sum, each) => sum + each, 0);
  };
  if (wanted?.averageValue !== undefined) {
    const usageMilli = await trying(`failed to get ${metric.name} external metric`, usage);
    const asked = { usageMilli, targetMilli: milliValue(wanted.averageValue), tolerances };
    const proposal = averageValueReplicas(asked, target.statusReplicas);
    return {
      replicas: proposal.replicas,
      metric: externalName(metric),
      status: { type, external: { metric, current: average(proposal) } },
    };
  }
  if (wanted?.value === undefined)
    throw new Error('invalid external metric source: neither a value target nor an average value target was set');
  const proposal = await trying(`failed to get external metric ${metric.name}`, async () => {
    const asked = { usageMilli: await usage(), targetMilli: milliValue(wanted.value ?? '0'), tolerances };
    return valueReplicas(asked, { currentReplicas: target.specReplicas, pods: target.pods });
  });
  return { replicas: proposal.replicas, metric: externalName(metric), status: { type, external: { metric, current: value(proposal) } } };
}
