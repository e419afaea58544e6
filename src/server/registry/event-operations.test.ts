import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { fakeApi } from '../fake-api.ts';

/** What upstream's conformance tests of events do, through each of the two groups that show them. */

const inShop = { namespace: 'shop' };
const GROUPS = [
  {
    resource: 'events.events.k8s.io',
    change: { series: { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' } },
    field: 'reportingController=test-controller',
    body: {
      regarding: { namespace: 'shop' },
      eventTime: '2017-09-19T13:49:16.000000Z',
      note: 'This is event-test',
      action: 'Do',
      reason: 'Test',
      type: 'Normal',
      reportingController: 'test-controller',
      reportingInstance: 'test-node',
    },
  },
  {
    resource: 'events',
    change: { message: 'patched' },
    field: 'reason=Test',
    body: { message: 'This is a test event', reason: 'Test', type: 'Normal', count: 1, involvedObject: { namespace: 'shop' } },
  },
];
type Event = KubeObject & { series?: object };
const bare = ({ metadata, ...event }: Event) => ({ ...event, metadata: { ...metadata, resourceVersion: '', managedFields: [] } });

describe.each(GROUPS)('$resource', ({ resource, change, field, body }) => {
  const named = (name: string) => ({ ...inShop, body: { metadata: { name, labels: { set: 'true' } }, ...body } });

  it('are listed by label and field, patched, replaced and deleted', async () => {
    const api = await fakeApi();
    const one = { ...inShop, name: 'event-test' };
    const names = async (options: object, place: object = inShop) =>
      (await api.list(resource, { ...place, options })).items.map(({ metadata }) => metadata?.name);
    const made = await api.call<Event>('create', resource, named('event-test'));
    expect(await names({ labelSelector: 'set=true' }, {})).toEqual(['event-test']);
    expect(await names({ labelSelector: 'set=true' })).toEqual(['event-test']);
    expect(await names({ fieldSelector: field })).toEqual(['event-test']);
    expect(await names({ fieldSelector: field.replace('est', 'ests') })).toEqual([]);
    await api.call('patch', resource, { ...one, patchType: 'strategic', body: change });
    const patched = await api.call<Event>('get', resource, one);
    expect(Number(patched.metadata?.resourceVersion)).toBeGreaterThan(Number(made.metadata?.resourceVersion));
    expect(bare(patched)).toEqual({ ...bare(made), ...change });
    const wanted = { ...bare(patched), series: { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' } };
    await api.call('update', resource, { ...one, body: wanted });
    expect(bare(await api.call<Event>('get', resource, one))).toEqual(wanted);
    await api.call('delete', resource, one);
    expect(await names({ labelSelector: 'set=true' }, {})).toEqual([]);
  });

  it('are deleted by the collection', async () => {
    const api = await fakeApi();
    for (const name of ['a', 'b', 'c']) await api.call('create', resource, named(name));
    await api.call('create', resource, { ...inShop, body: { ...named('d').body, metadata: { name: 'd' } } });
    const options = { labelSelector: 'set=true' };
    expect((await api.list(resource, { ...inShop, options })).items).toHaveLength(3);
    await api.call('deletecollection', resource, { ...inShop, options });
    expect((await api.list(resource, inShop)).items.map(({ metadata }) => metadata?.name)).toEqual(['d']);
  });
});

it('core events that name no reporter do not show one in events.k8s.io, where they can be changed', async () => {
  const api = await fakeApi();
  const body = { metadata: { name: 'e' }, involvedObject: { namespace: 'shop' }, reason: 'Test', type: 'Normal' };
  const made = await api.call<Event>('create', 'events', { ...inShop, body });
  expect(made).toMatchObject({ reportingComponent: '', reportingInstance: '' });
  const patch = { ...inShop, name: 'e', patchType: 'merge', body: { metadata: { labels: { a: 'b' } } } } as const;
  const patched = await api.call<Event>('patch', 'events.events.k8s.io', patch);
  expect(patched.metadata?.labels).toEqual({ a: 'b' });
  expect(Object.keys(patched).filter((field) => field.startsWith('reporting'))).toEqual([]);
  expect(await api.call<Event>('get', 'events', { ...inShop, name: 'e' })).toMatchObject({ reportingComponent: '', reportingInstance: '' });
});

it('events of events.k8s.io are found by their source in the core group', async () => {
  const api = await fakeApi();
  await api.call('create', 'events.events.k8s.io', { ...inShop, body: { metadata: { name: 'e' }, ...GROUPS[0]?.body } });
  const found = await api.list('events', { ...inShop, options: { fieldSelector: 'source=test-controller' } });
  expect(found.items.map(({ metadata }) => metadata?.name)).toEqual(['e']);
});

it('what is wrong with events is told in the names of the core group, who reports as the version calls him', async () => {
  const api = await fakeApi();
  const body = { ...GROUPS[0]?.body, metadata: { name: 'e' }, reportingController: '' };
  await expect(api.call('create', 'events.events.k8s.io', { ...inShop, body })).rejects.toMatchObject({
    message: expect.stringMatching(/^Event "e" is invalid: \[reportingController: Required value, /),
    details: { name: 'e', kind: 'Event', causes: expect.any(Array) },
  });
  const old = { metadata: { name: 'e' }, eventTime: '2026-01-01T00:00:00.000000Z', involvedObject: { namespace: 'shop' } };
  await expect(api.call('create', 'events', { ...inShop, body: old })).rejects.toThrow('[reportingComponent: Required value, ');
});
