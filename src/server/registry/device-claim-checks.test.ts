import { describe, expect, it } from 'vitest';
import { fakeApi } from '../fake-api.ts';
import type { AuthorizationAttributes, UserInfo } from '../ports.ts';

const CLAIMS = 'resourceclaims.resource.k8s.io';
const PATH = { group: 'resource.k8s.io', version: 'v1', resource: 'resourceclaims', namespace: 'shop', name: 'c' } as const;
const driver: UserInfo = {
  name: 'system:serviceaccount:shop:driver',
  groups: [],
  extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
};
const device = { driver: 'd.example.com', pool: 'p', device: 'd0' };
const onNode = (name: string) => ({
  nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
});
const allocation = (node: string) => ({ nodeSelector: onNode(node), devices: { results: [{ request: 'r', ...device }] } });
const say = (a: AuthorizationAttributes) =>
  a.path === undefined ? `${a.verb} ${a.resource}/${a.subresource} ${a.namespace}/${a.name}` : a.verb;

/** A claim that has a device on n1, and a driver who may write statuses and what is listed. `asked`: rights that were looked for besides. */
async function claimed(...rights: string[]) {
  const asked: string[] = [];
  const authorizer = (attributes: AuthorizationAttributes) => {
    const right = say(attributes);
    if (attributes.user.groups.includes('system:masters') || right.includes('/status ')) return { allowed: true, reason: '' };
    asked.push(right);
    return { allowed: rights.includes(right), reason: 'not yours' };
  };
  const api = await fakeApi({ authorizer });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'shop' } } });
  const spec = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } };
  await api.call('create', CLAIMS, { namespace: 'shop', body: { metadata: { name: 'c' }, spec } });
  const status = { allocation: allocation('n1') };
  await api.call('patch', CLAIMS, { ...PATH, subresource: 'status', patchType: 'merge', body: { status } });
  asked.length = 0;
  const write = async (status: object, user = driver) => {
    const request = { ...PATH, verb: 'patch', subresource: 'status', patchType: 'merge', body: { status } } as const;
    const outcome = await api
      .localTransport(user)
      .request(request, { signal: new AbortController().signal })
      .catch((e: unknown) => e);
    return outcome instanceof Error ? outcome.message : 'written';
  };
  return { api, asked, write };
}

const refused = (path: string, rest: string) => `ResourceClaim.resource.k8s.io "c" is invalid: ${path}: Forbidden: ${rest}`;

describe('the status of a ResourceClaim', () => {
  it('is allocated and reserved by those who may bind claims in the whole cluster', async () => {
    const without = await claimed();
    const needs = 'changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="patch" permission';
    const why = `resourceclaims.resource.k8s.io is forbidden: User "${driver.name}" cannot patch resource "resourceclaims/binding" in API group "resource.k8s.io" at the cluster scope: not yours`;
    expect(await without.write({ allocation: null })).toBe(refused('status.allocation', `${needs}: ${why}`));
    const reservedFor = [{ resource: 'pods', name: 'p', uid: 'u' }];
    expect(await without.write({ reservedFor })).toContain(why);
    expect(await (await claimed('patch resourceclaims/binding /')).write({ reservedFor })).toBe('written');
  });

  it('is told by a driver’s pod on the node of the devices', async () => {
    const { write, asked } = await claimed('associated-node:patch resourceclaims/driver shop/d.example.com');
    expect(await write({ devices: [device] })).toBe('written');
    expect(asked).toEqual(['associated-node:patch resourceclaims/driver shop/d.example.com']);
    expect(await write({ devices: [device] })).toBe('written');
    expect(asked).toHaveLength(1);
    expect(await write({ devices: [] })).toBe('written');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['another user', { ...driver, name: 'jane' }],
    ['a pod on another node', { ...driver, extra: { 'authentication.kubernetes.io/node-name': ['n2'] } }],
    ['a pod on no node', { name: driver.name, groups: [] }],
  ])('is told by %s with the right for all nodes alone', async (_, user) => {
    const { write, asked } = await claimed('associated-node:patch resourceclaims/driver shop/d.example.com');
    const needs = 'changing status.devices requires resource="resourceclaims/driver", verb="[arbitrary-node:patch]" permission';
    const why = `resourceclaims.resource.k8s.io "d.example.com" is forbidden: User "${user.name}" cannot arbitrary-node:patch resource "resourceclaims/driver" in API group "resource.k8s.io" in the namespace "shop": not yours`;
    expect(await write({ devices: [device] }, user)).toBe(refused('status.devices', `${needs}: ${why}`));
    expect(asked).toEqual(['arbitrary-node:patch resourceclaims/driver shop/d.example.com']);
    const free = await claimed('arbitrary-node:patch resourceclaims/driver shop/d.example.com');
    expect(await free.write({ devices: [device] }, user)).toBe('written');
  });

  it('reports a missing right together with what else is wrong', async () => {
    const { write } = await claimed();
    expect(await write({ devices: [{ ...device, device: 'd9' }] })).toMatch(
      /is invalid: \[status\.devices: Forbidden: .*verb="\[associated-node:patch arbitrary-node:patch\]".*, status\.devices\[0\]: Invalid value: .* must be an allocated device/,
    );
  });

  it('needs no right to what it loses with its allocation', async () => {
    const { write } = await claimed('patch resourceclaims/binding /', 'arbitrary-node:patch resourceclaims/driver shop/d.example.com');
    expect(await write({ devices: [device] })).toBe('written');
    expect(await write({ allocation: null })).toBe('written');
  });
});

describe('access as administrator', () => {
  const request = { name: 'r', exactly: { deviceClassName: 'gpu', adminAccess: true } };
  const spec = { devices: { requests: [request] } };
  const needs =
    'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace';

  it.each([
    [CLAIMS, spec],
    ['resourceclaimtemplates.resource.k8s.io', { spec }],
  ])('is for %s of namespaces that have the label', async (resource, body) => {
    const api = await fakeApi();
    const make = async (name: string, labels: object, namespace = name) => {
      if (name) await api.call('create', 'namespaces', { body: { metadata: { name, labels } } });
      return api.call('create', resource, { namespace, body: { metadata: { name: 'c' }, spec: body } }).then(
        () => 'made',
        (error: Error) => error.message,
      );
    };
    expect(await make('plain', {})).toContain(needs);
    expect(await make('labelled', { 'resource.kubernetes.io/admin-access': 'true' })).toBe('made');
    expect(await make('', {}, 'nowhere')).toContain(
      'Internal error: could not retrieve namespace to verify admin access: namespaces "nowhere" not found',
    );
  });

  it('is not given by an allocation either', async () => {
    const api = await fakeApi();
    await api.call('create', 'namespaces', { body: { metadata: { name: 'shop' } } });
    const plain = { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] } };
    await api.call('create', CLAIMS, { namespace: 'shop', body: { metadata: { name: 'c' }, spec: plain } });
    const status = { allocation: { devices: { results: [{ request: 'r', ...device, adminAccess: true }] } } };
    const write = api.call('patch', CLAIMS, { ...PATH, subresource: 'status', patchType: 'merge', body: { status } });
    await expect(write).rejects.toThrow('status.allocation.devices.results[0].adminAccess: Forbidden: admin access to devices requires');
  });
});
