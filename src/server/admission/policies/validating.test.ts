import { beforeEach, describe, expect, it } from 'vitest';
import { registry } from '../../../api/index.ts';
import type { ApiRequest } from '../../../api/transport.ts';
import { fakeClock } from '../../../base/fake-clock.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';
import { equivalentsOf } from '../matching/equivalents.ts';
import { validatingAdmissionPolicy } from '../plugins/validating-admission-policy.ts';
import type { PolicyCheck } from './checks.ts';

const POLICIES = 'validatingadmissionpolicies.admissionregistration.k8s.io';
const BINDINGS = 'validatingadmissionpolicybindings.admissionregistration.k8s.io';
const at = { namespace: 'apps' };
const rule = (more: object = {}) => ({
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: ['deployments'],
  ...more,
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

let api: FakeApi;
let warnings: string[];
let annotations: Record<string, string>;
let checks: PolicyCheck[];
beforeEach(async () => {
  warnings = [];
  annotations = {};
  checks = [];
  api = await fakeApi({
    authorizer: ({ verb }) => ({ allowed: verb !== 'forbidden', reason: '' }),
    admissionOver: (objects) => [
      validatingAdmissionPolicy({
        objects,
        kinds: () => registry,
        equivalents: equivalentsOf(() => registry),
        authorizer: ({ verb }) => ({ allowed: verb === 'get', reason: '' }),
        clock: fakeClock(),
        observe: (check) => void checks.push(check),
      }),
    ],
  });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'apps', labels: { env: 'prod' } } } });
});

async function policy(spec: object, binding: object | null = {}, name = 'p') {
  const body = { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule()] }, ...spec } };
  await api.call('create', POLICIES, { body });
  if (binding) {
    const bound = { metadata: { name: `${name}-binding` }, spec: { policyName: name, validationActions: ['Deny'], ...binding } };
    await api.call('create', BINDINGS, { body: bound });
  }
  await settled();
}
const deployment = (replicas: number, name = 'web') => ({
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  },
});
const create = (replicas: number, name?: string) => {
  const request: ApiRequest = {
    verb: 'create',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    ...at,
    body: deployment(replicas, name),
  };
  const context = {
    user: { name: 'alice', groups: ['dev'] },
    signal: new AbortController().signal,
    warn: (message: string) => void warnings.push(message),
    annotate: (key: string, value: string) => {
      annotations[key] = value;
    },
  };
  return api.handler.request(request, context);
};
const small = { validations: [{ expression: 'object.spec.replicas <= 5' }] };

describe('checks', () => {
  const about = { policy: 'p', binding: 'p-binding', seconds: 0 };

  it('are told with what the binding makes of them, and none that hold', async () => {
    await policy(small, { validationActions: ['Warn', 'Audit'] });
    await create(2);
    await create(9, 'other');
    expect(checks).toEqual(['warn', 'audit'].map((action) => ({ ...about, error: 'invalid_error', action })));
  });

  it('that failed are told even where failures are ignored', async () => {
    await policy({ validations: [{ expression: 'object.spec.nope > 1' }], failurePolicy: 'Ignore' });
    await create(2);
    expect(checks).toMatchObject([{ ...about, action: 'allow' }]);
  });
});

describe('a policy', () => {
  it('refuses what its expressions do not hold for, in the words of upstream', async () => {
    await policy(small);
    await create(5);
    const why = "ValidatingAdmissionPolicy 'p' with binding 'p-binding' denied request: failed expression: object.spec.replicas <= 5";
    await expect(create(6, 'big')).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `deployments.apps "big" is forbidden: ${why}`,
      details: { name: 'big', group: 'apps', kind: 'deployments', causes: [{ message: why }] },
    });
  });

  it('says what its author wants said, with the reason that is given', async () => {
    const expression = 'object.spec.replicas <= 5';
    await policy({
      validations: [
        { expression, message: 'too many', messageExpression: "'at most 5, got ' + string(object.spec.replicas)", reason: 'Forbidden' },
      ],
    });
    await expect(create(7)).rejects.toMatchObject({ code: 403, reason: 'Forbidden', message: /denied request: at most 5, got 7$/ });
  });

  it('falls back to the fixed message when the computed one fails', async () => {
    await policy({ validations: [{ expression: 'false', message: 'fixed', messageExpression: 'object.nope' + ' + ""' }] });
    await expect(create(1)).rejects.toThrow(/denied request: fixed$/);
  });

  it('does nothing without a binding, and nothing after it is gone', async () => {
    await policy(small, null);
    await create(6);
    await policy(small, {}, 'q');
    await expect(create(6, 'b')).rejects.toThrow("ValidatingAdmissionPolicy 'q'");
    await api.call('delete', POLICIES, { name: 'q' });
    await settled();
    await create(6, 'c');
  });

  it('fails requests when it cannot be evaluated, unless it is told to ignore that', async () => {
    await policy({ validations: [{ expression: 'object.spec.nope > 1' }] });
    await expect(create(1)).rejects.toThrow("denied request: expression 'object.spec.nope > 1' resulted in error: no such key: nope");
    await api.call('delete', POLICIES, { name: 'p' });
    await policy({ validations: [{ expression: 'object.spec.nope > 1' }], failurePolicy: 'Ignore' }, {}, 'q');
    await create(1);
  });

  it('ends when it costs too much', async () => {
    const loop = '[1,2,3,4,5,6,7,8,9,10]';
    const expression = `${loop}.all(a, ${loop}.all(b, ${loop}.all(c, ${loop}.all(d, ${loop}.all(e, ${loop}.all(f, true))))))`;
    await policy({ validations: [{ expression }] });
    await expect(create(1)).rejects.toThrow('operation cancelled: actual cost limit exceeded');
  });

  it('computes variables when they are used', async () => {
    const variables = [
      { name: 'containers', expression: 'object.spec.template.spec.containers' },
      { name: 'images', expression: 'variables.containers.map(c, c.image)' },
      { name: 'broken', expression: 'object.nope' },
    ];
    await policy({ variables, validations: [{ expression: "variables.images == ['x'] || variables.broken" }] });
    await create(1);
    await policy({ variables, validations: [{ expression: 'variables.broken == 1' }] }, {}, 'q');
    await expect(create(1, 'b')).rejects.toThrow(
      `expression 'variables.broken == 1' resulted in error: composited variable "broken" fails to evaluate: no such key: nope`,
    );
  });

  it('is asked only when its match conditions hold', async () => {
    await policy({ ...small, matchConditions: [{ name: 'not-alice', expression: "request.userInfo.username != 'alice'" }] });
    await create(6);
  });

  it('may ask what the requester may do', async () => {
    await policy({ validations: [{ expression: "authorizer.group('').resource('pods').check('get').allowed()" }] });
    await create(1);
    await policy({ validations: [{ expression: "authorizer.requestResource.check('delete').allowed()", message: 'no' }] }, {}, 'q');
    await expect(create(1, 'b')).rejects.toThrow(/denied request: no$/);
  });

  it('knows the namespace, the old object and deletions', async () => {
    const rules = { matchConstraints: { resourceRules: [rule({ operations: ['*'] })] } };
    const expression =
      "namespaceObject.metadata.labels.env == 'prod' && (request.operation != 'DELETE' || (object == null && oldObject.spec.replicas < 3))";
    await policy({ ...rules, validations: [{ expression, message: 'no' }] });
    await create(2);
    await create(4, 'big');
    await api.call('delete', 'deployments.apps', { ...at, name: 'web' });
    await expect(api.call('delete', 'deployments.apps', { ...at, name: 'big' })).rejects.toThrow(/denied request: no$/);
  });
});

describe('a binding', () => {
  it('warns and audits instead of refusing', async () => {
    await policy(small, { validationActions: ['Warn', 'Audit'] });
    await create(6);
    const message = 'failed expression: object.spec.replicas <= 5';
    expect(warnings).toEqual([`Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-binding': ${message}`]);
    expect(JSON.parse(annotations['validation.policy.admission.k8s.io/validation_failure'] ?? '')).toEqual([
      { message, policy: 'p', binding: 'p-binding', expressionIndex: 0, validationActions: ['Warn', 'Audit'] },
    ]);
  });

  it('publishes audit annotations', async () => {
    const auditAnnotations = [
      { key: 'replicas', valueExpression: "'is ' + string(object.spec.replicas)" },
      { key: 'none', valueExpression: 'null' },
    ];
    await policy({ auditAnnotations });
    await create(3);
    expect(annotations).toEqual({ 'p/replicas': 'is 3' });
  });

  it('narrows what the policy is for', async () => {
    await policy(small, { matchResources: { namespaceSelector: { matchLabels: { env: 'dev' } } } });
    await create(6);
    await policy(small, { matchResources: { namespaceSelector: { matchLabels: { env: 'prod' } } } }, 'q');
    await expect(create(6, 'b')).rejects.toThrow("ValidatingAdmissionPolicy 'q'");
  });

  it('leaves out names and resources that are excluded', async () => {
    await policy({ ...small, matchConstraints: { resourceRules: [rule()], excludeResourceRules: [rule({ resourceNames: ['free'] })] } });
    await create(6, 'free');
    await expect(create(6, 'bound')).rejects.toMatchObject({ code: 422 });
  });
});

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const withParams = {
    paramKind,
    validations: [{ expression: 'object.spec.replicas <= int(params.data.max)', messageExpression: "'max ' + params.data.max" }],
  };
  const configMap = (name: string, max: string, namespace = 'apps') =>
    api.call('create', 'configmaps', { namespace, body: { metadata: { name, labels: { limits: 'yes' } }, data: { max } } });

  it('are found by name, in the namespace of the request or the one that is given', async () => {
    await configMap('limit', '3');
    await policy(withParams, { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } });
    await create(3);
    await expect(create(4, 'b')).rejects.toThrow(/denied request: max 3$/);
  });

  it('are all asked when a selector finds them', async () => {
    await configMap('a', '5');
    await configMap('b', '3');
    await policy(withParams, { paramRef: { selector: { matchLabels: { limits: 'yes' } }, parameterNotFoundAction: 'Deny' } });
    await expect(create(4)).rejects.toThrow(/denied request: max 3$/);
    await create(2);
  });

  it('that are missing refuse or allow, as the binding says', async () => {
    await policy(withParams, { paramRef: { name: 'limit', parameterNotFoundAction: 'Allow' } });
    await create(9);
    await policy(withParams, { paramRef: { name: 'limit', parameterNotFoundAction: 'Deny' } }, 'q');
    await expect(create(9, 'b')).rejects.toThrow(
      "ValidatingAdmissionPolicy 'q' with binding 'q-binding' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    );
  });

  it('are null where a binding has none', async () => {
    await policy({ paramKind, validations: [{ expression: 'params == null' }] });
    await create(1);
  });

  it('of a kind that nothing serves refuse', async () => {
    await policy(
      { ...withParams, paramKind: { apiVersion: 'rules.example.com/v1', kind: 'ReplicaLimit' } },
      { paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } },
    );
    await expect(create(1)).rejects.toThrow(
      "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'rules.example.com/v1, Kind=ReplicaLimit'",
    );
  });
});

it('policies are not asked about policies', async () => {
  await policy({
    matchConstraints: { resourceRules: [rule({ apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'] })] },
    validations: [{ expression: 'false' }],
  });
  await expect(create(1)).rejects.toMatchObject({ code: 422 });
  await api.call('delete', POLICIES, { name: 'p' });
});

it('is asked about configurations of webhooks, and not about policies', async () => {
  const every = { apiGroups: ['admissionregistration.k8s.io'], apiVersions: ['*'], operations: ['*'], resources: ['*'] };
  await policy({ matchConstraints: { resourceRules: [every] }, validations: [{ expression: 'false', message: 'no' }] });
  const body = { metadata: { name: 'w' }, webhooks: [] };
  for (const kind of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'])
    await expect(api.call('create', `${kind}.admissionregistration.k8s.io`, { body })).rejects.toThrow('denied request: no');
  await policy({ validations: [{ expression: 'true' }] }, {}, 'other');
});

it('is told of a collection that is deleted, not of the names in it', async () => {
  await policy({
    matchConstraints: { resourceRules: [rule({ operations: ['DELETE'] })] },
    validations: [{ expression: 'oldObject.metadata.name == "other"', messageExpression: 'has(request.name) ? "by name" : "no name"' }],
  });
  await create(1);
  const alone = api.call('delete', 'deployments.apps', { ...at, name: 'web' });
  await expect(alone).rejects.toThrow(/^deployments.apps "web" is forbidden: .* denied request: by name$/);
  const all = api.call('deletecollection', 'deployments.apps', at);
  await expect(all).rejects.toThrow(/^deployments.apps "Unknown" is forbidden: .* denied request: no name$/);
});
