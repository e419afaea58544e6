import { defineResource } from '../define.ts';
import type { Pod } from '../schema/generated/types.ts';
import { podColumns, podRows } from './pod-columns.ts';
import { podHooks } from './pod-hooks.ts';
import { podSubresources } from './pod-subresources.ts';

export const pods = defineResource<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  scope: 'Namespaced',
  returnsDeleted: true,
  shortNames: ['po'],
  categories: ['all'],
  generation: true,
  gracefulDeletion: true,
  subresources: podSubresources,
  statusMetadata: ['annotations', 'finalizers', 'labels'],
  fieldSelectors: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIP ?? '',
    // May be asked for, and is never there.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  indexes: { 'spec.nodeName': (pod) => [pod.spec?.nodeName ?? ''] },
  columns: podColumns,
  rows: podRows,
  hooks: podHooks,
});
