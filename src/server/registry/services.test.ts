import { describe, expect, it } from 'vitest';
import type { IPAddress, Service } from '../../api/schema/generated/types.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import { fakeApi } from '../fake-api.ts';

const options = { serviceCidrs: ['10.43.0.0/24'] };
const inDefault = { namespace: 'default' };
const service = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });

describe('Services', () => {
  it('get an address of their own, also when they are made side by side', async () => {
    const api = await fakeApi(options);
    const names = Array.from({ length: 100 }, (_, i) => `s${i}`);
    const made = await Promise.all(names.map((name) => api.call<Service>('create', 'services', { ...inDefault, body: service(name) })));
    const addresses = made.map(({ spec }) => spec?.clusterIP);
    expect(new Set(addresses).size).toBe(100);
    expect(made[0]?.spec).toMatchObject({
      clusterIPs: [addresses[0]],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      type: 'ClusterIP',
    });
  });

  it('may name their address, once', async () => {
    const api = await fakeApi(options);
    await api.call('create', 'services', { ...inDefault, body: service('dns', { clusterIP: '10.43.0.10' }) });
    await expect(api.call('create', 'services', { ...inDefault, body: service('b', { clusterIP: '10.43.0.10' }) })).rejects.toMatchObject({
      reason: 'Invalid',
      message:
        'Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.43.0.10"]: failed to allocate IP 10.43.0.10: provided IP is already allocated',
    });
    await expect(api.call('create', 'services', { ...inDefault, body: service('c', { clusterIP: '10.44.0.1' }) })).rejects.toMatchObject({
      message: expect.stringContaining('the provided network does not match the current range'),
    });
    await api.call('delete', 'services', { ...inDefault, name: 'dns' });
    await api.call('create', 'services', { ...inDefault, body: service('b', { clusterIP: '10.43.0.10' }) });
  });

  it('get node ports, keep them over updates and give them back', async () => {
    const api = await fakeApi(options);
    const made = await api.call<Service>('create', 'services', { ...inDefault, body: service('a', { type: 'NodePort' }) });
    const nodePort = made.spec?.ports?.[0]?.nodePort ?? 0;
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    const taken = { type: 'NodePort', ports: [{ port: 80, nodePort }] };
    await expect(api.call('create', 'services', { ...inDefault, body: service('b', taken) })).rejects.toMatchObject({
      message: `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is already allocated`,
    });
    const again = await api.call<Service>('update', 'services', { ...inDefault, name: 'a', body: service('a', { type: 'NodePort' }) });
    expect(again.spec?.ports?.[0]?.nodePort).toBe(nodePort);
    expect(again.spec?.clusterIP).toBe(made.spec?.clusterIP);
    await api.call('update', 'services', { ...inDefault, name: 'a', body: service('a') });
    await api.call('create', 'services', { ...inDefault, body: service('b', taken) });
  });

  it('take nothing in a dry run, or when the write fails', async () => {
    const api = await fakeApi({ serviceCidrs: ['10.43.0.0/30'] });
    for (let i = 0; i < 5; i += 1) {
      await api.call('create', 'services', { ...inDefault, body: service('dry'), options: { dryRun: true } });
      await expect(api.call('create', 'services', { ...inDefault, body: service('Bad Name') })).rejects.toMatchObject({
        reason: 'Invalid',
      });
    }
    await api.call('create', 'services', { ...inDefault, body: service('a') });
    await api.call('create', 'services', { ...inDefault, body: service('b') });
    await expect(api.call('create', 'services', { ...inDefault, body: service('c') })).rejects.toMatchObject({ reason: 'InternalError' });
  });

  it('go when a Service becomes a name of outside, whatever the client says of its addresses', async () => {
    const spec = { type: 'ExternalName', externalName: 'a.example' };
    for (const more of [{}, { clusterIP: '' }, { clusterIP: null, clusterIPs: null }]) {
      const api = await fakeApi(options);
      await api.call('create', 'services', { ...inDefault, body: service('e', { type: 'NodePort' }) });
      const patched = { ...inDefault, name: 'e', patchType: 'merge', body: { spec: { ...spec, ...more } } } as const;
      const after = (await api.call<Service>('patch', 'services', patched)).spec;
      expect(after).toMatchObject(spec);
      for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']) expect(after).not.toHaveProperty(field);
      expect(after?.clusterIP || after?.ports?.[0]?.nodePort).toBeFalsy();
    }
  });

  it('are kept when a client knows one of the two fields alone', async () => {
    const api = await fakeApi(options);
    const { spec } = await api.call<Service>('create', 'services', { ...inDefault, body: service('k') });
    const patch = (body: object) =>
      api.call<Service>('patch', 'services', { ...inDefault, name: 'k', patchType: 'merge', body: { spec: body } });
    expect((await patch({ clusterIPs: null })).spec?.clusterIPs).toEqual(spec?.clusterIPs);
    expect((await patch({ clusterIP: '' })).spec).toMatchObject({ clusterIP: spec?.clusterIP, clusterIPs: spec?.clusterIPs });
  });

  it('may be headless or names of outside', async () => {
    const api = await fakeApi(options);
    const headless = await api.call<Service>('create', 'services', { ...inDefault, body: service('h', { clusterIP: 'None' }) });
    expect(headless.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    const body = service('e', { type: 'ExternalName', externalName: 'example.com' });
    expect((await api.call<Service>('create', 'services', { ...inDefault, body })).spec?.clusterIP).toBeUndefined();
  });
});

it.each([
  ['10.0.0.0/8', '10.255.255.254', '10.255.255.255'],
  ['2001:db8::/64', '2001:db8::ffff:ffff:ffff:ffff', '2001:db8:0:1::'],
])('a range as large as %s is used up to %s', async (cidr, last, beyond) => {
  const api = await fakeApi({ serviceCidrs: [cidr] });
  const create = (name: string, spec: object) => api.call<Service>('create', 'services', { ...inDefault, body: service(name, spec) });
  expect((await create('any', {})).spec?.clusterIP).toMatch(/^(10\.|2001:db8::)/);
  expect((await create('last', { clusterIP: last })).spec?.clusterIPs).toEqual([last]);
  await expect(create('beyond', { clusterIP: beyond })).rejects.toThrow('the provided network does not match the current range');
});

describe('the addresses of Services', () => {
  const ids = { ranges: 'servicecidrs.networking.k8s.io', addresses: 'ipaddresses.networking.k8s.io' };
  const start = () => fakeApi({ serviceCidrs: ['10.43.0.0/24'] });
  type Api = Awaited<ReturnType<typeof start>>;
  const addresses = async (api: Api) => (await api.list(ids.addresses)).items.map((o) => o.metadata?.name);
  const create = (api: Api, name: string, spec: object = {}) =>
    api.call<Service>('create', 'services', { ...inDefault, body: service(name, spec) });
  const range = (name: string, cidr: string) => ({ metadata: { name }, spec: { cidrs: [cidr] } });

  it('are written down as IPAddresses that say whose they are, and go with it', async () => {
    const api = await start();
    const made = await create(api, 'web');
    const [address] = (await api.list(ids.addresses)).items as IPAddress[];
    expect(address).toMatchObject({
      metadata: {
        name: made.spec?.clusterIP,
        labels: { 'ipaddress.kubernetes.io/ip-family': 'IPv4', 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' },
      },
      spec: { parentRef: { resource: 'services', namespace: 'default', name: 'web' } },
    });
    const external = { type: 'ExternalName', externalName: 'a.example', clusterIP: '', clusterIPs: [], ports: [] };
    await api.call('update', 'services', { ...inDefault, name: 'web', body: { metadata: { name: 'web' }, spec: external } });
    expect(await addresses(api)).toEqual([]);
    await api.call('update', 'services', { ...inDefault, name: 'web', body: service('web', { clusterIP: '10.43.0.7' }) });
    expect(await addresses(api)).toEqual(['10.43.0.7']);
    await api.call('delete', 'services', { ...inDefault, name: 'web' });
    expect(await addresses(api)).toEqual([]);
  });

  it('leave nothing behind when the Service is not written', async () => {
    const api = await fakeApi({
      serviceCidrs: ['10.43.0.0/24'],
      admission: [
        {
          name: 'no',
          validate: ({ request }) => {
            if (request.resource === 'services') throw new Error('no');
          },
        },
      ],
    });
    await expect(create(api, 'web')).rejects.toThrow('no');
    await api.call('create', 'services', { ...inDefault, body: service('dry'), options: { dryRun: true } }).catch(() => {});
    expect(await addresses(api)).toEqual([]);
  });

  it('are not given out while somebody else has them', async () => {
    const api = await start();
    const parentRef = { group: 'gateway.networking.k8s.io', resource: 'gateways', namespace: 'default', name: 'g' };
    await api.call('create', ids.addresses, { body: { metadata: { name: '10.43.0.9' }, spec: { parentRef } } });
    await expect(create(api, 'web', { clusterIP: '10.43.0.9' })).rejects.toThrow('provided IP is already allocated');
    await api.call('create', ids.ranges, { body: range('tiny', '10.99.0.0/30') });
    for (const name of ['10.99.0.1', '10.99.0.2']) {
      await api.call('create', ids.addresses, { body: { metadata: { name }, spec: { parentRef } } });
    }
    await expect(create(api, 'web')).rejects.toThrow('failed to allocate a serviceIP: range is full');
  });

  it('come from every ServiceCIDR that is ready and stays', async () => {
    const api = await start();
    await api.call('create', ids.ranges, { body: range('kubernetes', '10.43.0.0/30') });
    await create(api, 'a');
    await create(api, 'b');
    await expect(create(api, 'c')).rejects.toThrow('range is full');
    await api.call('create', ids.ranges, {
      body: { ...range('more', '10.88.0.0/24'), metadata: { name: 'more', finalizers: ['a.example/b'] } },
    });
    expect((await create(api, 'c')).spec?.clusterIP).toMatch(/^10\.88\.0\./);
    await create(api, 'd', { clusterIP: '10.88.0.5' });
    await api.call('delete', ids.ranges, { name: 'more' });
    await expect(create(api, 'e')).rejects.toThrow('range is full');
    await expect(create(api, 'e', { clusterIP: '10.88.0.201' })).rejects.toThrow('the provided network does not match the current range');
  });

  it('are shared between ranges that overlap', async () => {
    const api = await start();
    await api.call('create', ids.ranges, { body: range('small', '10.77.0.0/30') });
    await api.call('create', ids.ranges, { body: range('same', '10.77.0.0/30') });
    const made = [await create(api, 'a'), await create(api, 'b')].map(({ spec }) => spec?.clusterIP);
    expect(made.sort()).toEqual(['10.77.0.1', '10.77.0.2']);
    await expect(create(api, 'c')).rejects.toThrow('range is full');
  });
});

describe('Services of a cluster with both families', () => {
  const both = { serviceCidrs: ['10.43.0.0/24', 'fd00:43::/112'] };
  const made = async (spec: object) => {
    const api = await fakeApi(both);
    const write = (more: object) => api.call<Service>('create', 'services', { ...inDefault, body: service('a', { ...spec, ...more }) });
    const change = (patch: object) =>
      api.call<Service>('patch', 'services', { ...inDefault, name: 'a', patchType: 'merge', body: { spec: patch } });
    const addresses = async () => (await api.list('ipaddresses.networking.k8s.io')).items.map(({ metadata }) => metadata?.name).sort();
    return { api, service: await write({}), change, addresses };
  };
  const V4 = /^10\.43\.0\.\d+$/;
  const V6 = /^fd00:43::[0-9a-f]+$/;

  it.each<[object, string[], RegExp[]]>([
    [{}, ['IPv4'], [V4]],
    [{ ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] }, ['IPv6'], [V6]],
    [{ ipFamilyPolicy: 'PreferDualStack' }, ['IPv4', 'IPv6'], [V4, V6]],
    [{ ipFamilyPolicy: 'RequireDualStack' }, ['IPv4', 'IPv6'], [V4, V6]],
    [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }, ['IPv6', 'IPv4'], [V6, V4]],
    [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] }, ['IPv6', 'IPv4'], [V6, V4]],
    [{ clusterIP: 'fd00:43::9' }, ['IPv6'], [/^fd00:43::9$/]],
    [
      { ipFamilyPolicy: 'PreferDualStack', clusterIP: 'fd00:43::9', clusterIPs: ['fd00:43::9', '10.43.0.9'] },
      ['IPv6', 'IPv4'],
      [/^fd00:43::9$/, /^10\.43\.0\.9$/],
    ],
    [{ ipFamilyPolicy: 'PreferDualStack', selector: { a: 'b' }, clusterIP: 'None' }, ['IPv4', 'IPv6'], [/^None$/]],
    [{ selector: { a: 'b' }, clusterIP: 'None' }, ['IPv4'], [/^None$/]],
  ])('%j: families %j', async (asked, families, addresses) => {
    const { spec } = (await made(asked)).service;
    expect(spec?.ipFamilies).toEqual(families);
    expect(spec?.clusterIPs).toEqual(addresses.map((pattern) => expect.stringMatching(pattern)));
    expect(spec?.clusterIP).toBe(spec?.clusterIPs?.[0]);
  });

  it('without addresses and selector are of both, also where the cluster has one', async () => {
    const lonely = { clusterIP: 'None' };
    expect((await made(lonely)).service.spec).toMatchObject({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] });
    const single = await fakeApi(options);
    expect(await single.call('create', 'services', { ...inDefault, body: service('a', lonely) })).toMatchObject({
      spec: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['None'] },
    });
  });

  it('get and give up their second address with the policy, and the first one stays', async () => {
    const { service: before, change, addresses } = await made({});
    const upgraded = await change({ ipFamilyPolicy: 'RequireDualStack' });
    expect(upgraded.spec?.clusterIPs).toEqual([before.spec?.clusterIP, expect.stringMatching(V6)]);
    expect(await addresses()).toEqual([...(upgraded.spec?.clusterIPs ?? [])].sort());
    const downgraded = await change({ ipFamilyPolicy: 'SingleStack' });
    expect(downgraded.spec).toMatchObject({ clusterIPs: before.spec?.clusterIPs, ipFamilies: ['IPv4'] });
    expect(await addresses()).toEqual(before.spec?.clusterIPs);
    await expect(change({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] })).rejects.toMatchObject({ reason: 'Invalid' });
  });

  it.each<[object, string]>([
    [
      { clusterIP: '10.43.0.9', clusterIPs: ['10.43.0.9', 'fd00:43::9'] },
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified`,
    ],
    [
      { ipFamilies: ['IPv4', 'IPv6'] },
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    ],
  ])('%j is refused', async (asked, message) => {
    await expect(made(asked)).rejects.toMatchObject({ reason: 'Invalid', message: `Service "a" is invalid: ${message}` });
  });

  it('must say so when they leave out their second family', async () => {
    const { change } = await made({ ipFamilyPolicy: 'RequireDualStack' });
    await expect(change({ ipFamilies: ['IPv4'] })).rejects.toMatchObject({
      message: expect.stringContaining("must be 'SingleStack' to release the secondary IP family"),
    });
  });

  it.each<[object, string]>([
    [
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [{ ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    [{ clusterIP: 'fd00:43::9' }, 'spec.clusterIPs[0]: Invalid value: ["fd00:43::9"]: IPv6 is not configured on this cluster'],
  ])('%j is refused where there is one family', async (asked, message) => {
    const api = await fakeApi(options);
    await expect(api.call('create', 'services', { ...inDefault, body: service('a', asked) })).rejects.toMatchObject({
      message: `Service "a" is invalid: ${message}`,
    });
  });

  it('that prefer both keep one where there is one, and what they have when the cluster gets another', async () => {
    const store = memoryStore();
    const prefers = { ipFamilyPolicy: 'PreferDualStack' };
    const before = await fakeApi({ ...options, store });
    const one = await before.call<Service>('create', 'services', { ...inDefault, body: service('a', prefers) });
    expect(one.spec?.clusterIPs).toHaveLength(1);
    const after = await fakeApi({ ...both, store });
    const body = { ...one, metadata: { ...one.metadata, labels: { a: 'b' } } };
    const same = await after.call<Service>('update', 'services', { ...inDefault, name: 'a', body });
    expect(same.spec).toMatchObject({ clusterIPs: one.spec?.clusterIPs, ipFamilies: ['IPv4'] });
  });
});

describe('what a Service asks for', () => {
  const dns = {
    type: 'NodePort',
    ports: [
      { name: 'u', port: 53, protocol: 'UDP' },
      { name: 't', port: 53, protocol: 'TCP' },
    ],
  };
  const ports = ({ spec }: Service) => spec?.ports?.map(({ nodePort }) => nodePort);

  it('is one node port for all protocols of a port, when it is new', async () => {
    const api = await fakeApi(options);
    const [first, second] = ports(await api.call<Service>('create', 'services', { ...inDefault, body: service('a', dns) })) ?? [];
    expect(first).toBeGreaterThanOrEqual(30_000);
    expect(second).toBe(first);
    const named = { ...dns, ports: [dns.ports[0], { ...dns.ports[1], nodePort: 30_053 }] };
    expect(ports(await api.call<Service>('create', 'services', { ...inDefault, body: service('b', named) }))).toEqual([30_053, 30_053]);
  });

  it('is looked at step by step: families, addresses, ports', async () => {
    const api = await fakeApi(options);
    const odd = {
      type: 'NodePort',
      ports: [
        { port: 80, nodePort: 5 },
        { port: 81, nodePort: 6 },
      ],
    };
    const range = 'provided port is not in the valid range. The range of valid ports is 30000-32767';
    const create = (spec: object) => api.call('create', 'services', { ...inDefault, body: service('a', spec) });
    await expect(create(odd)).rejects.toThrow(`is invalid: spec.ports[0].nodePort: Invalid value: 5: ${range}`);
    await expect(create({ ...odd, ipFamilies: ['IPv6'] })).rejects.toThrow('is invalid: spec.ipFamilies[0]: Invalid value: "IPv6"');
    await expect(create({ ...odd, type: 'ClusterIP' })).rejects.toThrow(/spec\.ports\[0\]\.nodePort: Forbidden: may not be used/);
    const health = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 5 };
    await expect(create(health)).rejects.toThrow(`Internal error occurred: failed to allocate requested HealthCheck NodePort 5: ${range}`);
  });

  it('is not one node port for two ports', async () => {
    const api = await fakeApi(options);
    const twice = [
      { name: 'a', port: 80, nodePort: 30_080 },
      { name: 'b', port: 81, nodePort: 30_080 },
    ];
    const create = (dryRun: boolean) =>
      api.call('create', 'services', { ...inDefault, body: service('a', { type: 'NodePort', ports: twice }), options: { dryRun } });
    for (const dryRun of [true, false]) {
      await expect(create(dryRun)).rejects.toThrow(
        'is invalid: spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated',
      );
    }
    await api.call('create', 'services', { ...inDefault, body: service('b', { type: 'NodePort', ports: [twice[0]] }) });
  });

  it('may be any port in a dry run', async () => {
    const api = await fakeApi(options);
    const body = service('a', { type: 'NodePort', ports: [{ port: 80, nodePort: 65_535 }] });
    expect(ports(await api.call<Service>('create', 'services', { ...inDefault, body, options: { dryRun: true } }))).toEqual([65_535]);
  });

  it('is not one node port twice, nor another address than before', async () => {
    const api = await fakeApi(options);
    const made = await api.call<Service>('create', 'services', { ...inDefault, body: service('a', { type: 'NodePort' }) });
    const [port] = made.spec?.ports ?? [];
    const update = (spec: object) =>
      api.call('update', 'services', { ...inDefault, name: 'a', body: { ...made, spec: { ...made.spec, ...spec } } });
    await expect(update({ ports: [port, { ...port, port: 81 }] })).rejects.toMatchObject({
      reason: 'InternalError',
      message: `duplicate nodePort: {TCP ${port?.nodePort}}`,
    });
    await expect(update({ clusterIP: '1.2.3.4' })).rejects.toThrow(
      'is invalid: spec.clusterIPs[0]: Invalid value: ["1.2.3.4"]: may not change once set',
    );
    await expect(update({ loadBalancerClass: 'x', selector: { '!': '' } })).rejects.toThrow(
      /^Service "a" is invalid: \[spec\.loadBalancerClass: Forbidden: .*, spec\.selector/,
    );
  });
});
