import { afterEach, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import type { ApiRequest, Verb } from '../../api/transport.ts';
import { systemRandom } from '../../base/random.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { bodyOf, fakeHttpsServer } from '../outbound/fake-https-server.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { webhookConverter } from './conversion.ts';
import { cronTabs } from './fake-crds.ts';

type Cr = KubeObject & { spec: { image?: string; container?: string } };
interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Cr[] };
}
type Convert = (review: Review) => object;

const stops: (() => PromiseLike<void> | void)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** v1 says `image`, v2 `container`; v1 is stored. */
function convertTab(tab: Cr, apiVersion: string): Cr {
  const { image, container, ...spec } = tab.spec ?? {};
  const toV2 = apiVersion.endsWith('/v2');
  return { ...tab, apiVersion, spec: { ...spec, ...(toV2 ? { container: image } : { image: container }) } };
}

const honest: Convert = ({ apiVersion, request }) => ({
  apiVersion,
  kind: 'ConversionReview',
  response: {
    uid: request.uid,
    result: { status: 'Success' },
    convertedObjects: request.objects.map((tab) => convertTab(tab, request.desiredAPIVersion)),
  },
});

/** An API whose cron tabs are converted over HTTPS. */
async function withWebhook(convert: Convert): Promise<{ api: FakeApi; calls: () => number }> {
  let calls = 0;
  const webhook = await fakeHttpsServer(async (request, reply) => {
    calls += 1;
    reply.setHeader('content-type', 'application/json');
    reply.end(JSON.stringify(convert(JSON.parse(await bodyOf(request)))));
  });
  const api = await fakeApi();
  const outbound = createOutbound({ objects: api.objects, clock: api.clock, random: systemRandom });
  stops.push(
    () => webhook[Symbol.asyncDispose](),
    () => outbound[Symbol.dispose](),
  );
  api.resources.converter = webhookConverter({ outbound, newUid: () => 'u1' });
  const abort = new AbortController();
  const run = api.customResources.run({ signal: abort.signal, ready() {} });
  stops.push(() => {
    abort.abort();
    return run;
  });
  await api.call('create', 'customresourcedefinitions.apiextensions.k8s.io', { body: twoVersions(webhook.url, webhook.caPem) });
  for (let tries = 0; tries < 200 && !api.resources.definitions.find('stable.example.com', 'v2', 'crontabs'); tries += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { api, calls: () => calls };
}

function twoVersions(url: string, caPem: string): CustomResourceDefinition {
  const crd = cronTabs();
  const [v1] = crd.spec.versions;
  if (!v1) throw new Error('no version');
  const spec = (field: string) => ({ type: 'object', properties: { [field]: { type: 'string' } } });
  const version = (name: string, field: string) => ({
    ...v1,
    name,
    storage: name === 'v1',
    schema: { openAPIV3Schema: { type: 'object', properties: { spec: spec(field) } } },
    subresources: {},
    selectableFields: [{ jsonPath: `.spec.${field}` }],
  });
  crd.spec.versions = [version('v1', 'image'), version('v2', 'container')];
  const caBundle = Buffer.from(caPem).toString('base64');
  crd.spec.conversion = {
    strategy: 'Webhook',
    webhook: { clientConfig: { url: `${url}/convert`, caBundle }, conversionReviewVersions: ['v1'] },
  };
  return crd;
}

/** Custom resources say what they are. */
const typed = ({ body, patchType, subresource }: Partial<ApiRequest>, version: string) =>
  body && !patchType && !subresource ? { body: { apiVersion: `stable.example.com/${version}`, kind: 'CronTab', ...body } } : {};
const send = (api: FakeApi, verb: Verb, version: string, rest: Partial<ApiRequest> = {}) =>
  api.transport.request(
    { verb, group: 'stable.example.com', version, resource: 'crontabs', namespace: 'default', ...rest, ...typed(rest, version) },
    { signal: new AbortController().signal },
  ) as Promise<Cr & { items: Cr[] }>;

it('writes in the stored version and reads in each, by asking the webhook', async () => {
  const { api } = await withWebhook(honest);
  const made = await send(api, 'create', 'v2', { body: { metadata: { name: 'a' }, spec: { container: 'busybox' } } });
  expect(made).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { container: 'busybox' } });
  const stored = await send(api, 'get', 'v1', { name: 'a' });
  expect(stored).toMatchObject({ apiVersion: 'stable.example.com/v1', spec: { image: 'busybox' } });
  await send(api, 'update', 'v1', { name: 'a', body: { ...stored, spec: { image: 'other' } } });
  expect((await send(api, 'get', 'v2', { name: 'a' })).spec).toEqual({ container: 'other' });
});

it('asks once for a state, whoever reads it, and lists pages of what selectors see in the version', async () => {
  const { api, calls } = await withWebhook(honest);
  for (const name of ['a', 'b', 'c'])
    await send(api, 'create', 'v1', { body: { metadata: { name }, spec: { image: name === 'b' ? 'x' : 'y' } } });
  expect(calls()).toBe(0);
  await send(api, 'list', 'v2');
  await send(api, 'list', 'v2');
  expect(calls()).toBe(1);
  const page = await send(api, 'list', 'v2', { options: { fieldSelector: 'spec.container=y', limit: 1 } });
  expect(page.items.map((tab) => tab.metadata?.name)).toEqual(['a']);
  const next = (page as unknown as { metadata: { continue: string } }).metadata.continue;
  const rest = await send(api, 'list', 'v2', { options: { fieldSelector: 'spec.container=y', limit: 1, continue: next } });
  expect(rest.items.map((tab) => tab.metadata?.name)).toEqual(['c']);
});

it('keeps owners of fields in their own versions, whatever the fields are called there', async () => {
  const { api } = await withWebhook(honest);
  const applied = (version: string, spec: object, fieldManager: string, force = false) => {
    const body = { apiVersion: `stable.example.com/${version}`, kind: 'CronTab', metadata: { name: 'a' }, spec };
    return send(api, 'patch', version, { name: 'a', patchType: 'apply', body, options: { fieldManager, force } });
  };
  const ownerOf = (tab: Cr, name: string) => {
    const { apiVersion, fieldsV1 } = tab.metadata?.managedFields?.find(({ manager }) => manager === name) ?? {};
    return apiVersion && [apiVersion, fieldsV1];
  };
  await applied('v1', { image: 'one' }, 'first');
  await expect(applied('v2', { container: 'two' }, 'second')).rejects.toMatchObject({
    reason: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "first": .spec.image',
  });
  const shared = await applied('v2', { container: 'one' }, 'second');
  const first = ['stable.example.com/v1', { 'f:spec': { 'f:image': {} } }];
  expect(ownerOf(shared, 'first')).toEqual(first);
  expect(ownerOf(shared, 'second')).toEqual(['stable.example.com/v2', { 'f:spec': { 'f:container': {} } }]);
  const left = await applied('v2', {}, 'second');
  expect(left.spec).toEqual({ container: 'one' });
  expect(ownerOf(left, 'first')).toEqual(first);
  const changed = await send(api, 'patch', 'v2', {
    name: 'a',
    patchType: 'merge',
    body: { spec: { container: 'three' } },
    options: { fieldManager: 'third' },
  });
  expect(ownerOf(changed, 'first')).toBeUndefined();
});

it('shows watchers of each version its own form', async () => {
  const { api } = await withWebhook(honest);
  const seen: unknown[] = [];
  const stop = new AbortController();
  const request = { verb: 'watch', group: 'stable.example.com', version: 'v2', resource: 'crontabs', namespace: 'default' } as const;
  const watching = (async () => {
    for await (const event of api.transport.watch(request, { signal: stop.signal })) {
      seen.push((event.object as Cr).spec);
      if (seen.length === 2) return;
    }
  })();
  await send(api, 'create', 'v1', { body: { metadata: { name: 'a' }, spec: { image: 'one' } } });
  await send(api, 'create', 'v2', { body: { metadata: { name: 'b' }, spec: { container: 'two' } } });
  await watching;
  expect(seen).toEqual([{ container: 'one' }, { container: 'two' }]);
});

it.each<[what: string, change: (tab: Cr) => unknown, told: string]>([
  [
    'its name',
    (tab) => ({ ...tab, metadata: { ...tab.metadata, name: 'b' } }),
    ' returned invalid object: must have the same name: a != b',
  ],
  ['its metadata', (tab) => ({ ...tab, metadata: undefined }), ' returned invalid object: must have the same name: a != '],
  [
    'its version',
    (tab) => ({ ...tab, apiVersion: 'x/v9' }),
    ' returned invalid object at index 0: invalid groupVersion (expected stable.example.com/v2, received x/v9)',
  ],
  ['its kind', (tab) => ({ ...tab, kind: 'X' }), ' returned invalid object at index 0: invalid kind (expected CronTab, received X)'],
  [
    'labels, to ones that are none',
    (tab) => ({ ...tab, metadata: { ...tab.metadata, labels: { 'a b': '' } } }),
    ' returned invalid metadata: metadata.labels: Invalid value: "a b": name part must consist of',
  ],
  [
    'annotations, to no texts',
    (tab) => ({ ...tab, metadata: { ...tab.metadata, annotations: { a: true } } }),
    ' returned invalid metadata: metadata.annotations[a] must be a string, but is bool in converted object',
  ],
])('a conversion may change labels, but not %s, and its failure has no reason', async (_what, change, told) => {
  const { api } = await withWebhook((review) => {
    const answer = honest(review) as { response: { convertedObjects: unknown[] } };
    answer.response.convertedObjects = review.request.objects.map((tab) => change(convertTab(tab, review.request.desiredAPIVersion)));
    return answer;
  });
  await send(api, 'create', 'v1', { body: { metadata: { name: 'a' }, spec: { image: 'one' } } });
  const refused = {
    code: 500,
    statedReason: '',
    message: expect.stringContaining(`conversion webhook for stable.example.com/v1, Kind=CronTab${told}`),
  };
  await expect(send(api, 'get', 'v2', { name: 'a' })).rejects.toMatchObject(refused);
});

it.each<[converted: unknown, told: string]>([
  [null, 'unexpected end of JSON input'],
  ['x', 'json: cannot unmarshal string into Go value of type map[string]interface {}'],
  [{}, "Object 'Kind' is missing in '{}'"],
])('what a conversion makes is an object, not %j', async (converted, message) => {
  const { api } = await withWebhook((review) => {
    const answer = honest(review) as { response: { convertedObjects: unknown[] } };
    answer.response.convertedObjects = [converted];
    return answer;
  });
  await send(api, 'create', 'v1', { body: { metadata: { name: 'a' }, spec: { image: 'one' } } });
  await expect(send(api, 'get', 'v2', { name: 'a' })).rejects.toMatchObject({ code: 500, message });
});

it('tells why a conversion failed', async () => {
  const { api } = await withWebhook(({ request }) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'ConversionReview',
    response: { uid: request.uid, result: { status: 'Failure', message: 'no way' }, convertedObjects: [] },
  }));
  await expect(send(api, 'create', 'v2', { body: { metadata: { name: 'a' }, spec: {} } })).rejects.toMatchObject({
    message: 'conversion webhook for stable.example.com/v2, Kind=CronTab failed: no way',
  });
  const dry = send(api, 'create', 'v2', { body: { metadata: { name: 'a' }, spec: {} }, options: { dryRun: true } });
  await expect(dry).rejects.toMatchObject({ message: 'conversion webhook for stable.example.com/v2, Kind=CronTab failed: no way' });
  expect((await send(api, 'list', 'v1')).items).toEqual([]);
});
