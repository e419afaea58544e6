import { apiServices } from '../../api/apiregistration/api-service.ts';
import { defineResource, type ResourceDefinition, resourceId } from '../../api/define.ts';
import type { KubeList, KubeObject, LabelSelector } from '../../api/meta/object.ts';
import { formatLabelSelector } from '../../api/meta/selectors.ts';
import { podMetrics } from '../../api/metrics/pod-metrics.ts';
import type { APIService, PodMetrics as PodMetricsObject, V2CrossVersionObjectReference } from '../../api/schema/generated/types.ts';
import type { CallOptions } from '../../client/client.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { type MetricValue, podMetricsOf, resourceMetricsOf, valuesOf } from './metric-values-plan.ts';
import type { PodMetrics } from './pod-groups-plan.ts';

const CUSTOM = 'custom.metrics.k8s.io';
const EXTERNAL = 'external.metrics.k8s.io';
/** By preference. */
const CUSTOM_VERSIONS = ['v1beta2', 'v1beta1'];
const EXTERNAL_VERSION = 'v1beta1';

/** What there is to ask metrics of, and where. */
export interface MetricsContext {
  readonly request: Pick<ReconcileRequest, 'client' | 'informer' | 'signal'>;
  readonly namespace: string;
  /** Of the target's pods, as text. */
  readonly selector: string;
  /** All kinds that are served now. */
  readonly kinds: () => readonly ResourceDefinition[];
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Says before the message where it came from. The signal's own reason stays as it is. */
async function from<T>(api: string, { request }: MetricsContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    request.signal.throwIfAborted();
    throw new Error(`unable to fetch metrics from ${api} metrics API: ${messageOf(error)}`, { cause: error });
  }
}

/** A resource of the target's pods, or of one container of each. Rejects with an Error in upstream's words. */
export async function resourceMetric(context: MetricsContext, resource: string, container: string | undefined): Promise<PodMetrics> {
  const { request, namespace, selector } = context;
  const options = { namespace, labelSelector: selector, signal: request.signal };
  const { items } = await from('resource', context, () => request.client.list<PodMetricsObject>(podMetrics, options));
  if (items.length === 0) throw new Error('no metrics returned from resource metrics API');
  return resourceMetricsOf(items, resource, container);
}

/** A metric of the target's pods. */
export async function podsMetric(context: MetricsContext, metric: string, metricSelector: LabelSelector | undefined): Promise<PodMetrics> {
  const { request, namespace, selector } = context;
  const { items } = await from('custom', context, () =>
    request.client.get<MetricValueList>(customMetric(context, 'pods'), '*', {
      ...selecting(metricSelector, selector),
      namespace,
      subresource: metric,
      signal: request.signal,
    }),
  );
  if (!items?.length) throw new Error('no metrics returned from custom metrics API');
  return podMetricsOf(items);
}

/** A metric of one object, in thousandths. */
export async function objectMetric(
  context: MetricsContext,
  object: V2CrossVersionObjectReference,
  metric: string,
  metricSelector: LabelSelector | undefined,
): Promise<number> {
  const { request, namespace } = context;
  const options: CallOptions = { ...selecting(metricSelector), namespace, signal: request.signal };
  const group = object.apiVersion?.includes('/') ? (object.apiVersion.split('/')[0] ?? '') : '';
  const isNamespace = object.kind === 'Namespace' && group === '';
  const values = await from('custom', context, async () => {
    // Only its own namespace is within the autoscaler's reach, whatever the reference says.
    if (isNamespace) return request.client.get<MetricValueList>(customMetric(context, 'metrics'), metric, options);
    const kind = context.kinds().find((each) => each.group === group && each.kind === object.kind);
    const named = group ? `${object.kind}.${group}` : object.kind;
    if (!kind) throw new Error(`unable to map kind ${named} to resource: no matches for kind ${JSON.stringify(object.kind)}`);
    const resource = customMetric(context, resourceId(kind));
    return request.client.get<MetricValueList>(resource, object.name, { ...options, subresource: metric });
  });
  const { items = [] } = values;
  if (items.length !== 1)
    throw new Error(
      `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${items.length} results when we asked for exactly one`,
    );
  return valuesOf(items)[0] ?? 0;
}

/** All series of an external metric that the selector selects, in thousandths. */
export async function externalMetric(
  context: MetricsContext,
  metric: string,
  metricSelector: LabelSelector | undefined,
): Promise<number[]> {
  const { request, namespace } = context;
  const labelSelector = formatLabelSelector(metricSelector);
  const { items } = await from('external', context, async () => {
    if (!isRegistered(context, EXTERNAL, EXTERNAL_VERSION))
      throw new Error(`the server could not find the requested resource (get ${metric}.${EXTERNAL})`);
    const resource = metricKind(EXTERNAL, EXTERNAL_VERSION, metric);
    return request.client.list<KubeObject>(resource, { namespace, ...(labelSelector && { labelSelector }), signal: request.signal });
  });
  if (items.length === 0) throw new Error('no metrics returned from external metrics API');
  return valuesOf(items as unknown as readonly MetricValue[]);
}

type MetricValueList = KubeList & { readonly items?: readonly MetricValue[] } & KubeObject;

function selecting(metricSelector: LabelSelector | undefined, labelSelector?: string) {
  const metricLabelSelector = formatLabelSelector(metricSelector);
  return { ...(labelSelector && { labelSelector }), ...(metricLabelSelector && { metricLabelSelector }) };
}

const metricKind = (group: string, version: string, plural: string): ResourceDefinition<never> =>
  defineResource({ group, version, kind: 'MetricValueList', plural, scope: 'Namespaced' }) as unknown as ResourceDefinition<never>;

/** Throws when nobody serves custom metrics. */
function customMetric(context: MetricsContext, plural: string): ResourceDefinition<never> {
  const version = CUSTOM_VERSIONS.find((each) => isRegistered(context, CUSTOM, each));
  if (version === undefined) throw new Error(`no custom metrics API (${CUSTOM}) registered`);
  return metricKind(CUSTOM, version, plural);
}

const isRegistered = ({ request }: MetricsContext, group: string, version: string): boolean =>
  request.informer<APIService>(apiServices).get(`${version}.${group}`) !== undefined;
