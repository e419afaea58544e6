import { expect, it } from 'vitest';
import { ADMIN, fakeApi } from '../fake-api.ts';

const inDefault = { namespace: 'default' };
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'u' };
const twice = { metadata: { name: 'a', ownerReferences: [owner, { ...owner, name: 'p' }, { ...owner }] } };
const once = [owner, { ...owner, name: 'p' }];

const told = (where: string) =>
  `.metadata.ownerReferences contains duplicate entries${where}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u`;
const AFTER = ' after mutating admission happens';

it.each([
  ['create', undefined, ''],
  ['update', undefined, ''],
  ['patch', 'merge', AFTER],
] as const)('of owners that a %s names twice (%s), one stays, with a warning', async (verb, patchType, where) => {
  const api = await fakeApi();
  if (verb !== 'create') await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'a' } } });
  const warnings: string[] = [];
  const context = { user: ADMIN, signal: new AbortController().signal, warn: (text: string) => void warnings.push(text) };
  const request = {
    verb,
    group: '',
    version: 'v1',
    resource: 'configmaps',
    ...inDefault,
    name: 'a',
    patchType,
    body: structuredClone(twice),
  };
  await api.registry.answer(request, context);
  const { metadata } = await api.call('get', 'configmaps', { ...inDefault, name: 'a' });
  expect(metadata?.ownerReferences).toEqual(once);
  expect(warnings).toEqual([told(where)]);
});
