import { defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ResourceClaimTemplate } from '../schema/generated/types.ts';
import { checkClaimTemplate, checkClaimTemplateUpdate } from './claim-validation.ts';
import { defaultDeviceRequests } from './device-request-defaults.ts';

export const resourceClaimTemplates = defineResource<ResourceClaimTemplate>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  returnsDeleted: true,
  columns: [nameColumn, ageColumn],
  hooks: {
    defaults: ({ spec }) => defaultDeviceRequests(spec?.spec),
    checksRequired: true,
    validateCreate: checkClaimTemplate,
    validateUpdate: checkClaimTemplateUpdate,
  },
});
