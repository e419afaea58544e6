import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FAKE_REQUEST_DER, requestOf } from './certificates/fake-request.ts';
import type { HookContext, ResourceDefinition } from './define.ts';
import * as api from './index.ts';
import type { KubeObject } from './meta/object.ts';
import { fakeObject } from './schema/fake-object.ts';
import type { Container, Pod, PodSpec } from './schema/generated/types.ts';
import { validateSchema } from './schema/required.ts';

const context: HookContext = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };

/** What the registry does before it asks: defaults, then the kind's own check. */
function findings<T extends KubeObject>(definition: ResourceDefinition<T>, object: T): string[] {
  const draft = structuredClone(object);
  definition.hooks.defaults?.(draft);
  const errors = [...(definition.hooks.validate?.(draft) ?? []), ...(definition.hooks.validateCreate?.(draft, context) ?? [])];
  return errors.map((e) => `${e.path}: ${e.message}`);
}

function updateFindings<T extends KubeObject>(definition: ResourceDefinition<T>, value: T, old: T, subresource = ''): string[] {
  const [draft, before] = [structuredClone(value), structuredClone(old)];
  definition.hooks.defaults?.(draft);
  definition.hooks.defaults?.(before);
  return (definition.hooks.validateUpdate?.(draft, before, { ...context, subresource }) ?? []).map((e) => `${e.path}: ${e.message}`);
}

const pod = (container: Partial<Container>, spec: Partial<PodSpec> = {}): Pod => ({
  spec: { containers: [{ name: 'a', image: 'i:1', ...container }], ...spec },
});
const container = (c: Partial<Container>, spec: Partial<PodSpec> = {}) => findings(api.pods, pod(c, spec));

/** What the registry lets through to the kind's own check: the walk over the schema has nothing to say. */
const complete = (definition: ResourceDefinition) =>
  fakeObject(definition.schema, { complete: true }).filter((object) => {
    const draft = structuredClone(object);
    definition.hooks.defaults?.(draft);
    return validateSchema(draft, definition.schema).length === 0;
  });
/** Where the kind's own check says what is missing, anything may be. */
const checked = (definition: ResourceDefinition) =>
  definition.hooks.checksRequired ? fakeObject(definition.schema, { complete: false }) : complete(definition);

describe('validation', () => {
  const validated = api.definitions.filter((d) => d.hooks.validate);

  it.each(validated.map((d) => [`${d.plural}.${d.group}/${d.version}`, d] as const))('of %s answers to anything', (_, definition) => {
    fc.assert(
      fc.property(checked(definition), checked(definition), (object, old) => {
        for (const line of [...findings(definition, object), ...updateFindings(definition, object, old)]) {
          expect(line).toMatch(/^[\w[\].{}, /-]+: \w/);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each(api.definitions.map((d) => [`${d.plural}.${d.group}/${d.version}`, d] as const))(
    'of %s has a table row for anything',
    (_, definition) => {
      fc.assert(
        fc.property(complete(definition), (object) => {
          for (const column of definition.columns) expect(column.value(object, 0)).not.toBeUndefined();
        }),
        { numRuns: 30 },
      );
    },
  );
});

describe('the validation of pods', () => {
  it('has nothing to say about a sound pod', () => {
    const sound = pod(
      {
        ports: [{ name: 'http', containerPort: 80 }],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        ],
        volumeMounts: [{ name: 'v', mountPath: '/v' }],
        readinessProbe: { grpc: { port: 80 } },
        lifecycle: { preStop: { sleep: { seconds: 1 } } },
        resources: { requests: { cpu: '500m', 'example.com/gpu': '1' }, limits: { cpu: '1', 'example.com/gpu': '1' } },
      },
      {
        serviceAccountName: 'default',
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
        initContainers: [{ name: 'side', image: 'i', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 'http' } } }],
        tolerations: [{ operator: 'Exists' }, { key: 'k', effect: 'NoExecute', tolerationSeconds: 5 }],
      },
    );
    expect(findings(api.pods, sound)).toEqual([]);
  });

  it.each<[string, Partial<Container>, string]>([
    ['an image that is missing', { image: '' }, 'spec.containers[0].image: Required value'],
    [
      'an image with spaces around it',
      { image: ' i' },
      'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
    ],
    [
      'an unknown pull policy',
      { imagePullPolicy: 'Sometimes' },
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      'a port out of range',
      { ports: [{ containerPort: 70000 }] },
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      'two ports of one name',
      {
        ports: [
          { name: 'p', containerPort: 1 },
          { name: 'p', containerPort: 2 },
        ],
      },
      'spec.containers[0].ports[1].name: Duplicate value: "p"',
    ],
    ['a mount of no volume', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }, 'spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ['a probe without a handler', { livenessProbe: {} }, 'spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    [
      'a probe with two handlers',
      { livenessProbe: { exec: { command: ['x'] }, tcpSocket: { port: 1 } } },
      'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
    ],
    [
      'liveness that must succeed twice',
      { livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } },
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    ],
    [
      'requests above limits',
      { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      'a variable name with =',
      { env: [{ name: 'A=B' }] },
      'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
    ],
    [
      'a value and a source',
      { env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
      'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty',
    ],
  ])('finds %s', (_, change, finding) => {
    expect(container(change)).toEqual([finding]);
  });

  it('finds what is wrong between containers and with volumes', () => {
    const two = {
      containers: [
        { name: 'a', image: 'i' },
        { name: 'a', image: 'i' },
      ],
    };
    expect(findings(api.pods, { spec: two })).toEqual(['spec.containers[1].name: Duplicate value: "a"']);
    expect(findings(api.pods, { spec: { containers: [] } })).toEqual(['spec.containers: Required value']);
    expect(container({}, { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }, { name: 'v' }] })).toEqual([
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    ]);
    expect(container({}, { initContainers: [{ name: 'i', image: 'i', livenessProbe: { tcpSocket: { port: 1 } } }] })).toEqual([
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ]);
  });

  it('finds unknown policies and tolerations that say nothing', () => {
    expect(container({}, { restartPolicy: 'Perhaps' })).toEqual([
      'spec.restartPolicy: Unsupported value: "Perhaps": supported values: "Always", "OnFailure", "Never"',
    ]);
    expect(container({}, { tolerations: [{ value: 'x' }] })).toEqual([
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ]);
    expect(container({}, { ephemeralContainers: [{ name: 'e', image: 'i' }] })).toEqual([
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ]);
  });

  it('lets an update change images, add tolerations and nothing else', () => {
    const old = pod({}, { tolerations: [{ key: 'a', operator: 'Exists' }] });
    const more = pod(
      { image: 'i:2' },
      {
        tolerations: [
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'Exists' },
        ],
      },
    );
    expect(updateFindings(api.pods, more, old)).toEqual([]);
    expect(updateFindings(api.pods, pod({}), old)).toEqual([
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ]);
    const renamed = updateFindings(api.pods, { spec: { ...old.spec, hostname: 'h', containers: old.spec?.containers ?? [] } }, old);
    expect(renamed).toEqual([expect.stringMatching(/^spec: Forbidden: pod updates may not change fields other than `spec.containers/)]);
    expect(renamed[0]).toMatch(/\n@@ .*\n\+ "hostname": "h",\n/s);
    const grown = pod(
      {},
      {
        tolerations: old.spec?.tolerations,
        containers: [
          { name: 'a', image: 'i:1' },
          { name: 'b', image: 'i' },
        ],
      },
    );
    expect(updateFindings(api.pods, grown, old)).toEqual(['spec.containers: Forbidden: pod updates may not add or remove containers']);
  });

  it('does not tell empty lists and maps from absent ones, but zeros that somebody set', () => {
    const old = pod({}, { volumes: [], nodeSelector: {} });
    expect(updateFindings(api.pods, pod({}), old)).toEqual([]);
    const optional = (source: object) => pod({ envFrom: [{ secretRef: { name: 's', ...source } }] });
    expect(updateFindings(api.pods, optional({}), optional({ optional: false }))).toHaveLength(1);
  });

  it('keeps each subresource to its own fields', () => {
    const old = pod({});
    const debugged = pod({}, { ephemeralContainers: [{ name: 'e', image: 'i' }] });
    expect(updateFindings(api.pods, debugged, old, 'ephemeralcontainers')).toEqual([]);
    expect(updateFindings(api.pods, old, debugged, 'ephemeralcontainers')).toHaveLength(1);
    expect(updateFindings(api.pods, pod({ image: 'x' }), old, 'resize')).toHaveLength(1);
    const asking = (cpu: string) => pod({ resources: { requests: { cpu } } });
    expect(updateFindings(api.pods, asking('2'), asking('1'), 'resize')).toEqual([]);
  });
});

describe('the validation of workloads', () => {
  const template = (labels: Record<string, string>, spec: Partial<PodSpec> = {}) => ({
    metadata: { labels },
    spec: { containers: [{ name: 'a', image: 'i' }], ...spec },
  });
  const deployment = (labels: Record<string, string>, spec: Partial<PodSpec> = {}) => ({
    spec: { selector: { matchLabels: { app: 'x' } }, template: template(labels, spec) },
  });

  it('wants a selector that matches the template', () => {
    expect(findings(api.deployments, deployment({ app: 'x' }))).toEqual([]);
    expect(findings(api.deployments, deployment({ app: 'y' }))).toEqual([
      'spec.template.metadata.labels: Invalid value: {"app":"y"}: `selector` does not match template `labels`',
    ]);
    const empty = { spec: { selector: {}, template: template({}) } };
    expect(findings(api.deployments, empty)).toEqual(['spec.selector: Invalid value: {}: empty selector is invalid for deployment']);
  });

  it('wants pods that restart always', () => {
    expect(findings(api.replicaSets, deployment({ app: 'x' }, { restartPolicy: 'Never' }))).toEqual([
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ]);
  });

  it('wants strategies that can make progress', () => {
    const { spec } = deployment({ app: 'x' });
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '0%' } };
    expect(findings(api.deployments, { spec: { ...spec, strategy } })).toEqual([
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ]);
    const recreate = { type: 'Recreate', rollingUpdate: {} };
    expect(findings(api.deployments, { spec: { ...spec, strategy: recreate } })).toEqual([
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ]);
  });

  it('keeps the selector', () => {
    const old = deployment({ app: 'x' });
    const value = { spec: { ...old.spec, selector: { matchLabels: { app: 'z' } } } };
    expect(updateFindings(api.deployments, value, old)).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"z"}}: field is immutable',
    ]);
  });
});

describe('the validation of services', () => {
  it('wants ports, with names when there are several', () => {
    expect(findings(api.services, { spec: { selector: { a: 'b' } } })).toEqual(['spec.ports: Required value']);
    expect(findings(api.services, { spec: { clusterIP: 'None' } })).toEqual([]);
    expect(findings(api.services, { spec: { ports: [{ name: 'a', port: 1 }, { port: 1 }] } })).toEqual([
      'spec.ports[1].name: Required value',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,"NodePort":0}',
    ]);
  });

  it('wants node ports and traffic policies only where they mean something', () => {
    expect(findings(api.services, { spec: { ports: [{ port: 1, nodePort: 30000 }], externalTrafficPolicy: 'Local' } })).toEqual([
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ]);
    expect(findings(api.services, { spec: { type: 'Tunnel', ports: [{ port: 1 }] } })).toEqual([
      'spec.type: Unsupported value: "Tunnel": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ]);
    expect(findings(api.services, { spec: { type: 'ExternalName' } })).toEqual(['spec.externalName: Required value']);
  });

  it('keeps the address', () => {
    const at = (ip: string) => ({ spec: { clusterIP: ip, clusterIPs: [ip], ports: [{ port: 1 }] } });
    expect(updateFindings(api.services, at('10.0.0.2'), at('10.0.0.1'))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ]);
  });
});

describe('the validation of other kinds', () => {
  it('bounds keys and sizes of ConfigMaps and Secrets, and keeps what is immutable', () => {
    expect(findings(api.configMaps, { data: { 'a/b': '' } })[0]).toMatch(/^data\[a\/b\]: Invalid value: "a\/b": a valid config key must/);
    expect(findings(api.configMaps, { data: { a: 'x'.repeat(2 ** 20 + 1) } })).toEqual([
      '[]: Too long: may not be more than 1048576 bytes',
    ]);
    expect(updateFindings(api.configMaps, { immutable: true, data: { a: '2' } }, { immutable: true, data: { a: '1' } })).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(findings(api.secrets, { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } })).toEqual(['data[tls.key]: Required value']);
    expect(updateFindings(api.secrets, { type: 'a' }, { type: 'b' })).toEqual(['type: Invalid value: "a": field is immutable']);
  });

  it('keeps roles meaningful and bindings to their role', () => {
    expect(findings(api.roles, { rules: [{ verbs: [] }] })).toEqual([
      'rules[0].verbs: Required value: verbs must contain at least one value',
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ]);
    const binding = (name: string) => ({
      roleRef: { apiGroup: '', kind: 'ClusterRole', name },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's' },
      ],
    });
    expect(findings(api.roleBindings, binding('a'))).toEqual([]);
    expect(findings(api.clusterRoleBindings, binding('a'))).toEqual(['subjects[1].namespace: Required value']);
    expect(updateFindings(api.roleBindings, binding('b'), binding('a'))).toEqual([
      'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"ClusterRole","Name":"b"}: cannot change roleRef',
    ]);
  });

  it('wants addresses of the slice’s family', () => {
    const slice = (address: string) => ({ addressType: 'IPv4', endpoints: [{ addresses: [address] }], ports: [] });
    expect(findings(api.endpointSlices, slice('10.1.1.1'))).toEqual([]);
    expect(findings(api.endpointSlices, slice('fd00::1'))).toEqual([
      'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address',
    ]);
  });

  it('reserves the highest priorities for the system', () => {
    expect(findings(api.priorityClasses, { metadata: { name: 'x' }, value: 2e9 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
    expect(findings(api.priorityClasses, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 })).toEqual([]);
  });

  it('wants events beside what they tell about', () => {
    expect(findings(api.events, { metadata: { namespace: 'a' }, involvedObject: { namespace: 'b' } })).toEqual([
      'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
    ]);
  });

  it('wants new events to say when it happened, and then who reports what was done', () => {
    const event = { metadata: { namespace: 'default' }, type: 'Odd' };
    const type = 'type: Invalid value: "": has invalid value: Odd';
    expect(findings(api.eventsV1Events, { ...event, eventTime: '' })).toEqual(['eventTime: Required value', type]);
    expect(findings(api.eventsV1Events, { ...event, eventTime: '2026-01-01T00:00:00.000000Z' })).toEqual([
      'reportingController: Required value',
      expect.stringContaining('reportingController: Invalid value: "": name part must be non-empty'),
      expect.stringContaining('reportingController: Invalid value: "": name part must consist of'),
      'reportingInstance: Required value',
      'action: Required value',
      'reason: Required value',
      type,
    ]);
  });

  it('wants requests for certificates to be requests, of a signer with a domain', () => {
    const request = requestOf(FAKE_REQUEST_DER);
    expect(findings(api.certificateSigningRequests, { spec: { request, signerName: 'example.com/a', usages: ['client auth'] } })).toEqual(
      [],
    );
    expect(findings(api.certificateSigningRequests, { spec: { request: 'eA==', signerName: 'a' } })).toHaveLength(3);
  });
});
