import { expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { readFirst } from './token.ts';

const withPod = async (): Promise<FakeApi> => {
  const api = await fakeApi();
  await api.call('create', 'pods', {
    namespace: 'default',
    body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  });
  return api;
};
const post = (api: FakeApi, subresource: string, body: unknown) =>
  api.call('create', 'pods', { namespace: 'default', name: 'p', subresource, body });

it.each([
  ['binding', {}, 400, 'name in URL does not match name in Binding object'],
  ['binding', { metadata: { name: 'p' } }, 500, 'target.name: Required value'],
  [
    'binding',
    { metadata: { name: 'p' }, target: { kind: 'Pod', name: 'x' } },
    500,
    'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
  ],
  [
    'binding',
    { apiVersion: 'v1', kind: 'Pod' },
    400,
    'Pod in version "v1" cannot be handled as a Binding: converting (v1.Pod) to (core.Binding): unknown conversion',
  ],
  ['eviction', {}, 400, 'name in URL does not match name in Eviction object'],
  [
    'eviction',
    { apiVersion: 'v1', kind: 'Pod' },
    400,
    'Pod in version "v1" cannot be handled as a Eviction: converting (v1.Pod) to (policy.Eviction): unknown conversion',
  ],
])('what is posted to %s is read as every object: %j', async (subresource, body, code, message) => {
  await expect(post(await withPod(), subresource, body)).rejects.toMatchObject({ code, message });
});

it('a pod that gets its node is of the same generation', async () => {
  const api = await withPod();
  await post(api, 'binding', { metadata: { name: 'p' }, target: { name: 'n1' } });
  const pod = await api.call('get', 'pods', { namespace: 'default', name: 'p' });
  expect([pod.metadata?.generation, (pod.spec as { nodeName?: string } | undefined)?.nodeName]).toEqual([1, 'n1']);
});

it('evictions are taken in their first version too', async () => {
  const api = await withPod();
  await post(api, 'eviction', { apiVersion: 'policy/v1beta1', kind: 'Eviction', metadata: { name: 'p' } });
  await expect(api.call('get', 'pods', { namespace: 'default', name: 'p' })).rejects.toMatchObject({ reason: 'NotFound' });
});

it('who asks for a token owns what was asked, read as every object is', async () => {
  const handler = async (request: ApiRequest) => request.body as KubeObject;
  const api = await fakeApi({ subresources: { 'serviceaccounts/token': readFirst(handler) } });
  const ask = (body: unknown) => api.call('create', 'serviceaccounts', { namespace: 'default', name: 'a', subresource: 'token', body });
  expect(await ask({ spec: { audiences: ['x'] } })).toMatchObject({
    spec: { expirationSeconds: 3600 },
    metadata: { managedFields: [{ subresource: 'token', fieldsV1: { 'f:spec': { 'f:audiences': {}, 'f:expirationSeconds': {} } } }] },
  });
  await expect(ask({ apiVersion: 'v1', kind: 'Pod' })).rejects.toThrow('cannot be handled as a TokenRequest');
});
