import { apiVersionOf, type ResourceDefinition, resourceId } from '../../api/define.ts';
import { type KubeList, type KubeObject, objectKey } from '../../api/meta/object.ts';
import { ApiError, notFound } from '../../api/meta/status.ts';
import { nodeMetrics } from '../../api/metrics/node-metrics.ts';
import { podMetrics } from '../../api/metrics/pod-metrics.ts';
import type { Node, NodeMetrics, Pod, PodMetrics } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import { formatGoDuration } from '../../base/go-duration.ts';
import type { ObjectReader } from '../ports.ts';
import type { VirtualHandler } from '../registry/registry.ts';
import { selectionOf } from '../registry/selectors.ts';
import type { Sampler } from './sampler.ts';
import { earliest, nodeUsage, podUsage, type Scrapes, type Usage } from './usage-plan.ts';

export interface ResourceMetricsOptions {
  readonly objects: ObjectReader;
  readonly sampler: Sampler;
  readonly clock: Clock;
}

/**
 * metrics.k8s.io/v1beta1 as metrics-server answers it: what pods and nodes use, selected by their own labels, names and namespaces. What cannot be told yet (a
 * node that does not answer, a container that just started) is left out.
 */
export function resourceMetrics({ objects, sampler, clock }: ResourceMetricsOptions): Readonly<Record<string, VirtualHandler>> {
  async function ofPods(pods: readonly Pod[], signal: AbortSignal): Promise<PodMetrics[]> {
    const names = new Set(pods.flatMap(({ spec }) => (spec?.nodeName && reachable(objects, spec.nodeName) ? [spec.nodeName] : [])));
    const scrapes = await sampler.sample([...names], { signal });
    return pods.flatMap((pod) => podEntry(pod, scrapes.get(pod.spec?.nodeName ?? ''), clock.now()));
  }
  async function ofNodes(nodes: readonly Node[], signal: AbortSignal): Promise<NodeMetrics[]> {
    const names = nodes.map(({ metadata }) => metadata?.name ?? '').filter((name) => reachable(objects, name));
    const scrapes = await sampler.sample(names, { signal });
    return nodes.flatMap((node) => nodeEntry(node, scrapes.get(node.metadata?.name ?? ''), clock.now()));
  }
  return {
    [resourceId(podMetrics)]: async (request, { signal }) => {
      const { namespace = '', name } = request;
      if (request.verb === 'list') {
        const running = objects.list<Pod>('pods', namespace || undefined).filter(({ status }) => status?.phase === 'Running');
        return listOf(podMetrics, await ofPods(selected(podMetrics, request, running), signal));
      }
      const pod = objects.get<Pod>('pods', namespace, name ?? '');
      if (!pod) throw notFound({ plural: 'pods', group: '' }, name ?? '');
      return only(await ofPods([pod], signal), 'podmetrics', `${namespace}/${name}`);
    },
    [resourceId(nodeMetrics)]: async (request, { signal }) => {
      if (request.verb === 'list') {
        const nodes = selected(nodeMetrics, request, objects.list<Node>('nodes'));
        return listOf(nodeMetrics, await ofNodes(nodes, signal));
      }
      const node = objects.get<Node>('nodes', '', request.name ?? '');
      if (!node) throw notFound({ plural: 'nodes', group: '' }, request.name ?? '');
      return only(await ofNodes([node], signal), 'nodemetrics', request.name ?? '');
    },
  };
}

/** A node that has not been heard of for a while would only hold up the answer. */
function reachable(objects: ObjectReader, nodeName: string): boolean {
  const ready = objects.get<Node>('nodes', '', nodeName)?.status?.conditions?.find(({ type }) => type === 'Ready');
  return ready !== undefined && ready.status !== 'Unknown';
}

function selected<T extends KubeObject>(definition: ResourceDefinition, request: ApiRequest, objects: readonly T[]): T[] {
  const { matches } = selectionOf(definition, request);
  const key = (object: T) => objectKey(object);
  return objects.filter((object) => matches?.(object) ?? true).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const listOf = (definition: ResourceDefinition, items: readonly KubeObject[]): KubeList =>
  ({ kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata: {}, items }) as KubeList;

function only<T extends KubeObject>([metrics]: readonly T[], resource: string, name: string): T {
  if (metrics) return metrics;
  const details = { name, group: 'metrics.k8s.io', kind: resource };
  throw new ApiError('NotFound', `${resource}.metrics.k8s.io "${name}" not found`, { details });
}

const amounts = ({ cpu, memory }: Usage) => ({ cpu, memory });

function podEntry(pod: Pod, scrapes: Scrapes | undefined, nowMs: number): PodMetrics[] {
  const usages = scrapes && podUsage(scrapes, objectKey(pod));
  const first = usages && earliest(usages.values());
  if (!first) return [];
  const containers = [...usages].map(([name, usage]) => ({ name, usage: amounts(usage) }));
  return [{ kind: podMetrics.kind, ...common(pod, first, nowMs), containers }];
}

function nodeEntry(node: Node, scrapes: Scrapes | undefined, nowMs: number): NodeMetrics[] {
  const usage = scrapes && nodeUsage(scrapes);
  return usage ? [{ kind: nodeMetrics.kind, ...common(node, usage, nowMs), usage: amounts(usage) }] : [];
}

function common({ metadata }: KubeObject, { atMs, windowMs }: Usage, nowMs: number) {
  const { name, namespace, labels } = metadata ?? {};
  return {
    apiVersion: apiVersionOf(podMetrics),
    metadata: { name, ...(namespace && { namespace }), creationTimestamp: rfc3339(nowMs), ...(labels && { labels }) },
    timestamp: rfc3339(atMs),
    window: formatGoDuration(windowMs),
  };
}
