import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { PolicyRule } from '../../../api/schema/generated/types.ts';
import { openAuthorizers } from '../../authz/chain.ts';
import { fakeReader } from '../../fake-reader.ts';
import type { AdmissionRequest, UserInfo } from '../../ports.ts';
import { rbacEscalation } from './rbac-escalation.ts';

const GROUP = 'rbac.authorization.k8s.io';
const write = (user: UserInfo, group: string, resource: string, object: KubeObject, old?: KubeObject): AdmissionRequest => ({
  operation: old ? 'UPDATE' : 'CREATE',
  request: { verb: old ? 'update' : 'create', group, version: 'v1', resource, namespace: object.metadata?.namespace },
  object,
  old,
  context: { user, signal: new AbortController().signal, userAgent: 'test', warn: () => {} },
});

describe('the escalation plugin', () => {
  const read: PolicyRule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
  const grantor: PolicyRule = { apiGroups: [GROUP], resources: ['roles'], verbs: ['escalate'] };
  const binder: PolicyRule = { apiGroups: [GROUP], resources: ['clusterroles'], resourceNames: ['big'], verbs: ['bind'] };
  const big: PolicyRule = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
  const role = (name: string, ...rules: PolicyRule[]) => ({ metadata: { name, namespace: 'shop' }, rules }) as KubeObject;
  const binding = (kind: string, name: string) =>
    ({
      metadata: { name: 'b', namespace: 'shop' },
      roleRef: { apiGroup: GROUP, kind, name },
      subjects: [{ kind: 'User', name: 'x' }],
    }) as KubeObject;
  const bound = (user: string, name: string) =>
    ({
      metadata: { name: user },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', name: user }],
    }) as KubeObject;
  const { rbac, authorizer } = openAuthorizers(
    fakeReader({
      [`clusterroles.${GROUP}`]: [role('reader', read), role('grantor', grantor), role('binder', binder), role('big', big)],
      [`clusterrolebindings.${GROUP}`]: [bound('jane', 'reader'), bound('george', 'grantor'), bound('bea', 'binder')],
    }),
  );
  const plugin = rbacEscalation({ rbac, authorizer });
  const check = async (name: string, resource: string, object: KubeObject, old?: KubeObject) =>
    plugin.mutate?.(write({ name, groups: ['dev'] }, GROUP, resource, object, old), false);

  it('lets a user grant what the user holds', async () => {
    await check('jane', 'roles', role('r', read));
    await check('jane', 'rolebindings', binding('ClusterRole', 'reader'));
  });

  it('refuses to bind a role that is not there, and says which one', async () => {
    await expect(check('jane', 'rolebindings', binding('Role', 'nowhere'))).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'rolebindings.rbac.authorization.k8s.io "nowhere" not found',
      details: { name: 'nowhere', group: GROUP, kind: 'rolebindings' },
    });
  });

  it('refuses more, and names what is missing', async () => {
    await expect(check('jane', 'roles', role('r', { ...read, verbs: ['get', 'delete'] }))).rejects.toThrow(
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "jane" (groups=["dev"]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
    );
    await expect(check('jane', 'rolebindings', binding('ClusterRole', 'big'))).rejects.toMatchObject({ code: 403 });
    await expect(check('jane', 'rolebindings', binding('Role', 'nowhere'))).rejects.toMatchObject({ code: 404 });
  });

  it('lets through who may escalate or bind', async () => {
    await check('george', 'roles', role('r', big));
    await check('bea', 'rolebindings', binding('ClusterRole', 'big'));
    await expect(check('bea', 'roles', role('r', big))).rejects.toMatchObject({ code: 403 });
  });

  it('lets anyone change what the garbage collector changes, and no more', async () => {
    const changed = (metadata: object) => ({ ...role('r', big), metadata: { ...role('r').metadata, ...metadata } });
    await check('jane', 'roles', changed({ finalizers: ['a/b'] }), role('r', big));
    await expect(check('jane', 'roles', changed({ labels: { a: 'b' } }), role('r', big))).rejects.toMatchObject({ code: 403 });
  });

  it('lets a ClusterRole be bound within a namespace by whoever may there', async () => {
    const binders = { metadata: { name: 'b', namespace: 'shop' }, roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'binder' } };
    const local = openAuthorizers(
      fakeReader({
        [`clusterroles.${GROUP}`]: [role('binder', binder), role('big', big)],
        [`rolebindings.${GROUP}`]: [{ ...binders, subjects: [{ kind: 'User', name: 'lea' }] } as KubeObject],
      }),
    );
    const lea = { name: 'lea', groups: [] };
    await rbacEscalation(local).mutate?.(write(lea, GROUP, 'rolebindings', binding('ClusterRole', 'big')), false);
  });

  it('knows no other roles', async () => {
    await expect(check('jane', 'rolebindings', binding('Rule', 'r'))).rejects.toMatchObject({
      code: 500,
      message: 'unsupported role reference kind: "Rule"',
    });
  });

  it('holds an aggregation rule for all rules there are', async () => {
    const aggregated = { ...role('r'), aggregationRule: { clusterRoleSelectors: [{}] } };
    await expect(check('jane', 'clusterroles', aggregated)).rejects.toThrow(
      'clusterroles.rbac.authorization.k8s.io "r" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
  });
});
