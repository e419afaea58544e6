import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { PolicyRule } from '../../api/schema/generated/types.ts';
import { fakeReader } from '../fake-reader.ts';
import type { AuthorizationAttributes, UserInfo } from '../ports.ts';
import { openAuthorizers } from './chain.ts';
import { missingRules, showRule } from './escalation-plan.ts';
import { ruleAllows } from './rules-plan.ts';

const ask = (user: UserInfo, text: string, more: { namespace?: string; name?: string } = {}): AuthorizationAttributes => {
  const [verb = '', what = ''] = text.split(' ');
  if (what.startsWith('/')) return { user, verb, path: what };
  const [full = '', subresource = ''] = what.split('/');
  const [resource = '', ...group] = full.split('.');
  return { user, verb, group: group.join('.'), version: 'v1', resource, subresource, namespace: '', name: '', ...more };
};
const alice: UserInfo = { name: 'alice', groups: ['dev', 'system:authenticated'] };
const robot: UserInfo = { name: 'system:serviceaccount:ci:robot', groups: ['system:serviceaccounts'] };

const role = (name: string, rules: PolicyRule[], more: object = {}): KubeObject =>
  ({ kind: 'ClusterRole', metadata: { name, ...('labels' in more ? { labels: more.labels } : {}) }, rules, ...more }) as KubeObject;
const bind = (name: string, ref: string, subject: object, namespace?: string): KubeObject =>
  ({
    metadata: { name, namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: ref },
    subjects: [subject],
  }) as KubeObject;

const RB = 'rbac.authorization.k8s.io';
const rules = (...verbs: string[]): PolicyRule[] => [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs }];

describe('RBAC', () => {
  const world = () =>
    fakeReader({
      [`clusterroles.${RB}`]: [
        role('reader', rules('get', 'list')),
        role('web', [{ nonResourceURLs: ['/healthz', '/api/*'], verbs: ['get'] }]),
      ],
      [`clusterrolebindings.${RB}`]: [
        bind('web', 'web', { kind: 'Group', name: 'dev' }),
        bind('lost', 'nowhere', { kind: 'User', name: 'bob' }),
      ],
      [`rolebindings.${RB}`]: [
        bind('readers', 'reader', { kind: 'User', name: 'alice' }, 'shop'),
        bind('robots', 'reader', { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' }, 'shop'),
      ],
    });

  it('allows what a role binding grants, in its namespace alone, and says why', async () => {
    const { authorizer } = openAuthorizers(world());
    expect(await authorizer(ask(alice, 'get pods', { namespace: 'shop', name: 'a' }))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "readers/shop" of ClusterRole "reader" to User "alice"',
    });
    expect(await authorizer(ask(alice, 'get pods', { namespace: 'bank' }))).toEqual({ allowed: false, reason: '' });
    expect(await authorizer(ask(alice, 'list pods'))).toMatchObject({ allowed: false });
    expect(await authorizer(ask(alice, 'get pods/exec', { namespace: 'shop' }))).toMatchObject({ allowed: false });
    expect(await authorizer(ask(alice, 'get pods/log', { namespace: 'shop' }))).toMatchObject({ allowed: true });
  });

  it('knows service accounts by name and namespace', async () => {
    const { authorizer } = openAuthorizers(world());
    expect(await authorizer(ask(robot, 'list pods', { namespace: 'shop' }))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "robots/shop" of ClusterRole "reader" to ServiceAccount "robot/ci"',
    });
  });

  it('matches paths exactly or by a trailing star', async () => {
    const { authorizer } = openAuthorizers(world());
    for (const path of ['/healthz', '/api/', '/api/v1/x'])
      expect(await authorizer(ask(alice, `get ${path}`)), path).toMatchObject({ allowed: true });
    for (const path of ['/healthz/x', '/apis', '/api'])
      expect(await authorizer(ask(alice, `get ${path}`)), path).toMatchObject({ allowed: false });
  });

  it('names a role that a binding refers to in vain', async () => {
    const { authorizer } = openAuthorizers(world());
    expect(await authorizer(ask({ name: 'bob', groups: [] }, 'get pods'))).toEqual({
      allowed: false,
      reason: 'RBAC: clusterrole.rbac.authorization.k8s.io "nowhere" not found',
    });
  });

  it('follows changes at once', async () => {
    const reader = world();
    const { authorizer } = openAuthorizers(reader);
    expect(await authorizer(ask(alice, 'delete pods', { namespace: 'shop' }))).toMatchObject({ allowed: false });
    reader.set(`clusterroles.${RB}`, [role('reader', rules('delete'))]);
    expect(await authorizer(ask(alice, 'delete pods', { namespace: 'shop' }))).toMatchObject({ allowed: true });
  });

  it('grants through aggregation, also of aggregates, and stops at loops', async () => {
    const select = (key: string) => ({ aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [key]: 'true' } }] } });
    const { authorizer } = openAuthorizers(
      fakeReader({
        [`clusterroles.${RB}`]: [
          role('admin', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], { ...select('to-admin'), labels: { 'to-view': 'true' } }),
          role('view', [], { ...select('to-view'), labels: { 'to-admin': 'true' } }),
          role('crd-view', rules('watch'), { labels: { 'to-view': 'true' } }),
        ],
        [`clusterrolebindings.${RB}`]: [bind('a', 'admin', { kind: 'User', name: 'alice' })],
      }),
    );
    expect(await authorizer(ask(alice, 'watch pods'))).toMatchObject({ allowed: true });
    // The stored rules of an aggregated role count for nothing.
    expect(await authorizer(ask(alice, 'delete secrets'))).toMatchObject({ allowed: false });
  });

  it('lets the group system:masters do everything', async () => {
    const { authorizer } = openAuthorizers(fakeReader({}));
    expect(await authorizer(ask({ name: 'x', groups: ['system:masters'] }, 'delete nodes'))).toMatchObject({ allowed: true });
  });
});

describe('a rule', () => {
  const rule = (more: Partial<PolicyRule>): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: ['pods'], ...more });
  const request = { verb: 'get', group: '', resource: 'pods', subresource: '', name: 'a' };
  it('does not reach subresources unless it names them', () => {
    expect(ruleAllows(rule({}), { ...request, subresource: 'log' })).toBe(false);
    expect(ruleAllows(rule({ resources: ['*/log'] }), { ...request, subresource: 'log' })).toBe(true);
    expect(ruleAllows(rule({ resources: ['*/log'] }), request)).toBe(false);
    expect(ruleAllows(rule({ resources: ['*'] }), { ...request, subresource: 'log' })).toBe(true);
  });
  it('holds for the names that it lists, and not for requests without a name', () => {
    expect(ruleAllows(rule({ resourceNames: ['a'] }), request)).toBe(true);
    expect(ruleAllows(rule({ resourceNames: ['a'] }), { ...request, name: '' })).toBe(false);
    expect(ruleAllows(rule({ resourceNames: [] }), request)).toBe(true);
  });
});

describe('the node authorizer', () => {
  const node: UserInfo = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
  const pod = (name: string, nodeName: string, secretName: string): KubeObject =>
    ({
      metadata: { name, namespace: 'shop' },
      spec: {
        nodeName,
        containers: [{ name: 'c', envFrom: [{ configMapRef: { name: 'env' } }] }],
        volumes: [{ name: 'v', secret: { secretName } }],
      },
    }) as KubeObject;
  const { authorizer } = openAuthorizers(fakeReader({ pods: [pod('mine', 'n1', 'mine'), pod('theirs', 'n2', 'theirs')] }));
  const may = async (text: string, namespace: string, name: string) => (await authorizer(ask(node, text, { namespace, name }))).allowed;

  it('lets a node read what its own pods refer to and nothing else', async () => {
    expect(await may('get secrets', 'shop', 'mine')).toBe(true);
    expect(await may('watch configmaps', 'shop', 'env')).toBe(true);
    expect(await may('get secrets', 'shop', 'theirs')).toBe(false);
    expect(await may('get secrets', 'bank', 'mine')).toBe(false);
    expect(await may('list secrets', 'shop', '')).toBe(false);
    expect(await may('update secrets', 'shop', 'mine')).toBe(false);
  });

  it('says that it found no relationship', async () => {
    expect(await authorizer(ask(node, 'get secrets', { namespace: 'shop', name: 'theirs' }))).toEqual({
      allowed: false,
      reason: "no relationship found between node 'n1' and this object",
    });
  });

  it('leaves what only a body shows to admission, and keeps a node to its own lease and accounts', async () => {
    for (const text of ['patch nodes/status', 'update nodes', 'create nodes']) expect(await may(text, '', 'n2'), text).toBe(true);
    for (const text of ['patch pods/status', 'create pods/eviction', 'delete pods'])
      expect(await may(text, 'shop', 'theirs'), text).toBe(true);
    for (const [name, expected] of [
      ['n1', true],
      ['n2', false],
    ] as const) {
      expect(await may('update leases.coordination.k8s.io', 'kube-node-lease', name)).toBe(expected);
      expect(await may('get nodes', '', name)).toBe(expected);
    }
    expect(await may('delete nodes', '', 'n1')).toBe(false);
    expect(await may('create serviceaccounts/token', 'shop', 'default')).toBe(true);
    expect(await may('create serviceaccounts/token', 'shop', 'admin')).toBe(false);
    expect(await may('get serviceaccounts', 'shop', 'default')).toBe(true);
    expect(await may('get pods', 'shop', 'theirs')).toBe(false);
  });

  it('lets a node list its own pods and slices alone, which selectors show', async () => {
    const list = (text: string, field: string, value: string) =>
      authorizer({ ...ask(node, text), fields: [{ field, op: '=', value }] } as AuthorizationAttributes);
    expect(await list('watch pods', 'spec.nodeName', 'n1')).toMatchObject({ allowed: true });
    expect(await list('watch pods', 'spec.nodeName', 'n2')).toMatchObject({
      allowed: false,
      reason: 'can only list/watch pods with spec.nodeName field selector',
    });
    expect(await list('list resourceslices.resource.k8s.io', 'spec.nodeName', 'n1')).toMatchObject({ allowed: true });
    expect(await authorizer(ask(node, 'list nodes'))).toMatchObject({
      allowed: false,
      reason: "node 'n1' cannot read all nodes, only its own Node object",
    });
  });

  it('follows claims to volumes and to the secrets that these need, and attachments to their node', async () => {
    const claimed = {
      metadata: { name: 'db', namespace: 'shop' },
      spec: { nodeName: 'n1', containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
    } as KubeObject;
    const csi = {
      driver: 'd',
      volumeHandle: 'h',
      nodePublishSecretRef: { name: 'key', namespace: 'storage' },
      controllerPublishSecretRef: { name: 'root', namespace: 'storage' },
    };
    const world = openAuthorizers(
      fakeReader({
        pods: [claimed],
        persistentvolumeclaims: [{ metadata: { name: 'data', namespace: 'shop' } } as KubeObject],
        persistentvolumes: [
          { metadata: { name: 'pv1' }, spec: { claimRef: { name: 'data', namespace: 'shop' }, csi } } as KubeObject,
          { metadata: { name: 'pv2' }, spec: { claimRef: { name: 'other', namespace: 'shop' } } } as KubeObject,
        ],
        'volumeattachments.storage.k8s.io': [{ metadata: { name: 'va' }, spec: { nodeName: 'n1' } } as KubeObject],
      }),
    ).authorizer;
    const mayThere = async (text: string, namespace: string, name: string) => (await world(ask(node, text, { namespace, name }))).allowed;
    expect(await mayThere('get persistentvolumeclaims', 'shop', 'data')).toBe(true);
    expect(await mayThere('patch persistentvolumeclaims/status', 'shop', 'data')).toBe(true);
    expect(await mayThere('get persistentvolumes', '', 'pv1')).toBe(true);
    expect(await mayThere('get persistentvolumes', '', 'pv2')).toBe(false);
    expect(await mayThere('get secrets', 'storage', 'key')).toBe(true);
    expect(await mayThere('get secrets', 'storage', 'other')).toBe(false);
    expect(await mayThere('get secrets', 'storage', 'root')).toBe(false);
    expect(await mayThere('get volumeattachments.storage.k8s.io', '', 'va')).toBe(true);
  });

  it('treats the name alone, without the group, as nobody special', async () => {
    expect(await authorizer(ask({ ...node, groups: [] }, 'get secrets', { namespace: 'shop', name: 'mine' }))).toEqual({
      allowed: false,
      reason: '',
    });
  });
});

describe('the escalation check', () => {
  const word = (...values: string[]) => fc.subarray(values, { minLength: 1 });
  const anyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
    fc.record({
      verbs: word('get', 'list', '*'),
      apiGroups: word('', 'apps', '*'),
      resources: word('pods', 'pods/log', '*', '*/log'),
      resourceNames: fc.subarray(['a', 'b']),
    }),
    fc.record({ verbs: word('get', '*'), nonResourceURLs: word('/a', '/a/*', '*') }),
  );
  const anyRequest = fc.oneof(
    fc.record({
      verb: fc.constantFrom('get', 'list', 'delete'),
      group: fc.constantFrom('', 'apps', 'batch'),
      resource: fc.constantFrom('pods', 'jobs'),
      subresource: fc.constantFrom('', 'log'),
      name: fc.constantFrom('', 'a', 'c'),
    }),
    fc.record({ verb: fc.constantFrom('get', 'put'), path: fc.constantFrom('/a', '/a/b', '/c') }),
  );

  it('never passes a rule that allows a request which the owner may not make', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 4 }), anyRule, anyRequest, (owned, wanted, request) => {
        if (missingRules(owned, [wanted]).length > 0 || !ruleAllows(wanted, request)) return;
        expect(owned.some((rule) => ruleAllows(rule, request))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('finds nothing missing from rules that the owner holds', () => {
    fc.assert(fc.property(fc.array(anyRule, { maxLength: 4 }), (held) => void expect(missingRules(held, held)).toEqual([])));
  });

  it('shows what is missing as upstream does', () => {
    const wanted = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'delete', 'list'] };
    const missing = missingRules([{ ...wanted, verbs: ['get'] }], [wanted]);
    expect(missing.map(showRule)).toEqual(['{APIGroups:[""], Resources:["pods"], Verbs:["delete" "list"]}']);
  });
});
