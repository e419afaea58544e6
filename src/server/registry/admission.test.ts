import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import { admittedFirst } from './admit.ts';

const at = { namespace: 'default' };
const shared = { ...at, name: 'shared' };

describe('what admission sees of an action on a pod', () => {
  const seen: string[] = [];
  let change: ((object: KubeObject) => void) | undefined;
  const note = (phase: string, { operation, request, object, old }: AdmissionRequest) =>
    void seen.push(`${phase} ${operation} ${request.resource}/${request.subresource ?? ''} ${(object ?? old)?.kind}`);
  const spy: AdmissionPlugin = {
    name: 'Spy',
    mutate(request) {
      note('mutate', request);
      if (request.object) change?.(request.object);
    },
    validate: (request) => note('validate', request),
  };
  let api: FakeApi;
  beforeEach(async () => {
    change = undefined;
    api = await fakeApi({ admission: [spy] });
    await api.call('create', 'pods', { ...at, body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } } });
    seen.length = 0;
  });
  const act = (subresource: string, body: object) => api.call('create', 'pods', { ...at, name: 'p', subresource, body });

  it('is the Binding alone, and what it makes of it counts', async () => {
    change = (object) => Object.assign(object, { target: { kind: 'Node', name: 'n2' } });
    await act('binding', { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } });
    expect(seen).toEqual(['mutate CREATE pods/binding Binding', 'validate CREATE pods/binding Binding']);
    expect(await api.call('get', 'pods', { ...at, name: 'p' })).toMatchObject({ spec: { nodeName: 'n2' } });
  });

  it('is the Eviction alone, not the deletion that follows', async () => {
    await act('eviction', { metadata: { name: 'p' } });
    expect(seen).toEqual(['mutate CREATE pods/eviction Eviction', 'validate CREATE pods/eviction Eviction']);
  });
});

describe('the body of an action', () => {
  it('is what admission made of it when the handler gets it', async () => {
    const change: AdmissionPlugin = {
      name: 'Change',
      mutate: ({ object }) => void Object.assign(object ?? {}, { spec: { audiences: ['b'] } }),
    };
    const bodies: unknown[] = [];
    const handler = async ({ body }: { body?: unknown }) => {
      bodies.push(body);
      return { kind: 'TokenRequest' };
    };
    const subresources = {
      'serviceaccounts/token': admittedFirst(handler, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' }),
    };
    const api = await fakeApi({ admission: [change], subresources });
    const token = { ...at, name: 'robot', subresource: 'token' };
    await api.call('create', 'serviceaccounts', { ...token, body: { spec: { audiences: ['a'] } } });
    expect(bodies).toEqual([
      {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: 'robot', namespace: 'default' },
        spec: { audiences: ['b'] },
      },
    ]);
  });
});

describe('a review', () => {
  it('passes admission, and is answered as the plugins have it', async () => {
    const seen: string[] = [];
    const plugin: AdmissionPlugin = {
      name: 'Plugin',
      mutate({ operation, request, object }) {
        seen.push(`${operation} ${request.resource} ${object?.apiVersion} ${object?.kind}`);
        Object.assign(object ?? {}, { spec: { user: 'somebody-else' } });
      },
      validate: () => void seen.push('validate'),
    };
    const id = 'subjectaccessreviews.authorization.k8s.io';
    const virtual = { [id]: async ({ body }: { body?: unknown }) => body as KubeObject };
    const api = await fakeApi({ admission: [plugin], virtual });
    const answer = await api.call('create', id, { body: { spec: { user: 'me' } } });
    expect(seen).toEqual(['CREATE subjectaccessreviews authorization.k8s.io/v1 SubjectAccessReview', 'validate']);
    expect(answer).toMatchObject({ kind: 'SubjectAccessReview', spec: { user: 'somebody-else' } });
  });
});

describe('a change whose admission asks somebody outside', () => {
  let asked = Promise.withResolvers<void>();
  let answered = Promise.withResolvers<void>();
  let whileAsked: (() => Promise<unknown>) | undefined;
  let api: FakeApi;
  const outside: AdmissionPlugin = {
    name: 'Outside',
    callsOut: (_, { options }) => options?.fieldManager === 'slow',
    async validate({ request }) {
      if (request.options?.fieldManager !== 'slow') return;
      asked.resolve();
      await whileAsked?.();
      await answered.promise;
    },
  };
  beforeEach(async () => {
    asked = Promise.withResolvers();
    answered = Promise.withResolvers();
    whileAsked = undefined;
    api = await fakeApi({ admission: [outside] });
    await api.call('create', 'configmaps', { ...at, body: { metadata: { name: 'shared' }, data: {} } });
  });
  const patch = (data: object, fieldManager?: string) =>
    api.call('patch', 'configmaps', { ...shared, patchType: 'merge', body: { data }, options: { fieldManager } });
  const data = async () => (await api.call<{ data: object }>('get', 'configmaps', shared)).data;

  it('holds up nobody, and is made again on what they wrote', async () => {
    const slow = patch({ slow: '1' }, 'slow');
    await asked.promise;
    await patch({ quick: '1' });
    expect(await data()).toEqual({ quick: '1' });
    answered.resolve();
    await slow;
    expect(await data()).toEqual({ quick: '1', slow: '1' });
  });

  it('may be answered by one who changes the same object first', async () => {
    let times = 0;
    whileAsked = async () => {
      times += 1;
      if (times === 1) await patch({ byWebhook: '1' });
    };
    answered.resolve();
    await patch({ slow: '1' }, 'slow');
    expect(await data()).toEqual({ byWebhook: '1', slow: '1' });
    expect(times).toBe(2);
  });

  it('loses when it insists on the state that somebody else changed meanwhile', async () => {
    const { metadata } = await api.call('get', 'configmaps', shared);
    const body = { metadata: { resourceVersion: metadata?.resourceVersion }, data: { slow: '1' } };
    const slow = api.call('patch', 'configmaps', { ...shared, patchType: 'merge', body, options: { fieldManager: 'slow' } });
    await asked.promise;
    await patch({ quick: '1' });
    answered.resolve();
    await expect(slow).rejects.toMatchObject({ reason: 'Conflict' });
  });

  it('lets the object be deleted meanwhile, and then finds nothing', async () => {
    const slow = patch({ slow: '1' }, 'slow');
    await asked.promise;
    await api.call('delete', 'configmaps', shared);
    answered.resolve();
    await expect(slow).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('ends as often as there are changes, however many there are at once', async () => {
    answered.resolve();
    const keys = Array.from({ length: 30 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => patch({ [key]: '1' }, 'slow')));
    expect(Object.keys(await data()).sort()).toEqual(keys.toSorted());
  });
});

describe('the chain', () => {
  it('asks every mutating plugin a second time when something from outside changed the object', async () => {
    const seen: string[] = [];
    const plugin = (name: string, result?: 'changed'): AdmissionPlugin => ({
      name,
      mutate(_, again) {
        seen.push(`${name} ${again}`);
        return result;
      },
    });
    const api = await fakeApi({ admission: [plugin('built-in'), plugin('webhooks', 'changed')] });
    await api.call('create', 'configmaps', { ...at, body: { metadata: { name: 'a' } } });
    expect(seen).toEqual(['built-in false', 'webhooks false', 'built-in true', 'webhooks true']);
  });
});
