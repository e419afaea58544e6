import type { AdmissionPlugin } from '../../ports.ts';
import { mutatingWebhooks } from './mutating.ts';
import type { WebhookDeps } from './relevant.ts';
import { validatingWebhooks } from './validating.ts';

/** The webhooks of MutatingWebhookConfigurations and ValidatingWebhookConfigurations, asked as part of admission. */
export const admissionWebhooks = (deps: WebhookDeps): { readonly mutating: AdmissionPlugin; readonly validating: AdmissionPlugin } => ({
  mutating: mutatingWebhooks(deps),
  validating: validatingWebhooks(deps),
});

export type { WebhookDeps };
