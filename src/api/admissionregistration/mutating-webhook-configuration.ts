import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { MutatingWebhookConfiguration } from '../schema/generated/types.ts';
import { defaultWebhook } from './admission-defaults.ts';
import { checkWebhooks } from './webhook-validation.ts';

export const mutatingWebhookConfigurations = defineResource<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
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
      for (const webhook of webhooks ?? []) {
        defaultWebhook(webhook);
        fill(webhook, { reinvocationPolicy: 'Never' });
      }
    },
    checksRequired: true,
    validateCreate: ({ webhooks }) => checkWebhooks(webhooks),
    validateUpdate: ({ webhooks }, old) => checkWebhooks(webhooks, old.webhooks ?? []),
  },
});
