import { defineResource } from '../define.ts';
import type { CustomResourceDefinition } from '../schema/generated/types.ts';
import { customResourceDefinitionHooks } from './crd-hooks.ts';

export const customResourceDefinitions = defineResource<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  storageVersion: 'v1beta1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  scope: 'Cluster',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  hooks: customResourceDefinitionHooks,
});
