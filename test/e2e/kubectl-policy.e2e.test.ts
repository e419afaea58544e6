import { afterAll, expect, test } from 'vitest';
import { kubectl } from './support/kubectl.ts';
import { configMap, deployment } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('policy');
const GROUP = 'admissionregistration.k8s.io';
const rule = (resources: string[], apiGroups = ['apps']) => ({
  apiGroups,
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources,
});
const here = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns.namespace } } };

afterAll(async () => {
  const kinds = [
    'validatingadmissionpolicy',
    'validatingadmissionpolicybinding',
    'mutatingadmissionpolicy',
    'mutatingadmissionpolicybinding',
  ];
  await kubectl(['delete', kinds.join(','), '-l', 'e2e=policy', '--ignore-not-found']);
  await kubectl(['delete', 'crd', 'replicalimits.rules.example.com', '--ignore-not-found']);
});

const labels = { e2e: 'policy' };
const validating = (name: string, spec: object) => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name, labels },
  spec: { failurePolicy: 'Fail', matchConstraints: { resourceRules: [rule(['deployments'])] }, ...spec },
});
const binding = (kind: string, policyName: string, spec: object = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind,
  metadata: { name: `${policyName}-binding`, labels },
  spec: { policyName, matchResources: here, ...spec },
});
const bindValidating = (name: string, spec: object = {}) =>
  binding('ValidatingAdmissionPolicyBinding', name, { validationActions: ['Deny'], ...spec });

test('the policy of the documentation refuses deployments with too many replicas', async () => {
  await ns.apply(
    validating('demo-policy.example.com', { validations: [{ expression: 'object.spec.replicas <= 5' }] }),
    bindValidating('demo-policy.example.com'),
  );
  const refused = await eventually('the policy is enforced', () =>
    ns
      .with({ input: JSON.stringify({ ...deployment('nginx', 6) }), mayFail: true }, 'create', '--dry-run=server', '-f', '-')
      .then((output) => {
        if (output.exitCode === 0) throw new Error(output.stdout);
        return output;
      }),
  );
  expect(refused.stderr).toContain(
    `ValidatingAdmissionPolicy 'demo-policy.example.com' with binding 'demo-policy.example.com-binding' denied request: failed expression: object.spec.replicas <= 5`,
  );
  expect(await ns.apply(deployment('nginx', 0))).toContain('created');
  expect((await ns.fails('patch', 'deployment', 'nginx', '-p', '{"spec":{"replicas":9}}')).stderr).toContain('denied request');
});

test('type checking says in the status what an expression gets wrong', async () => {
  await ns.apply(validating('deploy-replica-policy.example.com', { validations: [{ expression: 'object.replicas > 1' }] }));
  type Policy = { status?: { typeChecking?: { expressionWarnings?: { fieldRef: string; warning: string }[] } } };
  const { status } = await ns.until<Policy>(
    'warnings',
    'validatingadmissionpolicy/deploy-replica-policy.example.com',
    (policy) => policy.status?.typeChecking?.expressionWarnings?.length,
  );
  expect(status?.typeChecking?.expressionWarnings?.[0]).toMatchObject({
    fieldRef: 'spec.validations[0].expression',
    warning: expect.stringContaining("apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'"),
  });
});

test('an expression that is none is refused with its place', async () => {
  const input = JSON.stringify(validating('broken', { validations: [{ expression: 'object.spec.' }] }));
  const { stderr } = await ns.with({ input, mayFail: true }, 'apply', '-f', '-');
  expect(stderr).toContain(
    'spec.validations[0].expression: Invalid value: "object.spec.": compilation failed: ERROR: <input>:1:13: Syntax error',
  );
});

test('parameters come from custom resources', async () => {
  await ns.apply({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'replicalimits.rules.example.com' },
    spec: {
      group: 'rules.example.com',
      scope: 'Namespaced',
      names: { plural: 'replicalimits', singular: 'replicalimit', kind: 'ReplicaLimit', listKind: 'ReplicaLimitList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { maxReplicas: { type: 'integer' } } } },
        },
      ],
    },
  });
  await kubectl(['wait', '--for=condition=Established', '--timeout=20s', 'crd/replicalimits.rules.example.com']);
  const limit = { apiVersion: 'rules.example.com/v1', kind: 'ReplicaLimit', metadata: { name: 'replica-limit' }, maxReplicas: 3 };
  await eventually('the kind is served', () => ns.apply(limit));
  await ns.apply(
    validating('replicalimit-policy.example.com', {
      paramKind: { apiVersion: 'rules.example.com/v1', kind: 'ReplicaLimit' },
      validations: [
        {
          expression: 'object.spec.replicas <= params.maxReplicas',
          messageExpression: "'object.spec.replicas must be no greater than ' + string(params.maxReplicas)",
          reason: 'Forbidden',
        },
      ],
    }),
    bindValidating('replicalimit-policy.example.com', { paramRef: { name: 'replica-limit', parameterNotFoundAction: 'Deny' } }),
  );
  await eventually('the limit is enforced', async () => {
    const { stderr } = await ns.with(
      { input: JSON.stringify(deployment('limited', 4)), mayFail: true },
      'create',
      '--dry-run=server',
      '-f',
      '-',
    );
    expect(stderr).toContain('denied request: object.spec.replicas must be no greater than 3');
    return true;
  });
});

test('warnings reach the user', async () => {
  await ns.apply(
    validating('warn', {
      matchConstraints: { resourceRules: [rule(['configmaps'], [''])] },
      validations: [
        { expression: "object.metadata.name.startsWith('good-') || object.metadata.name == 'kube-root-ca.crt'", message: 'call it good' },
      ],
    }),
    bindValidating('warn', { validationActions: ['Warn', 'Audit'] }),
  );
  await eventually('the warning', async () => {
    const { stderr } = await ns.with({ input: JSON.stringify(configMap('bad', {})) }, 'apply', '-f', '-', '--dry-run=server');
    expect(stderr).toContain("Warning: Validation failed for ValidatingAdmissionPolicy 'warn' with binding 'warn-binding': call it good");
    return true;
  });
});

test('mutating policies set labels and merge what they apply', async () => {
  const mutating = (name: string, mutations: object[]) => ({
    apiVersion: `${GROUP}/v1`,
    kind: 'MutatingAdmissionPolicy',
    metadata: { name, labels },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: { resourceRules: [rule(['configmaps'], [''])] },
      mutations,
    },
  });
  await ns.apply(
    mutating('label', [
      {
        patchType: 'JSONPatch',
        jsonPatch: {
          expression: `[
            JSONPatch{op: "add", path: "/metadata/labels", value: {}},
            JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/environment"), value: "test"}
          ]`,
        },
      },
      { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{data: {"added": object.metadata.name}}' } },
    ]),
    binding('MutatingAdmissionPolicyBinding', 'label'),
  );
  await eventually('the mutation', async () => {
    const object = await ns.with(
      { input: JSON.stringify(configMap('good-one', { kept: '1' })) },
      'create',
      '--dry-run=server',
      '-o',
      'json',
      '-f',
      '-',
    );
    expect(JSON.parse(object.stdout)).toMatchObject({
      metadata: { labels: { 'example.com/environment': 'test' } },
      data: { kept: '1', added: 'good-one' },
    });
    return true;
  });
});
