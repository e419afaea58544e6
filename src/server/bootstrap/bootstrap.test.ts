import { beforeEach, describe, expect, it } from 'vitest';
import { resourceId } from '../../api/define.ts';
import { registry } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ClusterRole, ClusterRoleBinding, Endpoints } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { silentLogger } from '../../base/logger.ts';
import { StoreError } from '../../store/store.ts';
import { openAuthorizers } from '../authz/chain.ts';
import { type FakeReader, fakeReader } from '../fake-reader.ts';
import type { UserInfo } from '../ports.ts';
import { bootstrap } from './bootstrap.ts';
import { rbacObjects } from './rbac-objects-plan.ts';
import { parseRule } from './rule-notation-plan.ts';

const ROLES = 'clusterroles.rbac.authorization.k8s.io';
const BINDINGS = 'clusterrolebindings.rbac.authorization.k8s.io';
const address = { serviceIp: '10.43.0.1', servicePort: 443, advertiseAddress: '192.0.2.7', advertisePort: 6443 };

describe('bootstrap', () => {
  let reader: FakeReader;
  let requests: ApiRequest[];
  beforeEach(() => {
    reader = fakeReader({});
    requests = [];
  });
  const write = async (request: ApiRequest) => {
    requests.push(request);
    const id = resourceId({ group: request.group, plural: request.resource });
    const others = reader
      .list(id)
      .filter((o) => o.metadata?.name !== request.name || (o.metadata?.namespace ?? '') !== (request.namespace ?? ''));
    reader.set(id, request.verb === 'delete' ? others : [...others, request.body as KubeObject]);
  };
  const run = (more: Partial<Parameters<typeof bootstrap>[0]> = {}) =>
    bootstrap({
      write,
      reader,
      address,
      pki: { caPem: 'ca', frontProxyCaPem: 'fp' },
      log: silentLogger,
      signal: new AbortController().signal,
      ...more,
    });
  /** `resource` may name a subresource: `pods/status`. */
  const allowed = async (user: UserInfo, verb: string, named: string, group = '', namespace = 'shop') => {
    const [resource = '', subresource = ''] = named.split('/');
    using authorizers = openAuthorizers(reader);
    return (await authorizers.authorizer({ user, verb, group, version: 'v1', resource, subresource, namespace, name: '' })).allowed;
  };
  const account = (name: string): UserInfo => ({ name: `system:serviceaccount:kube-system:${name}`, groups: ['system:authenticated'] });

  it('writes every default object once, namespaces first, and nothing on the next start', async () => {
    const { written } = await run();
    expect(written).toBeGreaterThan(120);
    expect(written).toBe(requests.length);
    expect(requests.slice(0, 4).map((r) => r.name)).toEqual(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
    expect(await run()).toEqual({ written: 0 });
  });

  it('writes all others when one cannot be read', async () => {
    const unreadable = new StoreError('Unreadable', 'unable to transform key');
    const half: FakeReader = {
      ...reader,
      get(id, namespace, name) {
        if (name === 'catch-all') throw unreadable;
        return reader.get(id, namespace, name);
      },
    };
    const { written } = await run({ reader: half });
    expect(written).toBeGreaterThan(120);
    expect(requests.some(({ name }) => name === 'catch-all')).toBe(false);
  });

  it('writes kinds that the API has', async () => {
    await run();
    for (const { group, version, resource } of requests) expect(registry.find(group, version, resource), resource).toBeDefined();
  });

  it('leads the kubernetes service to the advertised address, also after it changed', async () => {
    await run();
    await run({ address: { ...address, advertiseAddress: '192.0.2.8' } });
    expect(reader.get<Endpoints>('endpoints', 'default', 'kubernetes')?.subsets?.[0]?.addresses).toEqual([{ ip: '192.0.2.8' }]);
    expect(reader.get('endpointslices.discovery.k8s.io', 'default', 'kubernetes')).toMatchObject({
      endpoints: [{ addresses: ['192.0.2.8'] }],
    });
  });

  it('mends roles that lost rules and keeps what users added', async () => {
    await run();
    const role = reader.get<ClusterRole>(ROLES, '', 'system:kube-dns') as ClusterRole;
    const added = { apiGroups: ['example.org'], resources: ['zones'], verbs: ['get'] };
    reader.set(ROLES, [...reader.list(ROLES).filter((each) => each !== role), { ...role, rules: [added] } as KubeObject]);
    expect(await run()).toEqual({ written: 1 });
    const rules = reader.get<ClusterRole>(ROLES, '', 'system:kube-dns')?.rules;
    expect(rules?.[0]).toEqual(added);
    expect(rules).toHaveLength(3);
  });

  it('leaves roles alone whose autoupdate annotation says false', async () => {
    await run();
    const others = reader.list(ROLES).filter((each) => each.metadata?.name !== 'view');
    const view = {
      metadata: { name: 'view', annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' } },
      rules: [],
    } as KubeObject;
    reader.set(ROLES, [...others, view]);
    expect(await run()).toEqual({ written: 0 });
  });

  it('adds subjects that a binding lost, and replaces one that leads elsewhere', async () => {
    await run();
    const change = (name: string, more: object) =>
      reader.set(
        BINDINGS,
        reader.list(BINDINGS).map((each) => (each.metadata?.name === name ? { ...each, ...more } : each)),
      );
    change('system:discovery', { subjects: [{ kind: 'Group', name: 'mine' }] });
    change('cluster-admin', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' } });
    await run();
    const subjects = reader.get<ClusterRoleBinding>(BINDINGS, '', 'system:discovery')?.subjects?.map((each) => each.name);
    expect(subjects).toEqual(['mine', 'system:authenticated']);
    expect(reader.get<ClusterRoleBinding>(BINDINGS, '', 'cluster-admin')?.roleRef.name).toBe('cluster-admin');
  });

  it('grants each controller what it needs and no more', async () => {
    await run();
    expect(await allowed(account('deployment-controller'), 'create', 'replicasets', 'apps')).toBe(true);
    expect(await allowed(account('deployment-controller'), 'get', 'secrets')).toBe(false);
    expect(await allowed(account('generic-garbage-collector'), 'delete', 'widgets', 'example.org')).toBe(true);
    const scheduler = { name: 'system:kube-scheduler', groups: [] };
    expect(await allowed(scheduler, 'create', 'bindings')).toBe(true);
    for (const verb of ['update', 'patch']) {
      const binds = (user: UserInfo) => allowed(user, verb, 'resourceclaims/binding', 'resource.k8s.io', '');
      expect([await binds(scheduler), await binds(account('resource-claim-controller'))]).toEqual([true, true]);
      expect(await allowed(scheduler, verb, 'resourceclaims/driver', 'resource.k8s.io')).toBe(false);
    }
  });

  it('lets view read no secrets, edit write them, and only admin bind roles', async () => {
    await run();
    const bound = async (role: string, verb: string, resource: string, group = '') => {
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
      const binding = { metadata: { name: 'b', namespace: 'shop' }, roleRef, subjects: [{ kind: 'User', name: 'jane' }] };
      reader.set('rolebindings.rbac.authorization.k8s.io', [binding as KubeObject]);
      return allowed({ name: 'jane', groups: [] }, verb, resource, group);
    };
    expect(await bound('view', 'get', 'pods')).toBe(true);
    expect(await bound('view', 'get', 'secrets')).toBe(false);
    expect(await bound('edit', 'update', 'secrets')).toBe(true);
    expect(await bound('edit', 'get', 'pods')).toBe(true);
    expect(await bound('edit', 'create', 'rolebindings', 'rbac.authorization.k8s.io')).toBe(false);
    expect(await bound('admin', 'create', 'rolebindings', 'rbac.authorization.k8s.io')).toBe(true);
    expect(await bound('admin', 'list', 'deployments', 'apps')).toBe(true);
  });

  it('binds every role that it binds to one that exists', () => {
    const names = (kind: string) =>
      new Set(rbacObjects().flatMap((o) => (o.kind === kind ? [`${o.metadata?.namespace ?? ''}/${o.metadata?.name}`] : [])));
    const roles = names('Role');
    const clusterRoles = names('ClusterRole');
    for (const object of rbacObjects()) {
      const { roleRef, metadata } = object as ClusterRoleBinding;
      if (!roleRef) continue;
      const known = roleRef.kind === 'Role' ? roles.has(`${metadata?.namespace}/${roleRef.name}`) : clusterRoles.has(`/${roleRef.name}`);
      expect(known, metadata?.name).toBe(true);
    }
  });
});

describe('roles of controllers of kinds that are off by default', () => {
  it('come with the kind', () => {
    const name = 'system:controller:storage-version-migrator-controller';
    const named = (objects: readonly KubeObject[]) => objects.filter(({ metadata }) => metadata?.name === name).map(({ kind }) => kind);
    expect(named(rbacObjects())).toEqual([]);
    expect(named(rbacObjects((id) => id === 'storageversionmigrations.storagemigration.k8s.io'))).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
    ]);
  });
});

describe('the rule notation', () => {
  it('reads groups, resources, names and verbs', () => {
    expect(parseRule('core+apps/pods,pods/log(a,b): read create')).toEqual({
      apiGroups: ['', 'apps'],
      resources: ['pods', 'pods/log'],
      resourceNames: ['a', 'b'],
      verbs: ['get', 'list', 'watch', 'create'],
    });
    expect(parseRule('/healthz,/api/*: get')).toEqual({ nonResourceURLs: ['/healthz', '/api/*'], verbs: ['get'] });
    expect(parseRule('*/*/scale: get')).toEqual({ apiGroups: ['*'], resources: ['*/scale'], verbs: ['get'] });
  });
  it('refuses anything else', () => {
    for (const text of ['', 'pods', 'core/pods', 'core: get']) expect(() => parseRule(text), text).toThrow('not a rule');
  });
});
