import { Registry } from 'prom-client';
import { type Amounts, podLimits, podRequests } from '../../api/core/pod-resources.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { ObjectReader } from '../ports.ts';
import { registerValues, type Value } from './metric-values.ts';

const NANOS_PER_UNIT = 1e9;
const UNITS: Readonly<Record<string, string>> = { cpu: 'cores', memory: 'bytes', storage: 'bytes', 'ephemeral-storage': 'bytes' };

function unitOf(resource: string): string {
  if (resource.startsWith('hugepages-')) return 'bytes';
  return UNITS[resource] ?? (resource.startsWith('attachable-volumes-') ? 'integer' : '');
}

function valuesOf({ metadata, spec }: Pod, amounts: Amounts): Value[] {
  const about = {
    namespace: metadata?.namespace ?? '',
    pod: metadata?.name ?? '',
    node: spec?.nodeName ?? '',
    scheduler: spec?.schedulerName ?? '',
    priority: spec?.priority === undefined ? '' : String(spec.priority),
  };
  return Object.entries(amounts)
    .filter(([, { nanos }]) => nanos !== 0n)
    .map(([resource, { nanos }]) => ({ labels: { ...about, resource, unit: unitOf(resource) }, value: Number(nanos) / NANOS_PER_UNIT }));
}

const isOver = ({ spec, status }: Pod): boolean => Boolean(spec?.nodeName) && (status?.phase === 'Succeeded' || status?.phase === 'Failed');

/** What pods that are not over ask for and may use, as the scheduler counts it (Kubernetes: "Metrics For Kubernetes System Components", kube-scheduler metrics). */
export function podResourceMetrics(objects: ObjectReader): () => Promise<{ contentType: string; text: string }> {
  const registry = new Registry();
  const register = (name: string, what: string, amountsOf: (pod: Pod) => Amounts) => {
    const help = `${what} the cluster, broken down by pod. This shows the resource usage the scheduler and kubelet expect per pod for resources along with the unit for the resource if any.`;
    registerValues(registry, { name, help, type: 'gauge' }, () =>
      objects.list<Pod>('pods').flatMap((pod) => (isOver(pod) ? [] : valuesOf(pod, amountsOf(pod)))),
    );
  };
  register('kube_pod_resource_request', 'Resources requested by workloads on', podRequests);
  register('kube_pod_resource_limit', 'Resources limit for workloads on', podLimits);
  return async () => ({ contentType: registry.contentType, text: await registry.metrics() });
}
