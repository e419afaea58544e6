import { describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../ports.ts';
import { asksToImpersonate, impersonationIn, impersonator } from './impersonation.ts';

const jane: UserInfo = { name: 'jane', groups: ['dev'] };
const listPods = (user: UserInfo): AuthorizationAttributes => ({
  user,
  verb: 'list',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'shop',
  name: '',
});
const say = (a: AuthorizationAttributes) =>
  a.path === undefined
    ? `${a.verb} ${a.resource}${a.subresource && `/${a.subresource}`}${a.group && `.${a.group}`} ${a.namespace && `${a.namespace}/`}${a.name}`.trim()
    : `${a.verb} ${a.path}`;
/** Allows what is listed, and writes down what it was asked. */
function only(...allowed: string[]): { authorizer: Authorizer; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    authorizer: (attributes) => {
      asked.push(say(attributes));
      return { allowed: allowed.includes('*') || allowed.includes(say(attributes)), reason: '' };
    },
  };
}
const as = async (headers: Record<string, string[]>, authorizer: Authorizer, user = jane) => {
  const wanted = impersonationIn(headers);
  const found = wanted && (await impersonator(authorizer)(wanted, listPods(user)));
  if (!found) return undefined;
  const { impersonatedBy, ...other } = found;
  expect(impersonatedBy).toBe(user);
  return other;
};

describe('impersonation', () => {
  it('is not asked for by requests without its headers', async () => {
    expect(asksToImpersonate({ accept: '*/*' })).toBe(false);
    expect(asksToImpersonate({ 'impersonate-extra-a': 'b' })).toBe(true);
    expect(await as({ accept: ['*/*'] }, only().authorizer)).toBeUndefined();
  });

  it('takes every part from its header', async () => {
    const headers = {
      'impersonate-user': ['bob'],
      'impersonate-group': ['a', 'b, c'],
      'impersonate-extra-acme.io%2fteam': ['x', 'y'],
      'impersonate-uid': ['7'],
    };
    expect(await as(headers, only('*').authorizer)).toEqual({
      name: 'bob',
      uid: '7',
      groups: ['a', 'b, c', 'system:authenticated'],
      extra: { 'acme.io/team': ['x', 'y'] },
    });
  });

  it('is refused without a user name', async () => {
    await expect(as({ 'impersonate-group': ['a'] }, only('*').authorizer)).rejects.toMatchObject({
      code: 400,
      message:
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} without impersonating a user name',
    });
  });

  it('asks for each part with the verb impersonate, as it always did', async () => {
    const { authorizer, asked } = only(
      'impersonate users bob',
      'impersonate groups a',
      'impersonate uids.authentication.k8s.io 7',
      'impersonate userextras/team.authentication.k8s.io x',
    );
    const headers = { 'impersonate-user': ['bob'], 'impersonate-group': ['a'], 'impersonate-uid': ['7'], 'impersonate-extra-team': ['x'] };
    expect(await as(headers, authorizer)).toMatchObject({ name: 'bob', uid: '7' });
    expect(asked).toEqual([
      'impersonate-on:user-info:list pods shop/',
      'impersonate users bob',
      'impersonate uids.authentication.k8s.io 7',
      'impersonate groups a',
      'impersonate userextras/team.authentication.k8s.io x',
    ]);
  });

  it('is refused with what the most constrained way lacks', async () => {
    await expect(as({ 'impersonate-user': ['bob'] }, only().authorizer)).rejects.toMatchObject({
      code: 403,
      message:
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "shop"',
    });
  });

  it('may be granted for one verb on one resource', async () => {
    const { authorizer } = only('impersonate-on:user-info:list pods shop/', 'impersonate:user-info users.authentication.k8s.io bob');
    expect(await as({ 'impersonate-user': ['bob'] }, authorizer)).toEqual({ name: 'bob', groups: ['system:authenticated'] });
    await expect(as({ 'impersonate-user': ['bob'], 'impersonate-group': ['x'] }, authorizer)).rejects.toMatchObject({ code: 403 });
  });

  it('of service accounts and nodes knows their groups', async () => {
    const account = only(
      'impersonate-on:serviceaccount:list pods shop/',
      'impersonate:serviceaccount serviceaccounts.authentication.k8s.io ci/robot',
    );
    expect(await as({ 'impersonate-user': ['system:serviceaccount:ci:robot'] }, account.authorizer)).toEqual({
      name: 'system:serviceaccount:ci:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
    });
    const node = only('impersonate-on:arbitrary-node:list pods shop/', 'impersonate:arbitrary-node nodes.authentication.k8s.io n1');
    expect(await as({ 'impersonate-user': ['system:node:n1'] }, node.authorizer)).toEqual({
      name: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
    });
  });

  it('lets a service account be its own node, where it may be that', async () => {
    const agent = (node: string): UserInfo => ({
      name: 'system:serviceaccount:ci:agent',
      groups: [],
      extra: { 'authentication.kubernetes.io/node-name': [node] },
    });
    const { authorizer } = only(
      'impersonate-on:associated-node:list pods shop/',
      'impersonate:associated-node nodes.authentication.k8s.io *',
    );
    expect(await as({ 'impersonate-user': ['system:node:n1'] }, authorizer, agent('n1'))).toMatchObject({ name: 'system:node:n1' });
    await expect(as({ 'impersonate-user': ['system:node:n1'] }, authorizer, agent('n2'))).rejects.toMatchObject({ code: 403 });
  });

  it('in a constrained way never makes anybody a master', async () => {
    const { authorizer } = only(
      'impersonate-on:user-info:list pods shop/',
      'impersonate:user-info users.authentication.k8s.io bob',
      'impersonate:user-info groups.authentication.k8s.io system:masters',
    );
    await expect(as({ 'impersonate-user': ['bob'], 'impersonate-group': ['system:masters'] }, authorizer)).rejects.toThrow(
      'impersonating the system:masters group is not allowed',
    );
  });

  it('says what the way lacks that last led on, once one did', async () => {
    const asked = impersonator(only('impersonate users bob').authorizer);
    const refused = (headers: Record<string, string[]>) =>
      Promise.resolve(impersonationIn(headers)).then((wanted) => wanted && asked(wanted, listPods(jane)));
    const groups = { 'impersonate-user': ['bob'], 'impersonate-group': ['a'] };
    await expect(refused(groups)).rejects.toThrow('cannot impersonate-on:user-info:list resource "pods"');
    await refused({ 'impersonate-user': ['bob'] });
    await expect(refused(groups)).rejects.toThrow('cannot impersonate resource "groups"');
  });

  it('gives the anonymous user its own group', async () => {
    expect(await as({ 'impersonate-user': ['system:anonymous'] }, only('*').authorizer)).toEqual({
      name: 'system:anonymous',
      groups: ['system:unauthenticated'],
    });
  });
});
