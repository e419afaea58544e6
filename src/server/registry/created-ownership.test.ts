import { expect, it } from 'vitest';
import { fakeApi } from '../fake-api.ts';

const inDefault = { namespace: 'default' };
const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };

it.each<[string, object, object]>([
  [
    'events',
    { involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' }, reason: 'R', type: 'Normal' },
    { 'f:involvedObject': {}, 'f:reason': {}, 'f:type': {} },
  ],
  ['networkpolicies.networking.k8s.io', { spec: { podSelector: {}, policyTypes: ['Egress'] } }, { 'f:spec': { 'f:policyTypes': {} } }],
  ['controllerrevisions.apps', { revision: 1, data: { a: { b: 'c' } } }, { 'f:data': {}, 'f:revision': {} }],
  [
    'ipaddresses.networking.k8s.io',
    { metadata: { name: '10.9.9.9' }, spec: { parentRef: { resource: 'services', name: 'x', namespace: 'y' } } },
    { 'f:spec': { 'f:parentRef': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:resource': {} } } },
  ],
  [
    'validatingadmissionpolicybindings.admissionregistration.k8s.io',
    { spec: { policyName: 'p', validationActions: ['Deny'] } },
    { 'f:spec': { 'f:policyName': {}, 'f:validationActions': { '.': {}, 'v:"Deny"': {} } } },
  ],
  [
    'daemonsets.apps',
    { spec: { selector: { matchLabels: { app: 'a' } }, template } },
    { 'f:metadata': { 'f:annotations': { '.': {}, 'f:deprecated.daemonset.template.generation': {} } } },
  ],
])('who creates one of %s owns what it says, and no zeros that every object shows', async (id, body, owned) => {
  const api = await fakeApi();
  const place = api.resources.definitions.byId(id)?.scope === 'Namespaced' ? inDefault : {};
  const made = await api.call('create', id, { ...place, body: { metadata: { name: 'a' }, ...body } });
  const [entry] = made.metadata?.managedFields ?? [];
  if (id === 'daemonsets.apps') expect(entry?.fieldsV1).toMatchObject(owned);
  else expect(entry?.fieldsV1).toEqual(owned);
});

it.each<[string, object, object]>([
  ['networkpolicies.networking.k8s.io', {}, { 'f:spec': { 'f:policyTypes': {} } }],
  [
    'services',
    { spec: { clusterIP: 'None' } },
    { 'f:spec': { 'f:clusterIP': {}, 'f:internalTrafficPolicy': {}, 'f:sessionAffinity': {}, 'f:type': {} } },
  ],
])('defaults are owned by who creates one of %s, whatever of it is said', async (id, body, owned) => {
  const api = await fakeApi();
  const made = await api.call('create', id, { ...inDefault, body: { metadata: { name: 'a' }, ...body } });
  expect(made.metadata?.managedFields).toMatchObject([{ fieldsV1: owned }]);
  const bare = { metadata: { name: 'a', resourceVersion: made.metadata?.resourceVersion } };
  const { metadata } = await api.call('update', id, { ...inDefault, name: 'a', body: bare });
  expect(metadata?.managedFields?.[0]?.fieldsV1).toMatchObject({
    'f:spec': id === 'services' ? { 'f:type': {}, 'f:sessionAffinity': {} } : owned['f:spec' as keyof typeof owned],
  });
});

it('nobody owns an object with an element that has no name', async () => {
  const api = await fakeApi();
  const body = { metadata: { name: 'a' }, secrets: [{ name: 's' }] };
  const made = await api.call('create', 'serviceaccounts', { ...inDefault, body });
  expect(made.metadata?.managedFields).toHaveLength(1);
  const unnamed = { ...made, secrets: [{ namespace: 'x' }] };
  const changed = await api.call('update', 'serviceaccounts', { ...inDefault, name: 'a', body: unnamed });
  expect(changed.metadata).not.toHaveProperty('managedFields');
});
