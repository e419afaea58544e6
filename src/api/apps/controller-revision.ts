import { defineResource } from '../define.ts';
import type { ControllerRevision } from '../schema/generated/types.ts';

export const controllerRevisions = defineResource<ControllerRevision>({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  scope: 'Namespaced',
  behaviour: 'stored-only',
});
