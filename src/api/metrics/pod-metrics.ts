import { defineResource } from '../define.ts';
import type { PodMetrics } from '../schema/generated/types.ts';
import { usageColumns } from './usage-columns.ts';

/** Virtual: answered by code, unless a metrics server is registered for the group. Source: Kubernetes, "Resource metrics pipeline". */
export const podMetrics = defineResource<PodMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'PodMetrics',
  plural: 'pods',
  scope: 'Namespaced',
  verbs: ['get', 'list'],
  persistence: 'none',
  columns: usageColumns<PodMetrics>(({ containers }) => containers.map(({ usage }) => usage)),
});
