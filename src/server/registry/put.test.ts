import { expect, it } from 'vitest';
import { fakeApi } from '../fake-api.ts';

const inDefault = { namespace: 'default' };
/** As large again as what says who owns it. */
const data = Object.fromEntries(Array.from({ length: 3300 }, (_, i) => [`${i}`.padEnd(240, 'k'), 'A']));

it('stores without its owners what is too large with them, but for an apply', async () => {
  const api = await fakeApi();
  const made = await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'made' }, data } });
  expect([made.metadata?.managedFields, Object.keys((made as { data?: object }).data ?? {}).length]).toEqual([undefined, 3300]);

  await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'a' } } });
  const patched = await api.call('patch', 'configmaps', { ...inDefault, name: 'a', patchType: 'merge', body: { data } });
  expect(patched.metadata?.managedFields).toBeUndefined();

  await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'b' } } });
  const updated = await api.call('update', 'configmaps', { ...inDefault, name: 'b', body: { metadata: { name: 'b' }, data } });
  expect(updated.metadata?.managedFields).toBeUndefined();

  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' }, data: { 'a-small-key': 'B' } };
  await expect(
    api.call('patch', 'configmaps', { ...inDefault, name: 'made', patchType: 'apply', options: { fieldManager: 'm' }, body }),
  ).rejects.toMatchObject({ message: expect.stringContaining('etcdserver: request is too large') });
});
