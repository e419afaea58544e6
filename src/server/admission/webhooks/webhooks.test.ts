import type { IncomingMessage, ServerResponse } from 'node:http';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { registry } from '../../../api/index.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { MutatingWebhook } from '../../../api/schema/generated/types.ts';
import type { ApiRequest, Verb } from '../../../api/transport.ts';
import { systemClock } from '../../../base/clock.ts';
import { silentLogger } from '../../../base/logger.ts';
import { customConversion } from '../../crd/admission-conversion.ts';
import { cronTabs } from '../../crd/fake-crds.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';
import { admittedStreams } from '../../http/connect-admission.ts';
import { createWebhookMetrics, type WebhookMetrics } from '../../metrics/webhook-metrics.ts';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from '../../outbound/fake-https-server.ts';
import { createOutbound, type Outbound } from '../../outbound/outbound.ts';
import type { OutboundCredentials } from '../../outbound/outbound-endpoint.ts';
import type { ApiHandler, ObjectReader } from '../../ports.ts';
import { equivalentsOf } from '../matching/equivalents.ts';
import type { ConditionsResult } from './relevant.ts';
import { admissionWebhooks } from './webhooks.ts';

interface Review {
  readonly apiVersion: string;
  readonly request: {
    uid: string;
    operation: string;
    name?: string;
    namespace?: string;
    subResource?: string;
    kind: object;
    resource: object;
    requestKind: object;
    requestResource: object;
    userInfo: object;
    dryRun: boolean;
    options: object | null;
    object: KubeObject | null;
    oldObject: KubeObject | null;
  };
}
/** What a hook at a path answers: a whole answer, or the response of a review. */
type Answer = (review: Review, reply: ServerResponse) => object | string | undefined | Promise<object | undefined>;

let server: FakeHttpsServer;
let hooks: Map<string, Answer>;
let asked: { path: string; review: Review; authorization: string | undefined }[];

beforeAll(async () => {
  server = await fakeHttpsServer(async (request: IncomingMessage, reply) => {
    const path = (request.url ?? '').replace(/\?.*/, '');
    const review = JSON.parse(await bodyOf(request)) as Review;
    asked.push({ path, review, authorization: request.headers.authorization });
    const response = await hooks.get(path)?.(review, reply);
    if (response === undefined) return;
    const { uid } = review.request;
    const answer =
      typeof response === 'string' || 'kind' in response
        ? response
        : { apiVersion: review.apiVersion, kind: 'AdmissionReview', response: { uid, ...response } };
    reply.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
});
afterAll(() => server[Symbol.asyncDispose]());

let api: FakeApi;
let outbound: Outbound;
let conditions: ConditionsResult;
let warnings: string[];
let annotations: Record<string, string>;
let metrics: WebhookMetrics;
let shown: Record<string, OutboundCredentials>;

beforeEach(async () => {
  hooks = new Map();
  asked = [];
  warnings = [];
  annotations = {};
  shown = {};
  metrics = createWebhookMetrics();
  conditions = true;
  const equivalents = equivalentsOf(
    () => api.resources.definitions.current(),
    (...of) => customConversion(api.resources, api.objects)(...of),
  );
  const newUid = () => crypto.randomUUID();
  const evaluate = () => conditions;
  const admissionOver = (objects: ObjectReader) => {
    outbound = createOutbound({ objects, clock: systemClock, random: () => 0 });
    const { mutating, validating } = admissionWebhooks({
      objects,
      equivalents,
      evaluate,
      outbound,
      newUid,
      clock: systemClock,
      observe: metrics.observe,
      credentials: { validating: (authority) => shown[authority] },
      log: silentLogger,
    });
    return [mutating, validating];
  };
  api = await fakeApi({ admissionOver });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'apps', labels: { hooked: 'yes' } } } });
});
afterEach(() => outbound[Symbol.dispose]());

const pods = { apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'], operations: ['*'] };
const MUTATING = 'mutatingwebhookconfigurations.admissionregistration.k8s.io';
const VALIDATING = 'validatingwebhookconfigurations.admissionregistration.k8s.io';

async function configure(kind: string, name: string, webhooks: Partial<MutatingWebhook>[]): Promise<void> {
  const whole = webhooks.map((webhook, i) => ({
    name: `${name}-${i}.example.com`,
    clientConfig: { url: `${server.url}/${name}-${i}`, caBundle: Buffer.from(server.caPem).toString('base64') },
    rules: [pods],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...webhook,
  }));
  await api.call('create', kind, { body: { metadata: { name }, webhooks: whole } });
}
const on = (path: string, answer: Answer) => void hooks.set(path, answer);
const patch = (...operations: object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
const label = (key: string, value = 'yes') => patch({ op: 'add', path: '/metadata/labels', value: { [key]: value } });
const allow: Answer = () => ({ allowed: true });

const at = { namespace: 'apps' };
const configMap = (name: string, rest: object = {}) => ({ ...at, body: { metadata: { name }, data: { a: '1' }, ...rest } });

/** As a client over HTTP: with warnings and audit annotations. */
function asClient(verb: Verb, resource: string, rest: Partial<ApiRequest> = {}): ReturnType<ApiHandler['request']> {
  const definition = registry.byId(resource);
  if (!definition) throw new Error(resource);
  const { group, version, plural } = definition;
  const user = { name: 'jo', uid: 'u1', groups: ['devs'], extra: { scopes: ['a'] } };
  const context = {
    user,
    signal: new AbortController().signal,
    warn: (text: string) => void warnings.push(text),
    annotate: (key: string, value: string) => {
      annotations[key] = value;
    },
  };
  return api.handler.request({ verb, group, version, resource: plural, ...rest }, context);
}

describe('a validating webhook', () => {
  it('gets a review of what is created, and lets it through', async () => {
    await configure(VALIDATING, 'v', [{}]);
    on('/v-0', allow);
    await asClient('create', 'configmaps', { ...configMap('a'), options: { fieldManager: 'me', fieldValidation: 'Strict' } });
    const [{ review } = { review: undefined }] = asked;
    const configMaps = { group: '', version: 'v1', kind: 'ConfigMap' };
    const resource = { group: '', version: 'v1', resource: 'configmaps' };
    expect(review).toEqual({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: {
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        kind: configMaps,
        resource,
        requestKind: configMaps,
        requestResource: resource,
        name: 'a',
        namespace: 'apps',
        operation: 'CREATE',
        userInfo: { username: 'jo', uid: 'u1', groups: ['devs'], extra: { scopes: ['a'] } },
        object: expect.objectContaining({ kind: 'ConfigMap', apiVersion: 'v1', data: { a: '1' } }),
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me', fieldValidation: 'Strict' },
      },
    });
  });

  it('sees both states of an update, and the last one of a deletion', async () => {
    await api.call('create', 'configmaps', configMap('a'));
    await configure(VALIDATING, 'v', [{}]);
    on('/v-0', allow);
    await api.call('patch', 'configmaps', { ...at, name: 'a', patchType: 'merge', body: { data: { a: '2' } } });
    await api.call('delete', 'configmaps', { ...at, name: 'a', body: { gracePeriodSeconds: 0, propagationPolicy: 'Background' } });
    expect(asked.map(({ review: { request } }) => request)).toMatchObject([
      { operation: 'UPDATE', object: { data: { a: '2' } }, oldObject: { data: { a: '1' } }, options: { kind: 'UpdateOptions' } },
      {
        operation: 'DELETE',
        object: null,
        oldObject: { data: { a: '2' } },
        options: { kind: 'DeleteOptions', gracePeriodSeconds: 0, propagationPolicy: 'Background' },
      },
    ]);
  });

  it.each([
    [{ allowed: false }, 400, 'admission webhook "v-0.example.com" denied the request without explanation', undefined],
    [
      { allowed: false, status: { message: 'no', code: 99999 } },
      500,
      'admission webhook "v-0.example.com" denied the request: no',
      undefined,
    ],
    [{ allowed: false, status: { message: 'no' } }, 400, 'admission webhook "v-0.example.com" denied the request: no', undefined],
    [
      { allowed: false, status: { message: 'no', code: 403, reason: 'Forbidden' } },
      403,
      'admission webhook "v-0.example.com" denied the request: no',
      'Forbidden',
    ],
    [
      { allowed: false, status: { reason: 'OutOfCheese', code: 418 } },
      418,
      'admission webhook "v-0.example.com" denied the request: OutOfCheese',
      'OutOfCheese',
    ],
    [
      { allowed: false, status: { message: 'fine?', code: 200 } },
      400,
      'admission webhook "v-0.example.com" denied the request: fine?',
      undefined,
    ],
  ])('that answers %j refuses with %i', async (response, code, message, reason) => {
    await configure(VALIDATING, 'v', [{}]);
    on('/v-0', () => response);
    const error = await api.call('create', 'configmaps', configMap('a')).catch((e: unknown) => e);
    const status = (error as { toStatus(): object }).toStatus();
    expect(status).toMatchObject({ status: 'Failure', code, message });
    expect((status as { reason?: string }).reason).toBe(reason);
    await expect(api.call('get', 'configmaps', { ...at, name: 'a' })).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('hands warnings and audit annotations on, also when it refuses', async () => {
    await configure(VALIDATING, 'v', [{}]);
    on('/v-0', () => ({ allowed: false, warnings: ['be careful'], auditAnnotations: { why: 'because' } }));
    await expect(asClient('create', 'configmaps', configMap('a'))).rejects.toMatchObject({ code: 400 });
    expect(warnings).toEqual(['be careful']);
    expect(annotations).toEqual({ 'v-0.example.com/why': 'because' });
  });

  it('is asked together with the others, and the first in order that refuses is heard', async () => {
    const both = Promise.withResolvers<void>();
    let count = 0;
    const together =
      (response: object): Answer =>
      async () => {
        count += 1;
        if (count === 2) both.resolve();
        await both.promise;
        return response;
      };
    await configure(VALIDATING, 'v', [{}, {}]);
    on('/v-0', together({ allowed: false, status: { message: 'first' } }));
    on('/v-1', together({ allowed: false, status: { message: 'second' } }));
    await expect(api.call('create', 'configmaps', configMap('a'))).rejects.toThrow('denied the request: first');
  });

  it('is never asked about configurations of admission', async () => {
    await configure(VALIDATING, 'v', [{}]);
    await configure(MUTATING, 'm', [{}]);
    await api.call('delete', VALIDATING, { name: 'v' });
    expect(asked).toEqual([]);
  });
});

describe('a webhook that fails', () => {
  const invalid = 'failed calling webhook "v-0.example.com": received invalid webhook response: ';
  const failed = 'failed calling webhook "v-0.example.com": failed to call webhook: ';
  it.each<[string, Answer, string | RegExp, Partial<MutatingWebhook>?]>([
    [
      'is broken',
      (_, reply) => void reply.writeHead(500).end('oops'),
      'failed to call webhook: an error on the server ("oops") has prevented the request from succeeding',
    ],
    ['is garbage', () => '<html>', "failed to call webhook: couldn't get version/kind; json parse error"],
    ['is no review', () => ({ kind: 'Pod', apiVersion: 'v1' }), 'failed to call webhook: no kind "Pod" is registered for version "v1"'],
    ['is huge', () => `"${'x'.repeat(4 * 1024 * 1024)}"`, 'failed to call webhook: the answer is larger than 3145728 bytes'],
    ['has no response', () => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' }), `${invalid}webhook response was absent`],
    ['has another uid', () => ({ uid: 'x', allowed: true }), /expected response\.uid="[0-9a-f-]{36}", got "x"/],
    [
      'is of another version',
      ({ request: { uid } }) => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1beta1', response: { uid, allowed: true } }),
      `${failed}converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion`,
    ],
    [
      'is of no version',
      ({ request: { uid } }) => ({ kind: '', response: { uid, allowed: true } }),
      `${invalid}expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=`,
    ],
    [
      'is of another kind',
      () => ({ kind: 'Nope', apiVersion: 'admission.k8s.io/v1' }),
      `${failed}no kind "Nope" is registered for version "admission.k8s.io/v1" in scheme "pkg/util/webhook/client.go:71"`,
    ],
    [
      'neither allows nor denies',
      ({ request: { uid } }) => ({ uid, allowed: 'yes' }) as never,
      `${failed}json: cannot unmarshal string into Go struct field AdmissionResponse.response.allowed of type bool`,
    ],
    ...(
      [
        [{ warnings: 'x' }, 'string', 'AdmissionResponse.response.warnings', '[]string'],
        [{ warnings: [1] }, 'number', 'AdmissionResponse.response.warnings', 'string'],
        [{ auditAnnotations: { a: 1 } }, 'number', 'AdmissionResponse.response.auditAnnotations', 'string'],
        [{ auditAnnotations: [] }, 'array', 'AdmissionResponse.response.auditAnnotations', 'map[string]string'],
        [{ status: 'x' }, 'string', 'AdmissionResponse.response.status', 'v1.Status'],
        [{ status: { code: 'x' } }, 'string', 'Status.response.status.code', 'int32'],
        [{ patchType: 1 }, 'number', 'AdmissionResponse.response.patchType', 'v1.PatchType'],
      ] as const
    ).map(([wrong, met, field, type]): [string, Answer, string] => [
      `has ${JSON.stringify(wrong)}`,
      () => ({ allowed: true, ...wrong }),
      `${failed}json: cannot unmarshal ${met} into Go struct field ${field} of type ${type}`,
    ]),
    [
      'is a list',
      () => ({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: [] }),
      `${failed}json: cannot unmarshal array into Go struct field AdmissionReview.response of type v1.AdmissionResponse`,
    ],
    [
      'is a Status',
      () => ({ kind: 'Status', apiVersion: 'v1' }),
      `${failed}converting (v1.Status) to (v1.AdmissionReview): unknown conversion`,
    ],
    ['patches', () => patch(), `${invalid}validating webhook may not return response.patch`],
    [
      'is late',
      () => undefined,
      /failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/v-0\?timeout=1s": context deadline exceeded/,
      { timeoutSeconds: 1 },
    ],
  ])('because its answer %s refuses, unless failures are to be ignored', async (_, answer, message, webhook = {}) => {
    await configure(VALIDATING, 'v', [webhook]);
    on('/v-0', answer);
    const error = (await asClient('create', 'configmaps', configMap('a')).catch((e: unknown) => e)) as Error;
    expect(error).toMatchObject({ reason: 'InternalError', code: 500 });
    expect(error.message).toMatch(/^Internal error occurred: failed calling webhook "v-0\.example\.com": /);
    if (typeof message === 'string') expect(error.message).toContain(message);
    else expect(error.message).toMatch(message);
    await api.call('patch', VALIDATING, {
      name: 'v',
      patchType: 'json',
      body: [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }],
    });
    await asClient('create', 'configmaps', configMap('a'));
    expect(annotations).toEqual({ 'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': 'v-0.example.com' });
  });

  it('because nobody is there refuses in the words that everybody knows', async () => {
    const service = { namespace: 'apps', name: 'gone', path: '/check', port: 443 };
    await configure(VALIDATING, 'v', [{ clientConfig: { service } }]);
    await expect(api.call('create', 'configmaps', configMap('a'))).rejects.toThrow(
      'Internal error occurred: failed calling webhook "v-0.example.com": failed to call webhook: Post "https://gone.apps.svc:443/check?timeout=10s": service "gone" not found',
    );
  });

  it.each([
    [2001, 3],
    [60_000, 10],
    [0, 1],
  ])('has no more time than the client, of whom %i ms are left, in whole seconds', async (ms, seconds) => {
    await configure(VALIDATING, 'v', [{ clientConfig: { service: { namespace: 'apps', name: 'gone' } } }]);
    const request = { verb: 'create', group: '', version: 'v1', resource: 'configmaps', ...configMap('a') } as const;
    const context = { user: { name: 'alice', groups: [] }, signal: new AbortController().signal, warn() {}, remainingMs: () => ms };
    await expect(api.handler.request(request, context)).rejects.toThrow(`https://gone.apps.svc:443/?timeout=${seconds}s"`);
  });
});

describe('a mutating webhook', () => {
  it('changes what is created, before defaults and validation', async () => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => patch({ op: 'add', path: '/spec', value: { containers: [{ name: 'c', image: 'x', unheard: 1 }] } }));
    const pod = await asClient('create', 'pods', { ...at, body: { metadata: { name: 'p' } } });
    expect(pod).toMatchObject({ spec: { restartPolicy: 'Always', containers: [{ name: 'c', image: 'x', imagePullPolicy: 'Always' }] } });
    expect(JSON.stringify(pod)).not.toContain('unheard');
    expect(JSON.parse(annotations['mutation.webhook.admission.k8s.io/round_0_index_0'] ?? '')).toEqual({
      configuration: 'm',
      webhook: 'm-0.example.com',
      mutated: true,
    });
    expect(JSON.parse(annotations['patch.webhook.admission.k8s.io/round_0_index_0'] ?? '')).toMatchObject({ patchType: 'JSONPatch' });
  });

  it('is followed by validation, whatever it did', async () => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => patch({ op: 'add', path: '/metadata/labels', value: { 'no good!': 'x' } }));
    await expect(api.call('create', 'configmaps', configMap('a'))).rejects.toMatchObject({ reason: 'Invalid' });
  });

  it('cannot make up what the server owns', async () => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () =>
      patch(
        { op: 'replace', path: '/metadata/uid', value: 'mine' },
        { op: 'replace', path: '/metadata/creationTimestamp', value: '1999-01-01T00:00:00Z' },
      ),
    );
    const { metadata } = await api.call('create', 'configmaps', configMap('a'));
    expect(metadata?.uid).not.toBe('mine');
    expect(metadata?.creationTimestamp).not.toContain('1999');
    on('/m-0', () => patch({ op: 'replace', path: '/metadata/namespace', value: 'other' }));
    await expect(api.call('create', 'configmaps', configMap('b'))).rejects.toThrow('does not match the namespace sent on the request');
  });

  it('sees what the ones before it did, and what validates sees it all', async () => {
    await configure(MUTATING, 'b', [{}]);
    await configure(MUTATING, 'a', [{}, {}]);
    await configure(VALIDATING, 'v', [{}]);
    on('/a-0', () => label('a0'));
    on('/a-1', ({ request }) =>
      patch({ op: 'add', path: '/metadata/labels/a1', value: Object.keys(request.object?.metadata?.labels ?? {}).join() }),
    );
    on('/b-0', ({ request }) =>
      patch({ op: 'add', path: '/metadata/labels/b0', value: Object.keys(request.object?.metadata?.labels ?? {}).length.toString() }),
    );
    on('/v-0', allow);
    await api.call('create', 'configmaps', configMap('x'));
    const labels = { a0: 'yes', a1: 'a0', b0: '2' };
    expect(asked.map(({ path }) => path)).toEqual(['/a-0', '/a-1', '/b-0', '/v-0']);
    expect(asked.at(-1)?.review.request.object?.metadata?.labels).toEqual(labels);
  });

  it('sees a new object before the server stamps it, a validating one after', async () => {
    await configure(MUTATING, 'm', [{}]);
    await configure(VALIDATING, 'v', [{}]);
    on('/m-0', allow);
    on('/v-0', allow);
    await api.call('create', 'configmaps', configMap('x'));
    const [first, second] = asked.map(({ review }) => review.request.object?.metadata);
    expect(first).not.toHaveProperty('uid');
    expect(first).not.toHaveProperty('creationTimestamp');
    expect(second).toMatchObject({ uid: expect.any(String), creationTimestamp: expect.any(String) });
  });

  it('that leaves what cannot be read is told what, without a word about the client', async () => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => patch({ op: 'add', path: '/data/n', value: 1 }));
    await expect(api.call('create', 'configmaps', configMap('a'))).rejects.toMatchObject({
      code: 500,
      message: 'Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    });
  });

  it.each([
    ['/kind', 'Foo', 'Internal error occurred: no kind "Foo" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'],
    ['/kind', 'Secret', 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'],
    [
      '/apiVersion',
      'v2',
      'Internal error occurred: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    ['/apiVersion', 'a/b/c', 'Internal error occurred: unexpected GroupVersion string: a/b/c'],
    [
      '/kind',
      5,
      "Internal error occurred: couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string",
    ],
  ])('may not make another kind of it: %s may not become %s', async (path, value, message) => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => patch({ op: 'replace', path, value }));
    await expect(api.call('create', 'configmaps', configMap('a'))).rejects.toMatchObject({ code: 500, message });
  });

  it('may leave out what kind it is', async () => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => patch({ op: 'remove', path: '/kind' }, { op: 'replace', path: '/apiVersion', value: '' }));
    expect(await api.call('create', 'configmaps', configMap('a'))).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it.each([
    [{ allowed: true, patch: 'W10=' }, 'webhook returned response.patch but not response.patchType'],
    [{ allowed: true, patchType: 'JSONPatch' }, 'webhook returned response.patchType but not response.patch'],
    [{ allowed: true, patchType: 'MergePatch', patch: 'e30=' }, 'unsupported patch type "MergePatch"'],
    [{ allowed: true, patchType: 'JSONPatch', patch: 'e30=' }, 'received undecodable patch in webhook response'],
    [{ allowed: true, patchType: 'JSONPatch', patch: '!!!' }, 'failed to call webhook: illegal base64 data at input byte 0'],
    [patch({ op: 'remove', path: '/nothing/here' }), 'Internal error occurred: '],
  ])('that answers %j fails', async (response, message) => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => response);
    await expect(api.call('create', 'configmaps', configMap('a'))).rejects.toMatchObject({
      code: 500,
      message: expect.stringContaining(message),
    });
  });

  it.each(['[]', 'null'])('changes nothing by the patch %s, also of what is deleted', async (operations) => {
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => ({ ...patch(), patch: Buffer.from(operations).toString('base64') }));
    await api.call('create', 'configmaps', configMap('a'));
    await api.call('delete', 'configmaps', { ...at, name: 'a' });
  });

  it('cannot change what is deleted', async () => {
    await api.call('create', 'configmaps', configMap('a'));
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', () => label('x'));
    await expect(api.call('delete', 'configmaps', { ...at, name: 'a' })).rejects.toThrow(
      'Internal error occurred: admission webhook "m-0.example.com" attempted to modify the object, which is not supported for this operation',
    );
  });

  it('may write the object that it is asked about', async () => {
    await api.call('create', 'configmaps', configMap('a'));
    await configure(MUTATING, 'm', [{ rules: [{ ...pods, operations: ['UPDATE'] }] }]);
    let writes = 0;
    on('/m-0', async () => {
      writes += 1;
      if (writes === 1) await api.call('patch', 'configmaps', { ...at, name: 'a', patchType: 'merge', body: { data: { hook: '1' } } });
      return { allowed: true };
    });
    await api.call('patch', 'configmaps', { ...at, name: 'a', patchType: 'merge', body: { data: { client: '1' } } });
    expect(await api.call('get', 'configmaps', { ...at, name: 'a' })).toMatchObject({ data: { a: '1', hook: '1', client: '1' } });
  });
});

describe('reinvocation', () => {
  const order = () => asked.map(({ path }) => path);
  it('asks webhooks again that wish it and saw the object before another one changed it', async () => {
    await configure(MUTATING, 'm', [{ reinvocationPolicy: 'IfNeeded' }, {}, { reinvocationPolicy: 'IfNeeded' }]);
    on('/m-0', allow);
    on('/m-1', () => label('one'));
    on('/m-2', allow);
    await api.call('create', 'configmaps', configMap('a'));
    expect(order()).toEqual(['/m-0', '/m-1', '/m-2', '/m-0']);
  });

  it('does not happen when nothing was changed, or only before', async () => {
    await configure(MUTATING, 'm', [{}, { reinvocationPolicy: 'IfNeeded' }]);
    on('/m-0', () => label('zero'));
    on('/m-1', allow);
    await api.call('create', 'configmaps', configMap('a'));
    expect(order()).toEqual(['/m-0', '/m-1']);
  });

  it('happens once, whatever the second round does', async () => {
    await configure(MUTATING, 'm', [{ reinvocationPolicy: 'IfNeeded' }, { reinvocationPolicy: 'IfNeeded' }]);
    let n = 0;
    const count: Answer = () => label(`n${n++}`);
    on('/m-0', count);
    on('/m-1', count);
    await api.call('create', 'configmaps', configMap('a'));
    expect(order()).toEqual(['/m-0', '/m-1', '/m-0', '/m-1']);
  });
});

describe('which requests a webhook is asked about', () => {
  const one = (webhook: Partial<MutatingWebhook>) => configure(VALIDATING, 'v', [webhook]);
  beforeEach(() => on('/v-0', allow));

  it('is a matter of its match conditions as well', async () => {
    await one({ matchConditions: [{ name: 'c', expression: 'true' }] });
    conditions = false;
    await api.call('create', 'configmaps', configMap('a'));
    expect(asked).toHaveLength(0);
    conditions = true;
    await api.call('create', 'configmaps', configMap('b'));
    expect(asked).toHaveLength(1);
    conditions = { error: 'no such key: x' };
    await expect(api.call('create', 'configmaps', configMap('c'))).rejects.toMatchObject({
      reason: 'Forbidden',
      message: 'configmaps "c" is forbidden: no such key: x',
    });
    await api.call('patch', VALIDATING, {
      name: 'v',
      patchType: 'json',
      body: [{ op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }],
    });
    await api.call('create', 'configmaps', configMap('c'));
    expect(asked).toHaveLength(1);
  });

  it.each([VALIDATING, MUTATING])('follows at once what %s become, and ends with the collection', async (kind) => {
    const labels = { tried: 'yes' };
    const askedAfter = async (change: () => Promise<unknown>) => {
      await change();
      asked = [];
      const made = await api.call('create', 'configmaps', { ...at, body: { metadata: { generateName: 'c' } } });
      await api.call('delete', 'configmaps', { ...at, name: made.metadata?.name });
      return asked.length > 0;
    };
    const rulesOf = (...operations: string[]) => [{ ...pods, operations, resources: ['configmaps'] }];
    const create = { op: 'replace', path: '/webhooks/0/rules', value: rulesOf('CREATE') };
    await configure(kind, 'v', [{ rules: rulesOf('CREATE') }]);
    expect(await askedAfter(async () => {})).toBe(true);
    const current = await api.call<KubeObject & { webhooks: object[] }>('get', kind, { name: 'v' });
    const webhooks = [{ ...current.webhooks[0], rules: rulesOf('UPDATE') }];
    const metadata = { ...current.metadata, labels };
    expect(await askedAfter(() => api.call('update', kind, { name: 'v', body: { ...current, metadata, webhooks } }))).toBe(false);
    expect(await askedAfter(() => api.call('patch', kind, { name: 'v', patchType: 'json', body: [create] }))).toBe(true);
    const options = { labelSelector: 'tried=yes' };
    expect((await api.list(kind, { options })).items).toHaveLength(1);
    expect(await askedAfter(() => api.call('deletecollection', kind, { options }))).toBe(false);
  });

  it('includes dry runs, which it is told of', async () => {
    await one({});
    await asClient('create', 'configmaps', { ...configMap('a'), options: { dryRun: true } });
    expect(asked[0]?.review.request).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } });
  });

  it('is answered in the version that its rules name, and back', async () => {
    await configure(MUTATING, 'm', [
      { rules: [{ apiGroups: ['autoscaling'], apiVersions: ['v1'], resources: ['horizontalpodautoscalers'], operations: ['CREATE'] }] },
    ]);
    on('/m-0', () => patch({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 55 }));
    const spec = {
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
    };
    const made = await api.call<KubeObject>('create', 'horizontalpodautoscalers.autoscaling', {
      ...at,
      body: { metadata: { name: 'h' }, spec },
    });
    expect(asked[0]?.review.request).toMatchObject({
      kind: { version: 'v1', kind: 'HorizontalPodAutoscaler' },
      resource: { version: 'v1' },
      requestKind: { version: 'v2' },
      requestResource: { version: 'v2' },
      object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 80 } },
    });
    expect(made).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { metrics: [{ resource: { target: { averageUtilization: 55 } } }] } });
  });

  it('covers scale, status, bindings and evictions, each as its own kind', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
    const deployment = { metadata: { name: 'd' }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template } };
    await api.call('create', 'deployments.apps', { ...at, body: deployment });
    await api.call('create', 'pods', { ...at, body: { metadata: { name: 'p' }, spec: template.spec } });
    await configure(MUTATING, 'm', [{}]);
    on('/m-0', ({ request }) =>
      request.subResource === 'scale' ? patch({ op: 'replace', path: '/spec/replicas', value: 7 }) : { allowed: true },
    );
    const scale = { ...at, name: 'd', subresource: 'scale', patchType: 'merge' as const, body: { spec: { replicas: 3 } } };
    expect(await api.call('patch', 'deployments.apps', scale)).toMatchObject({ kind: 'Scale', spec: { replicas: 7 } });
    await api.call('patch', 'pods', {
      ...at,
      name: 'p',
      subresource: 'status',
      patchType: 'merge',
      body: { status: { phase: 'Running' } },
    });
    const target = { kind: 'Node', name: 'n1' };
    await api.call('create', 'pods', { ...at, name: 'p', subresource: 'binding', body: { metadata: { name: 'p' }, target } });
    await api.call('create', 'pods', { ...at, name: 'p', subresource: 'eviction', body: { metadata: { name: 'p' } } });
    const seen = asked.map(({ review: { request } }) => [
      request.operation,
      request.subResource,
      (request.kind as { kind: string }).kind,
      request.name,
    ]);
    expect(seen).toEqual([
      ['UPDATE', 'scale', 'Scale', 'd'],
      ['UPDATE', 'status', 'Pod', 'p'],
      ['CREATE', 'binding', 'Binding', 'p'],
      ['CREATE', 'eviction', 'Eviction', 'p'],
    ]);
  });

  it('includes connections, such as attaching to a pod, which are not made when one refuses', async () => {
    await configure(VALIDATING, 'v', [{ rules: [{ ...pods, operations: ['CONNECT'], resources: ['pods/attach'] }] }]);
    on('/v-0', () => ({ allowed: false, status: { message: "attaching to pod 'to-be-attached-pod' is not allowed" } }));
    const made: string[] = [];
    const stream = { handle: async ({ request }: { request: ApiRequest }) => void made.push(request.subresource ?? '') };
    const definition = (group: string, version: string, plural: string) => api.resources.definitions.find(group, version, plural);
    const streams = admittedStreams({ 'pods/attach': stream, 'pods/exec': stream }, { admission: api.admission, definition });
    const connect = (subresource: string) =>
      streams[`pods/${subresource}`]?.handle({
        request: { verb: 'create', group: '', version: 'v1', resource: 'pods', subresource, name: 'to-be-attached-pod', ...at },
        context: { user: { name: 'jo', groups: [] }, signal: new AbortController().signal, warn: () => {} },
        raw: {} as IncomingMessage,
        url: new URL('https://server/x?stdout=true&container=c'),
        reply: undefined,
        upgrade: undefined,
      });
    await expect(connect('attach')).rejects.toMatchObject({
      message: 'admission webhook "v-0.example.com" denied the request: attaching to pod \'to-be-attached-pod\' is not allowed',
    });
    expect(asked.map(({ review }) => review.request)).toMatchObject([
      {
        operation: 'CONNECT',
        subResource: 'attach',
        name: 'to-be-attached-pod',
        kind: { group: '', version: 'v1', kind: 'PodAttachOptions' },
        object: { kind: 'PodAttachOptions', stdout: true, container: 'c' },
        oldObject: null,
        options: null,
      },
    ]);
    await connect('exec');
    expect(made).toEqual(['exec']);
  });

  it('includes CustomResourceDefinitions, which are not there when one refuses', async () => {
    const rules = [
      { apiGroups: ['apiextensions.k8s.io'], apiVersions: ['*'], resources: ['customresourcedefinitions'], operations: ['CREATE'] },
    ];
    await configure(VALIDATING, 'v', [{ rules }]);
    on('/v-0', () => ({ allowed: false, status: { message: 'the crd contains unwanted label' } }));
    await expect(api.call('create', 'customresourcedefinitions.apiextensions.k8s.io', { body: cronTabs() })).rejects.toMatchObject({
      message: 'admission webhook "v-0.example.com" denied the request: the crd contains unwanted label',
    });
    expect((await api.list('customresourcedefinitions.apiextensions.k8s.io')).items).toEqual([]);
  });

  it('includes each object of a collection that is deleted, without its name', async () => {
    for (const name of ['a', 'b']) await api.call('create', 'configmaps', configMap(name));
    await one({ rules: [{ ...pods, operations: ['DELETE'] }] });
    await api.call('deletecollection', 'configmaps', at);
    expect(asked.map(({ review: { request } }) => [request.name, request.oldObject?.metadata?.name]).sort()).toEqual([
      [undefined, 'a'],
      [undefined, 'b'],
    ]);
    expect((await api.list('configmaps', at)).items).toEqual([]);
  });
});

it('webhooks are shown the credentials for their host, of their kind', async () => {
  shown = { [new URL(server.url).host]: { username: 'u', password: 'p' } };
  await configure(VALIDATING, 'v', [{}]);
  await configure(MUTATING, 'm', [{}]);
  for (const path of ['/v-0', '/m-0']) on(path, allow);
  await api.call('create', 'configmaps', configMap('a'));
  expect(asked.map(({ path, authorization }) => [path, authorization])).toEqual([
    ['/m-0', undefined],
    ['/v-0', `Basic ${Buffer.from('u:p').toString('base64')}`],
  ]);
});

describe('what webhooks do', () => {
  it("is counted under upstream's names", async () => {
    const shown = new Registry();
    metrics.register(shown);
    await configure(VALIDATING, 'v', [{}, { failurePolicy: 'Ignore' }]);
    on('/v-0', ({ request }) => ({ allowed: request.name !== 'bad', status: { code: 999 } }));
    on('/v-1', (_, reply) => void reply.writeHead(500).end());
    await api.call('create', 'configmaps', configMap('good'));
    await expect(api.call('create', 'configmaps', configMap('bad'))).rejects.toThrow();
    const text = await shown.metrics();
    const about = 'name="v-0.example.com",type="validating",operation="CREATE"';
    expect(text).toContain(`apiserver_admission_webhook_request_total{${about},code="200",rejected="false"} 1`);
    expect(text).toContain(`apiserver_admission_webhook_rejection_count{${about},error_type="no_error",rejection_code="600"} 1`);
    expect(text).toContain('apiserver_admission_webhook_fail_open_count{name="v-1.example.com",type="validating"} 2');
    expect(text).toContain(`apiserver_admission_webhook_admission_duration_seconds_count{${about},rejected="true"} 1`);
  });
});

describe('an old AdmissionReview', () => {
  it('is sent and read when the webhook names it first', async () => {
    await configure(VALIDATING, 'v', [{ admissionReviewVersions: ['v1beta1', 'v1'] }]);
    on('/v-0', ({ apiVersion }) => ({ kind: 'AdmissionReview', apiVersion, response: { allowed: true } }));
    await api.call('create', 'configmaps', configMap('a'));
    expect(asked[0]?.review.apiVersion).toBe('admission.k8s.io/v1beta1');
  });
});

describe('custom resources', () => {
  const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
  const rules = [{ apiGroups: ['stable.example.com'], apiVersions: ['v2'], resources: ['crontabs'], operations: ['CREATE'] }];
  let stop: () => Promise<void>;
  beforeEach(async () => {
    const ending = new AbortController();
    const ready = Promise.withResolvers<void>();
    const run = api.customResources.run({ signal: ending.signal, ready: ready.resolve });
    stop = () => {
      ending.abort();
      return run;
    };
    await ready.promise;
  });
  afterEach(() => stop());

  /** CronTabs in the versions v1, which is stored, and v2. */
  async function define(conversion: object): Promise<void> {
    const crd = cronTabs();
    const [v1] = crd.spec.versions;
    if (!v1) throw new Error('no version');
    Object.assign(crd.spec, { versions: [v1, { ...v1, name: 'v2', storage: false }], ...conversion });
    await api.call('create', CRDS, { body: crd });
    await expect.poll(() => api.resources.definitions.find('stable.example.com', 'v2', 'crontabs')).toBeDefined();
    await configure(MUTATING, 'm', [{ rules }]);
  }
  const create = () => {
    const body = {
      apiVersion: 'stable.example.com/v1',
      kind: 'CronTab',
      metadata: { name: 'c' },
      spec: { cronSpec: '* * * * */5', image: 'x' },
    };
    const request: ApiRequest = { verb: 'create', group: 'stable.example.com', version: 'v1', resource: 'crontabs', ...at, body };
    return api.transport.request(request, { signal: new AbortController().signal });
  };

  it('are shown in the version that the rules name, pruned and given defaults after a patch', async () => {
    await define({});
    on('/m-0', () =>
      patch(
        { op: 'remove', path: '/spec/replicas' },
        { op: 'add', path: '/spec/unheard', value: 1 },
        { op: 'replace', path: '/spec/image', value: 'y' },
      ),
    );
    const made = await create();
    expect(asked[0]?.review.request).toMatchObject({
      kind: { version: 'v2' },
      requestKind: { version: 'v1' },
      object: { apiVersion: 'stable.example.com/v2' },
    });
    expect(made).toMatchObject({ apiVersion: 'stable.example.com/v1', spec: { cronSpec: '* * * * */5', image: 'y', replicas: 1 } });
    expect(made).not.toMatchObject({ spec: { unheard: 1 } });
  });

  it.each([
    ['/apiVersion', 'a/b/c', 500, 'Internal error occurred: unexpected GroupVersion string: a/b/c'],
    ['/kind', 'Foo', 422, 'Foo.stable.example.com "c" is invalid: kind: Invalid value: "Foo": must be CronTab'],
    ['/kind', '', 500, 'Internal error occurred: Object \'Kind\' is missing in \'{"apiVersion":"stable.example.com/v2","kind":"",'],
    [
      '/apiVersion',
      'example.com/v1',
      500,
      'example.com/v1, Kind=CronTab is unstructured and is not suitable for converting to "stable.example.com/v1"',
    ],
    ['/apiVersion', 'stable.example.com/v3', 500, 'request to convert CR from an invalid group/version: stable.example.com/v3'],
  ])('stay of their kind: %s may not become %s', async (path, value, code, message) => {
    await define({});
    on('/m-0', () => patch({ op: 'replace', path, value }));
    await expect(create()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('may come back in another version', async () => {
    await define({});
    on('/m-0', () => patch({ op: 'replace', path: '/apiVersion', value: 'stable.example.com/v1' }));
    expect(await create()).toMatchObject({ apiVersion: 'stable.example.com/v1', kind: 'CronTab' });
  });

  it('are converted by their own webhook there and back', async () => {
    const clientConfig = { url: 'https://conversion.example.com/' };
    await define({ conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } } });
    const converted: string[] = [];
    api.resources.converter = async (_, objects, apiVersion) => {
      converted.push(apiVersion);
      return objects.map((object) => ({ ...object, apiVersion }));
    };
    on('/m-0', () => patch({ op: 'replace', path: '/spec/image', value: 'y' }));
    expect(await create()).toMatchObject({ apiVersion: 'stable.example.com/v1', spec: { image: 'y' } });
    expect(converted).toEqual(['stable.example.com/v2', 'stable.example.com/v1']);
  });
});
