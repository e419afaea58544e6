import { defineResource } from '../define.ts';
import type { NodeMetrics } from '../schema/generated/types.ts';
import { usageColumns } from './usage-columns.ts';

/** Virtual: answered by code, unless a metrics server is registered for the group. Source: Kubernetes, "Resource metrics pipeline". */
export const nodeMetrics = defineResource<NodeMetrics>({
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  kind: 'NodeMetrics',
  plural: 'nodes',
  scope: 'Cluster',
  verbs: ['get', 'list'],
  persistence: 'none',
  columns: usageColumns<NodeMetrics>(({ usage }) => [usage]),
});
