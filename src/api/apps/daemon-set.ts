import { defineResource } from '../define.ts';
import type { DaemonSet } from '../schema/generated/types.ts';

export const daemonSets = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  scope: 'Namespaced',
  shortNames: ['ds'],
  categories: ['all'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
