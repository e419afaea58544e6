import type { ResourceDefinition } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { strategicMergePatch } from '../../../api/patch/index.ts';

/** What a policy wants set, laid over the object: lists with keys merge element by element, nothing is removed. */
export const mergeApplied = (object: KubeObject, configuration: object, definition: ResourceDefinition): KubeObject =>
  strategicMergePatch(object, configuration, definition.schema) as KubeObject;
