import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Registry as MetricsRegistry } from 'prom-client';
import type { Registry } from '../../api/registry.ts';
import type { Transport } from '../../api/transport.ts';
import { builtInAdmission } from '../../server/admission/built-in.ts';
import { type AdmissionConfiguration, readAdmissionConfiguration } from '../../server/admission/configuration/admission-configuration.ts';
import { webhookConditions } from '../../server/admission/expressions/conditions.ts';
import type { Equivalents } from '../../server/admission/matching/equivalents.ts';
import { isOnByDefault } from '../../server/admission/plugin-names.ts';
import { TOLERATION_SECONDS } from '../../server/admission/plugins/default-toleration-seconds.ts';
import { imagePolicyWebhook } from '../../server/admission/plugins/image-policy-webhook.ts';
import { mutatingAdmissionPolicy } from '../../server/admission/plugins/mutating-admission-policy.ts';
import { validatingAdmissionPolicy } from '../../server/admission/plugins/validating-admission-policy.ts';
import { admissionWebhooks } from '../../server/admission/webhooks/webhooks.ts';
import type { Rbac } from '../../server/authz/rbac.ts';
import { createPodSecurityMetrics } from '../../server/metrics/pod-security-metrics.ts';
import { createPolicyMetrics } from '../../server/metrics/policy-metrics.ts';
import { createWebhookMetrics } from '../../server/metrics/webhook-metrics.ts';
import { kubeconfigEndpoint, kubeconfigUsers } from '../../server/outbound/kubeconfig.ts';
import type { Outbound } from '../../server/outbound/outbound.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader } from '../../server/ports.ts';
import { UsageError } from '../exit.ts';
import { GIT_VERSION } from '../version.ts';
import type { Ambient } from './ambient.ts';
import { fromKubeconfig } from './from-file.ts';
import { parsePolicy, readPolicyFile } from './policy-file.ts';
import type { ServerSettings } from './settings.ts';

interface AdmissionParts {
  readonly reader: ObjectReader;
  readonly kinds: () => Registry;
  readonly equivalents: Equivalents;
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
  readonly outbound: Outbound;
  /** The server's own; asked for once it serves. */
  readonly transport: () => Transport;
}

export interface AssembledAdmission {
  readonly plugins: readonly AdmissionPlugin[];
  /** Shows what admission counts. */
  register(registry: MetricsRegistry): void;
}

/** The admission plugins that the operator wants, as he configures them. Rejects with UsageError. */
export async function assembleAdmission(
  settings: ServerSettings,
  { reader, kinds, equivalents, authorizer, rbac, outbound, transport }: AdmissionParts,
  { clock, random, log }: Ambient,
): Promise<AssembledAdmission> {
  const isOn = switchedOn(settings);
  const configuration = await configurationOf(settings);
  const { eventRateLimit, imagePolicy } = configuration;
  if (isOn('EventRateLimit') && !eventRateLimit) throw notConfigured('EventRateLimit');
  if (isOn('ImagePolicyWebhook') && !imagePolicy) throw notConfigured('ImagePolicyWebhook');
  const metrics = { webhooks: createWebhookMetrics(), policies: createPolicyMetrics(), podSecurity: createPodSecurityMetrics(GIT_VERSION) };
  const policyDeps = { objects: reader, kinds, equivalents, authorizer, clock };
  const plugins = builtInAdmission({
    objects: reader,
    authorizer,
    kinds,
    rbac,
    policies: {
      mutating: mutatingAdmissionPolicy({ ...policyDeps, observe: metrics.policies.mutated }),
      validating: validatingAdmissionPolicy({ ...policyDeps, observe: metrics.policies.validated }),
    },
    webhooks: admissionWebhooks({
      objects: reader,
      equivalents,
      evaluate: webhookConditions({ objects: reader, authorizer }),
      outbound,
      newUid: () => crypto.randomUUID(),
      clock,
      observe: metrics.webhooks.observe,
      credentials: { mutating: await usersIn(configuration.mutatingWebhooks), validating: await usersIn(configuration.validatingWebhooks) },
      log,
    }),
    imagePolicy:
      imagePolicy && imagePolicyWebhook({ settings: imagePolicy, endpoint: await endpointIn(imagePolicy.kubeConfigFile), outbound, clock }),
    async createNamespace(name) {
      const request = { verb: 'create', group: '', version: 'v1', resource: 'namespaces', body: { metadata: { name } } } as const;
      await transport().request(request, { signal: AbortSignal.timeout(CREATE_TIMEOUT_MS) });
    },
    configuration,
    tolerationSeconds: {
      notReady: settings.defaultNotReadyTolerationSeconds ?? TOLERATION_SECONDS,
      unreachable: settings.defaultUnreachableTolerationSeconds ?? TOLERATION_SECONDS,
    },
    observePodSecurity: metrics.podSecurity,
    isOn,
    clock,
    random,
  });
  return {
    plugins,
    register(registry) {
      for (const each of Object.values(metrics)) each.register(registry);
    },
  };
}

const notConfigured = (name: string) =>
  new UsageError(`${name} in --enable-admission-plugins needs its configuration from --admission-control-config-file`);

const KUBECONFIG = '--admission-control-config-file: kubeConfigFile';
const endpointIn = (path: string) => fromKubeconfig(KUBECONFIG, path, kubeconfigEndpoint);
const usersIn = async (path: string | undefined) => (path === undefined ? undefined : fromKubeconfig(KUBECONFIG, path, kubeconfigUsers));

const CREATE_TIMEOUT_MS = 10_000;

function switchedOn({ enableAdmissionPlugins = [], disableAdmissionPlugins = [] }: ServerSettings): (name: string) => boolean {
  const both = disableAdmissionPlugins.filter((name) => enableAdmissionPlugins.includes(name));
  if (both.length > 0) throw new UsageError(`${both.join(', ')} in --enable-admission-plugins and --disable-admission-plugins overlapped`);
  return (name) => !disableAdmissionPlugins.includes(name) && (isOnByDefault(name) || enableAdmissionPlugins.includes(name));
}

async function configurationOf({ admissionControlConfigFile: path }: ServerSettings): Promise<AdmissionConfiguration> {
  if (path === undefined) return {};
  const read = async (file: string) => parsePolicy(await readFile(file, 'utf8'));
  return readPolicyFile('--admission-control-config-file', path, (document) =>
    readAdmissionConfiguration(document, { read, directory: dirname(path) }),
  );
}
