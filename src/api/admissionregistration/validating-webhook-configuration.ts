import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { ValidatingWebhookConfiguration } from '../schema/generated/types.ts';
import { defaultWebhook } from './admission-defaults.ts';
import { checkWebhooks } from './webhook-validation.ts';

export const validatingWebhookConfigurations = defineResource<ValidatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  columns: [
    nameColumn,
    column('Webhooks', 'integer', (configuration) => configuration.webhooks?.length ?? 0, {
      description: 'Webhooks indicates the number of webhooks registered in this configuration',
    }),
    ageColumn,
  ],
  hooks: {
    defaults({ webhooks }) {
      for (const webhook of webhooks ?? []) defaultWebhook(webhook);
    },
    checksRequired: true,
    validateCreate: ({ webhooks }) => checkWebhooks(webhooks),
    validateUpdate: ({ webhooks }, old) => checkWebhooks(webhooks, old.webhooks ?? []),
  },
});
