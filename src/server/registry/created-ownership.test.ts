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
