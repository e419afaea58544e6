import { defineResource } from '../define.ts';
import type { Node } from '../schema/generated/types.ts';
import { nodeColumns } from './node-columns.ts';
import { nodeHooks } from './node-hooks.ts';
import { proxySubresource } from './proxy-subresource.ts';

export const nodes = defineResource<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  scope: 'Cluster',
  shortNames: ['no'],
  keepsStatusAtCreation: true,
  subresources: { proxy: proxySubresource('NodeProxyOptions'), status: { kind: 'status' } },
  fieldSelectors: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
  columns: nodeColumns,
  hooks: nodeHooks,
});
