import { describe, expect, it, vi } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiError } from '../../api/meta/status.ts';
import type { RequestOptions, WatchEvent } from '../../api/transport.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openStore } from '../../store/open.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';

const inDefault = { namespace: 'default' };
const configMaps = { group: '', version: 'v1', resource: 'configmaps' };

async function withConfigMaps(...names: string[]): Promise<FakeApi> {
  const api = await fakeApi();
  for (const name of names) await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name, labels: { name } } } });
  return api;
}

const namesOf = (objects: readonly KubeObject[]) => objects.map((o) => o.metadata?.name);

const token = (more: object) => Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, ...more })).toString('base64url');

describe('list', () => {
  it('pages in one consistent state', async () => {
    const api = await withConfigMaps('a', 'b', 'c', 'd', 'e');
    const first = await api.list('configmaps', { ...inDefault, options: { limit: 2 } });
    expect([namesOf(first.items), first.metadata.remainingItemCount]).toEqual([['a', 'b'], 3]);
    await api.call('delete', 'configmaps', { ...inDefault, name: 'd' });
    const next = { limit: 2, continue: first.metadata.continue };
    const second = await api.list('configmaps', { ...inDefault, options: next });
    expect([namesOf(second.items), second.metadata.resourceVersion]).toEqual([['c', 'd'], first.metadata.resourceVersion]);
  });

  it('that takes more than five minutes expires, even where nothing changed, and goes on from the same place in the state of then', async () => {
    const api = await withConfigMaps('a', 'b', 'c', 'd');
    const page = (token?: string) => api.list('configmaps', { ...inDefault, options: { limit: 1, continue: token } });
    const first = await page();
    await api.clock.advance(4 * 60_000);
    const second = await page(first.metadata.continue);
    await api.clock.advance(2 * 60_000);
    const late = await page(second.metadata.continue).catch((error: ApiError) => error);
    expect(late).toMatchObject({ reason: 'Expired', code: 410 });
    const third = await page((late as ApiError).continue);
    expect(namesOf(third.items)).toEqual(['c']);
    await api.call('delete', 'configmaps', { ...inDefault, name: 'd' });
    expect(namesOf((await page(third.metadata.continue)).items)).toEqual(['d']);
  });

  it('goes on while objects are left that are not selected, but not beyond the one that is named', async () => {
    const api = await withConfigMaps('a', 'b', 'c');
    const page = async (options: RequestOptions) => {
      const { items, metadata } = await api.list('configmaps', { ...inDefault, options: { limit: 1, ...options } });
      return { names: namesOf(items), token: metadata.continue, remaining: metadata.remainingItemCount };
    };
    const first = await page({ labelSelector: 'name=b' });
    expect(first).toEqual({ names: ['b'], token: expect.any(String), remaining: undefined });
    expect(await page({ labelSelector: 'name=b', continue: first.token })).toEqual({ names: [] });
    expect(await page({ fieldSelector: 'metadata.name=b' })).toEqual({ names: ['b'] });
  });

  it('waits for the revision of a token that was not reached yet', async () => {
    const api = await withConfigMaps('a');
    const options = { limit: 1, continue: token({ rv: 1_000_000, start: 'default/a' }) };
    const late = api.list('configmaps', { ...inDefault, options }).catch((error: ApiError) => error);
    await api.clock.advance(3_000);
    expect(await late).toMatchObject({ code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } });
  });

  it('refuses tokens that it did not hand out', async () => {
    const api = await withConfigMaps();
    await expect(api.list('configmaps', { ...inDefault, options: { continue: 'nonsense' } })).rejects.toMatchObject({
      reason: 'BadRequest',
    });
  });

  it('selects by labels and fields, and names fields that it cannot select by', async () => {
    const api = await withConfigMaps('a', 'b');
    expect(namesOf((await api.list('configmaps', { options: { labelSelector: 'name!=a' } })).items)).toEqual(['b']);
    expect(namesOf((await api.list('configmaps', { options: { fieldSelector: 'metadata.name=a' } })).items)).toEqual(['a']);
    await expect(api.list('configmaps', { options: { fieldSelector: 'spec.x=a' } })).rejects.toMatchObject({ reason: 'BadRequest' });
  });

  it.each([
    ['nodes', 'metadata.namespace', 'field label not supported: metadata.namespace'],
    ['namespaces', 'name', 'field label not supported: name'],
    ['jobs.batch', 'spec.x', 'field label "spec.x" not supported for Job'],
    ['resourceslices.resource.k8s.io', 'spec.x', 'field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: spec.x'],
    ['replicasets.apps', 'status.replicas', '"status.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"'],
  ])('of %s is not selected by %s', async (id, field, message) => {
    const api = await fakeApi();
    await expect(api.list(id, { options: { fieldSelector: `${field}=x` } })).rejects.toMatchObject({ code: 400, message });
  });

  it.each([
    ['persistentvolumes', 'metadata.namespace=x'],
    ['pods', 'status.podIPs=x'],
    ['configmaps', '='],
  ])('of %s may be selected by %s', async (id, fieldSelector) => {
    const api = await fakeApi();
    expect((await api.list(id, { options: { fieldSelector } })).items).toEqual([]);
  });

  it('says so when the resourceVersion lies in the future', async () => {
    const api = await withConfigMaps('a');
    const late = api.list('configmaps', { options: { resourceVersion: '999' } });
    const refused = expect(late).rejects.toMatchObject({ reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } });
    await api.clock.advance(5_000);
    await refused;
  });

  it('is whole for those who take whatever there is', async () => {
    const api = await withConfigMaps('a', 'b', 'c');
    const { items, metadata } = await api.list('configmaps', { options: { resourceVersion: '0', limit: 1 } });
    expect([namesOf(items), metadata.continue]).toEqual([['a', 'b', 'c'], undefined]);
  });

  it.each([
    ['bm8', "invalid continue token: continue key is not valid: invalid character 'o' in literal null (expecting 'u')"],
    ['gQ', "invalid continue token: continue key is not valid: invalid character '\\u0081' looking for beginning of value"],
    [token({ start: '../a' }), 'invalid continue token: continue key is not valid: ../a'],
    [token({ start: 'default//a' }), 'invalid continue token: continue key is not valid: default//a'],
  ])('tells what is wrong with the token %s, whatever else is asked', async (text, message) => {
    const api = await withConfigMaps('a');
    const options = { continue: text, resourceVersion: '3' };
    await expect(api.list('configmaps', { options })).rejects.toMatchObject({ reason: 'BadRequest', message });
    await expect(api.call('deletecollection', 'configmaps', { ...inDefault, options })).rejects.toMatchObject({ message });
  });

  it.each([
    ['18446744073709551616', 'value out of range'],
    ['-1', 'invalid syntax'],
  ])('of the resourceVersion %s is refused', async (resourceVersion, fault) => {
    const api = await withConfigMaps('a');
    const why = `resourceVersion: Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": ${fault}`;
    const options = { resourceVersion };
    await expect(api.list('configmaps', { options })).rejects.toMatchObject({ code: 400, message: `invalid resource version: ${why}` });
    await expect(watching(api, options).next()).rejects.toMatchObject({ code: 500, message: why });
  });

  it('refuses combinations of options that mean nothing', async () => {
    const api = await withConfigMaps('a');
    await expect(api.list('configmaps', { options: { resourceVersionMatch: 'Exact' } })).rejects.toMatchObject({ reason: 'Invalid' });
  });
});

/** A watch whose events are awaited one at a time. */
function watching(api: FakeApi, options: RequestOptions = {}, namespace = 'default', resource = 'configmaps') {
  const stop = new AbortController();
  const events = api.transport
    .watch({ verb: 'watch', ...configMaps, resource, namespace, options }, { signal: stop.signal })
    [Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => {
    const { value, done } = (await events.next()) as IteratorResult<WatchEvent>;
    return done ? undefined : `${value.type} ${(value.object as KubeObject).metadata?.name ?? ''}`.trim();
  };
  return { next, events, stop: () => stop.abort() };
}

describe('watch', () => {
  it('starts with what there is and goes on with what happens', async () => {
    const api = await withConfigMaps('a');
    const watch = watching(api);
    expect(await watch.next()).toBe('ADDED a');
    await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'b' } } });
    await api.call('create', 'configmaps', { namespace: 'other', body: { metadata: { name: 'c' } } });
    await api.call('delete', 'configmaps', { ...inDefault, name: 'a' });
    expect([await watch.next(), await watch.next()]).toEqual(['ADDED b', 'DELETED a']);
    watch.stop();
    expect(await watch.next()).toBeUndefined();
  });

  it('tells of a pod that goes at once that it is marked first, and of no other object', async () => {
    const api = await fakeApi();
    const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } };
    const pod = await api.call('create', 'pods', { ...inDefault, body });
    const map = await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'a' } } });
    const gone = await api.call('delete', 'pods', { ...inDefault, name: 'p' });
    await api.call('delete', 'configmaps', { ...inDefault, name: 'a' });
    const pods = watching(api, { resourceVersion: pod.metadata?.resourceVersion }, 'default', 'pods');
    const [{ value: marked }, { value: deleted }] = [await pods.events.next(), await pods.events.next()];
    expect([marked?.type, deleted?.type]).toEqual(['MODIFIED', 'DELETED']);
    expect(marked?.object.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    expect(deleted?.object).toEqual(gone);
    const maps = watching(api, { resourceVersion: map.metadata?.resourceVersion });
    expect(await maps.next()).toBe('DELETED a');
    for (const watch of [pods, maps]) watch.stop();
  });

  it('waits for the disk once when a pod goes at once', async () => {
    const clock = fakeClock();
    const store = await openStore({ url: 'memory:', clock, log: silentLogger });
    const puts = vi.spyOn(store, 'put');
    const api = await fakeApi({ store });
    const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'x' }] } };
    await api.call('create', 'pods', { ...inDefault, body });
    await api.call('delete', 'pods', { ...inDefault, name: 'p' });
    expect(puts.mock.calls.map(([, , { persistence = 'durable' }]) => persistence)).toEqual(['durable', 'write-behind']);
  });

  it('shows an object that ends with its last finalizer as it was stored', async () => {
    const api = await fakeApi();
    await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'a', finalizers: ['example.com/x'] } } });
    const marked = await api.call('delete', 'configmaps', { ...inDefault, name: 'a' });
    const watch = watching(api, { resourceVersion: marked.metadata?.resourceVersion });
    const body = { metadata: { finalizers: null }, data: { a: 'b' } };
    const answer = await api.call<KubeObject & { data: object }>('patch', 'configmaps', {
      ...inDefault,
      name: 'a',
      patchType: 'merge',
      body,
    });
    expect(answer.data).toEqual({ a: 'b' });
    expect(answer.metadata?.resourceVersion).toBe(marked.metadata?.resourceVersion);
    const { value } = await watch.events.next();
    expect(value?.type).toBe('DELETED');
    expect(value?.object).toEqual({ ...marked, metadata: { ...marked.metadata, resourceVersion: expect.any(String) } });
    watch.stop();
  });

  it('is over before it begins when its time is', async () => {
    const watch = watching(await withConfigMaps('a'), { timeoutSeconds: -1 });
    expect(await watch.next()).toBeUndefined();
  });

  it('resumes after a resourceVersion', async () => {
    const api = await withConfigMaps('a', 'b');
    const { metadata } = await api.call('get', 'configmaps', { ...inDefault, name: 'a' });
    const watch = watching(api, { resourceVersion: metadata?.resourceVersion });
    expect(await watch.next()).toBe('ADDED b');
    watch.stop();
  });

  it('tells of objects that enter and leave the selector', async () => {
    const api = await withConfigMaps('a');
    const label = (value: string | null) =>
      api.call('patch', 'configmaps', { ...inDefault, name: 'a', patchType: 'merge', body: { metadata: { labels: { on: value } } } });
    const watch = watching(api, { labelSelector: 'on' });
    const first = watch.next();
    await label('1');
    expect(await first).toBe('ADDED a');
    await label('2');
    await label(null);
    expect([await watch.next(), await watch.next()]).toEqual(['MODIFIED a', 'DELETED a']);
    watch.stop();
  });

  it.each<RequestOptions>([{ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }, {}, { resourceVersion: '0' }])(
    'ends the initial events with an annotated bookmark, asked with %j',
    async (asked) => {
      const api = await withConfigMaps('a');
      const options = { ...asked, allowWatchBookmarks: true };
      const watch = watching(api, options);
      expect(await watch.next()).toBe('ADDED a');
      const { value } = await watch.events.next();
      expect(value).toMatchObject({
        type: 'BOOKMARK',
        object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
      });
      watch.stop();
    },
  );

  it('sends a bookmark every minute and one at its time-out', async () => {
    const api = await withConfigMaps('a');
    const { metadata } = await api.call('get', 'configmaps', { ...inDefault, name: 'a' });
    const watch = watching(api, { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 90 });
    const first = watch.next();
    await api.clock.advance(60_000);
    expect(await first).toBe('BOOKMARK');
    const second = watch.next();
    await api.clock.advance(30_000);
    expect(await second).toBe('BOOKMARK');
    expect(await watch.next()).toBeUndefined();
  });

  it('lasts from the shortest time to twice as long when it does not say how long', async () => {
    const api = await fakeApi({ shortestWatchSeconds: 10, random: () => 0.5 });
    const watch = watching(api, { resourceVersion: '0' });
    const over = watch.next();
    let isOver = false;
    void over.then(() => {
      isOver = true;
    });
    await api.clock.advance(14_900);
    expect(isOver).toBe(false);
    await api.clock.advance(200);
    expect(await over).toBeUndefined();
  });

  it('shows events in both of their groups', async () => {
    const api = await fakeApi();
    const body = {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
      reason: 'Started',
      message: 'it runs',
      type: 'Normal',
    };
    await api.call('create', 'events', { ...inDefault, body });
    const { items } = await api.list('events.events.k8s.io', inDefault);
    expect(items).toMatchObject([{ apiVersion: 'events.k8s.io/v1', regarding: { name: 'p' }, note: 'it runs' }]);
  });
});
