import { resolve } from 'node:path';
import { documentFields, fieldsOf, listOf, textOf } from '../../configuration-fields.ts';
import { type EventLimit, planEventRateLimit } from './event-rate-limit.ts';
import { type ImagePolicySettings, planImagePolicy } from './image-policy.ts';
import { type NodeSelectors, planPodNodeSelector } from './pod-node-selector.ts';
import { type PodSecuritySettings, planPodSecurity } from './pod-security.ts';
import { type ClusterTolerations, planPodTolerationRestriction } from './pod-toleration-restriction.ts';
import { type LimitedResource, planResourceQuota } from './resource-quota.ts';
import { planWebhookAdmission } from './webhook-admission.ts';

/** What the operator says of plugins; those that are not named do as they do without. */
export interface AdmissionConfiguration {
  readonly eventRateLimit?: readonly EventLimit[];
  /** Its kubeConfigFile is a path from the root. */
  readonly imagePolicy?: ImagePolicySettings;
  readonly podNodeSelector?: NodeSelectors;
  readonly podSecurity?: PodSecuritySettings;
  readonly podTolerationRestriction?: ClusterTolerations;
  readonly resourceQuota?: readonly LimitedResource[];
  /** Kubeconfigs. */
  readonly mutatingWebhooks?: string;
  readonly validatingWebhooks?: string;
}

const API_VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1'];

type Plan = (document: unknown, at: string, directory: string) => AdmissionConfiguration;
const PLANS: Readonly<Record<string, Plan>> = {
  EventRateLimit: (document, at) => ({ eventRateLimit: planEventRateLimit(document, at) }),
  ImagePolicyWebhook(document, at, directory) {
    const settings = planImagePolicy(document, at);
    return { imagePolicy: { ...settings, kubeConfigFile: resolve(directory, settings.kubeConfigFile) } };
  },
  MutatingAdmissionWebhook: (document, at) => ({ mutatingWebhooks: planWebhookAdmission(document, at) }),
  PodNodeSelector: (document, at) => ({ podNodeSelector: planPodNodeSelector(document, at) }),
  PodSecurity: (document, at) => ({ podSecurity: planPodSecurity(document, at) }),
  PodTolerationRestriction: (document, at) => ({ podTolerationRestriction: planPodTolerationRestriction(document, at) }),
  ResourceQuota: (document, at) => ({ resourceQuota: planResourceQuota(document, at) }),
  ValidatingAdmissionWebhook: (document, at) => ({ validatingWebhooks: planWebhookAdmission(document, at) }),
};
export interface ReadDocument {
  /** Reads a file of YAML or JSON. */
  readonly read: (path: string) => Promise<unknown>;
  /** Of the file that is read: other paths in it are relative to this. */
  readonly directory: string;
}

/**
 * Reads an AdmissionConfiguration: a configuration for each plugin, there or in a file of its own. Rejects with an Error that names what is wrong. (Kubernetes: "Admission Control"; upstream: apiserver,
 * admission/config.go, which ignores plugins that it does not know, as this does.)
 */
export async function readAdmissionConfiguration(document: unknown, { read, directory }: ReadDocument): Promise<AdmissionConfiguration> {
  const { plugins } = documentFields(document, { apiVersions: API_VERSIONS, kind: 'AdmissionConfiguration', fields: ['plugins'] });
  let all: AdmissionConfiguration = {};
  const seen = new Set<string>();
  for (const [i, each] of listOf(plugins, 'plugins').entries()) {
    const at = `plugins[${i}]`;
    const fields = fieldsOf(each, at, ['name', 'path', 'configuration']);
    const name = textOf(fields.name, `${at}.name`);
    const path = textOf(fields.path, `${at}.path`);
    // The first one counts.
    if (seen.has(name)) continue;
    seen.add(name);
    const plan = PLANS[name];
    if (!plan) continue;
    if (fields.configuration !== undefined && fields.configuration !== null) {
      all = { ...all, ...plan(fields.configuration, `${at}.configuration`, directory) };
    } else if (path !== '') {
      const file = resolve(directory, path);
      all = { ...all, ...plan(await read(file), file, directory) };
    }
  }
  return all;
}
