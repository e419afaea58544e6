import { defineResource } from '../define.ts';
import type { Binding } from '../schema/generated/types.ts';

/** Virtual: the old door to what pods/binding does. */
export const bindings = defineResource<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  verbs: ['create'],
  persistence: 'none',
});
