import { describe, expect, it } from 'vitest';
import { readAdmissionConfiguration } from './admission-configuration.ts';

const files: Readonly<Record<string, unknown>> = {
  '/etc/minik/selectors.yaml': { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'env=test', n: 'a=b' } },
};
const read = (...plugins: object[]) =>
  readAdmissionConfiguration(
    { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins },
    { read: async (path) => files[path], directory: '/etc/minik' },
  );
const podSecurity = (configuration: object) => ({
  name: 'PodSecurity',
  configuration: { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration', ...configuration },
});
const eventRateLimit = (...limits: object[]) => ({
  name: 'EventRateLimit',
  configuration: { apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1', kind: 'Configuration', limits },
});

it('reads what is there and what is in files beside it', async () => {
  const defaults = { enforce: 'baseline', 'enforce-version': 'v1.30', warn: 'restricted' };
  const exemptions = { usernames: ['alice'], namespaces: ['kube-system'], runtimeClasses: ['gvisor'] };
  const config = await read(
    podSecurity({ defaults, exemptions }),
    eventRateLimit({ type: 'Server', qps: 10, burst: 20 }),
    { name: 'PodNodeSelector', path: 'selectors.yaml' },
    { name: 'Unknown', configuration: { what: 'ever' } },
  );
  expect(config.podSecurity).toEqual({
    defaults: {
      enforce: { level: 'baseline', version: 30 },
      audit: { level: 'privileged', version: 'latest' },
      warn: { level: 'restricted', version: 'latest' },
      errors: [],
    },
    exempt: { users: new Set(['alice']), namespaces: new Set(['kube-system']), runtimeClasses: new Set(['gvisor']) },
  });
  expect(config.eventRateLimit).toEqual([{ type: 'Server', perSecond: 10, burst: 20, remembered: 4096 }]);
  expect(config.podNodeSelector?.standard).toBe('env=test');
  expect(config.podNodeSelector?.allowed.get('n')).toBe('a=b');
});

it('reads limits of tolerations and quotas', async () => {
  const config = await read(
    {
      name: 'PodTolerationRestriction',
      configuration: {
        apiVersion: 'podtolerationrestriction.admission.k8s.io/v1alpha1',
        kind: 'Configuration',
        default: [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }],
      },
    },
    {
      name: 'ResourceQuota',
      configuration: {
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'ResourceQuotaConfiguration',
        limitedResources: [{ resource: 'pods', matchScopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] }],
      },
    },
  );
  expect(config.podTolerationRestriction).toEqual({ standard: [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }], allowed: [] });
  expect(config.resourceQuota).toEqual([
    { group: '', plural: 'pods', names: [], scopes: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] },
  ]);
});

it('reads where the webhook for images is', async () => {
  const imagePolicy = { kubeConfigFile: 'images.yaml', allowTTL: 60, denyTTL: -1, defaultAllow: true };
  expect(await read({ name: 'ImagePolicyWebhook', configuration: { imagePolicy } })).toEqual({
    imagePolicy: { kubeConfigFile: '/etc/minik/images.yaml', allowedMs: 60_000, refusedMs: 0, retryMs: 500, allowsByDefault: true },
  });
  await expect(read({ name: 'ImagePolicyWebhook', configuration: { imagePolicy: { ...imagePolicy, allowTTL: 7200 } } })).rejects.toThrow(
    'plugins[0].configuration.imagePolicy.allowTTL: must be from 1 to 1800, or -1',
  );
});

describe('refuses', () => {
  it.each([
    [
      'levels that are none',
      podSecurity({ defaults: { enforce: 'strict' } }),
      'plugins[0].configuration.defaults.enforce: Invalid value: "strict": must be one of privileged, baseline, restricted',
    ],
    ['versions that are none', podSecurity({ defaults: { 'warn-version': '1.30' } }), 'must be "latest" or "v1.x"'],
    [
      'names that are none',
      podSecurity({ exemptions: { namespaces: ['A'] } }),
      'plugins[0].configuration.exemptions.namespaces[0]: Invalid value: "A"',
    ],
    ['names that come twice', podSecurity({ exemptions: { usernames: ['a', 'a'] } }), 'exemptions.usernames[1]: Duplicate value: "a"'],
    [
      'fields that are none',
      podSecurity({ defaults: { enforced: 'baseline' } }),
      'plugins[0].configuration.defaults.enforced: unknown field',
    ],
    [
      'kinds of others',
      { name: 'PodSecurity', configuration: { apiVersion: 'v1', kind: 'Pod' } },
      'plugins[0].configuration.apiVersion: must be one of',
    ],
    ['no limits', eventRateLimit(), 'plugins[0].configuration.limits: must not be empty'],
    ['limits of nothing', eventRateLimit({ type: 'Pod', qps: 1, burst: 1 }), 'limits[0].type: Unsupported value: "Pod"'],
    ['limits that let nothing in', eventRateLimit({ type: 'User', qps: 0, burst: 1 }), 'limits[0].qps: Invalid value: 0: must be positive'],
    [
      'paths of kubeconfigs that depend on where one stands',
      {
        name: 'ValidatingAdmissionWebhook',
        configuration: { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'WebhookAdmissionConfiguration', kubeConfigFile: 'x' },
      },
      'plugins[0].configuration.kubeConfigFile: Invalid value: "x": must be an absolute file path',
    ],
  ])('%s', async (_, plugin, message) => {
    await expect(read(plugin)).rejects.toThrow(message);
  });
});
