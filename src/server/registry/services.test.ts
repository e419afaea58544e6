import { describe, expect, it } from 'vitest';
import type { IPAddress, Service } from '../../api/schema/generated/types.ts';
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

  it('may be headless or names of outside', async () => {
    const api = await fakeApi(options);
    const headless = await api.call<Service>('create', 'services', { ...inDefault, body: service('h', { clusterIP: 'None' }) });
    expect(headless.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
    const body = service('e', { type: 'ExternalName', externalName: 'example.com' });
    expect((await api.call<Service>('create', 'services', { ...inDefault, body })).spec?.clusterIP).toBeUndefined();
  });
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
    await create(api, 'd', { clusterIP: '10.88.0.200' });
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
