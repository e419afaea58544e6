import { describe, expect, it } from 'vitest';
import type { Service } from '../../api/schema/generated/types.ts';
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
      message: expect.stringContaining('The range of valid IPs is 10.43.0.0/24'),
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
