import { documentFields, fail, textOf } from '../../configuration-fields.ts';

const KINDS: Readonly<Record<string, string>> = {
  'apiserver.config.k8s.io/v1': 'WebhookAdmissionConfiguration',
  'apiserver.config.k8s.io/v1alpha1': 'WebhookAdmission',
};

/** The path of a kubeconfig whose users are what is shown to webhooks. (Kubernetes: "Dynamic Admission Control", "Authenticate API servers".) */
export function planWebhookAdmission(document: unknown, at: string): string {
  const kind = KINDS[String((document as { apiVersion?: unknown } | null)?.apiVersion)] ?? 'WebhookAdmissionConfiguration';
  const { kubeConfigFile } = documentFields(document, { apiVersions: Object.keys(KINDS), kind, fields: ['kubeConfigFile'], at });
  const path = textOf(kubeConfigFile, `${at}.kubeConfigFile`);
  return path.startsWith('/')
    ? path
    : fail(`${at}.kubeConfigFile`, `Invalid value: ${JSON.stringify(path)}: must be an absolute file path`);
}
