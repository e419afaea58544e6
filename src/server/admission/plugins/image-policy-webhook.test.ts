import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Pod } from '../../../api/schema/generated/types.ts';
import { systemClock } from '../../../base/clock.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from '../../outbound/fake-https-server.ts';
import { createOutbound, type Outbound } from '../../outbound/outbound.ts';
import type { ImagePolicySettings } from '../configuration/image-policy.ts';
import { imagePolicyWebhook } from './image-policy-webhook.ts';

let server: FakeHttpsServer;
let asked: { kind: string; apiVersion: string; spec: object }[];
let status: object | undefined;
beforeAll(async () => {
  server = await fakeHttpsServer(async (request, reply) => {
    const review = JSON.parse(await bodyOf(request));
    asked.push(review);
    if (status === undefined) reply.writeHead(403);
    reply.end(JSON.stringify({ ...review, status }));
  });
});
afterAll(() => server[Symbol.asyncDispose]());

let api: FakeApi;
let outbound: Outbound;
let annotations: Record<string, string>;
beforeEach(() => {
  asked = [];
  status = { allowed: true };
  annotations = {};
});
afterEach(() => outbound[Symbol.dispose]());

async function open(more: Partial<ImagePolicySettings> = {}) {
  const settings = { kubeConfigFile: '', allowedMs: 0, refusedMs: 0, retryMs: 1, allowsByDefault: false, ...more };
  const endpoint = { target: { url: server.url }, caBundle: server.caPem };
  api = await fakeApi({
    admissionOver: (objects) => {
      outbound = createOutbound({ objects, clock: systemClock, random: () => 0 });
      return [imagePolicyWebhook({ settings, endpoint, outbound, clock: systemClock })];
    },
  });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
}
const create = async (name: string, image = 'x', metadata: object = {}): Promise<Pod> => {
  const body = {
    metadata: { name, ...metadata },
    spec: { containers: [{ name: 'c', image }], initContainers: [{ name: 'i', image: 'y' }] },
  };
  const request = { verb: 'create', group: '', version: 'v1', resource: 'pods', namespace: 'n', body } as const;
  const annotate = (key: string, value: string) => {
    annotations[key] = value;
  };
  const context = { user: { name: 'amy', groups: [] }, signal: new AbortController().signal, warn: () => {}, annotate };
  return (await api.handler.request(request, context)) as Pod;
};

it('shows the images of a pod, and does what the webhook says', async () => {
  await open();
  status = { allowed: true, auditAnnotations: { why: 'known' } };
  await create('a', 'x', { annotations: { 'team.image-policy.k8s.io/ticket': '1', other: '2' } });
  expect(asked).toMatchObject([
    {
      kind: 'ImageReview',
      apiVersion: 'imagepolicy.k8s.io/v1alpha1',
      spec: { containers: [{ image: 'x' }, { image: 'y' }], annotations: { 'team.image-policy.k8s.io/ticket': '1' }, namespace: 'n' },
    },
  ]);
  expect(annotations).toEqual({ 'imagepolicywebhook.image-policy.k8s.io/why': 'known' });
  status = { allowed: false, reason: 'too old' };
  const refused = 'pods "b" is forbidden: image policy webhook backend denied one or more images: too old';
  await expect(create('b')).rejects.toMatchObject({ code: 403, message: refused });
  status = { allowed: false };
  await expect(create('b')).rejects.toMatchObject({ message: 'pods "b" is forbidden: one or more images rejected by webhook backend' });
});

it('believes answers for a while', async () => {
  await open({ allowedMs: 60_000 });
  await create('a');
  await create('b');
  await create('c', 'z');
  expect(asked).toHaveLength(2);
});

it('is asked about ephemeral containers', async () => {
  await open();
  await create('a');
  const body = { spec: { ephemeralContainers: [{ name: 'e', image: 'debug' }] } };
  await api.call('patch', 'pods', { namespace: 'n', name: 'a', subresource: 'ephemeralcontainers', patchType: 'strategic', body });
  expect(asked[1]?.spec).toEqual({ containers: [{ image: 'debug' }], namespace: 'n' });
});

it('refuses while the webhook does not answer, unless the operator allows that', async () => {
  await open();
  status = undefined;
  await expect(create('a')).rejects.toMatchObject({ code: 403, message: expect.stringMatching(/^pods "a" is forbidden: /) });
  await open({ allowsByDefault: true });
  await create('a');
  expect(annotations).toEqual({ 'imagepolicywebhook.image-policy.k8s.io/failed-open': 'true' });
  const { metadata } = await api.call<Pod>('get', 'pods', { namespace: 'n', name: 'a' });
  expect(metadata?.annotations).toEqual({ 'alpha.image-policy.k8s.io/failed-open': 'true' });
});
