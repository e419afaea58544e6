import { defineResource } from '../define.ts';
import type { PodTemplate } from '../schema/generated/types.ts';

export const podTemplates = defineResource<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  generation: true,
  behaviour: 'stored-only',
});
