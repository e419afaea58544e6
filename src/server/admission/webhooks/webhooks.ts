import type { CredentialsFor } from '../../outbound/kubeconfig.ts';
import type { AdmissionPlugin } from '../../ports.ts';
import { mutatingWebhooks } from './mutating.ts';
import type { WebhookDeps } from './relevant.ts';
import { validatingWebhooks } from './validating.ts';

/** The webhooks of MutatingWebhookConfigurations and ValidatingWebhookConfigurations, asked as part of admission. */
export const admissionWebhooks = ({
  credentials = {},
  ...deps
}: Omit<WebhookDeps, 'credentialsFor'> & {
  /** What is shown to webhooks of either kind. */
  readonly credentials?: { readonly mutating?: CredentialsFor | undefined; readonly validating?: CredentialsFor | undefined };
}): { readonly mutating: AdmissionPlugin; readonly validating: AdmissionPlugin } => ({
  mutating: mutatingWebhooks({ ...deps, credentialsFor: credentials.mutating }),
  validating: validatingWebhooks({ ...deps, credentialsFor: credentials.validating }),
});

export type { WebhookDeps };
