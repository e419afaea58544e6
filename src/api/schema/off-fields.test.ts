import { expect, it } from 'vitest';
import { prune } from './decode.ts';
import { OFF_FIELDS } from './off-fields.ts';
import { schemaOf } from './schema.ts';

it('fields that are off are fields of their schemas', () => {
  for (const [schema, fields] of Object.entries(OFF_FIELDS)) {
    for (const field of fields.split(' ')) expect([...schemaOf(schema).fields.keys()], schema).toContain(field);
  }
});

it.each<[string, object, object]>([
  [
    'StatefulSet',
    { spec: { updateStrategy: { rollingUpdate: { partition: 1, maxUnavailable: 2 } } } },
    { spec: { updateStrategy: { rollingUpdate: { partition: 1 } } } },
  ],
  ['Lease', { spec: { holderIdentity: 'h', strategy: 'x', preferredHolder: 'y' } }, { spec: { holderIdentity: 'h' } }],
  [
    'Pod',
    { spec: { volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } }] } },
    { spec: { volumes: [{ name: 'v', projected: { sources: [{}] } }] } },
  ],
  ['Node', { status: { config: { error: 'x' } } }, { status: {} }],
])('a field of a %s that is off is left out without a word', (schema, sent, stored) => {
  expect(prune(sent, schema)).toEqual([]);
  expect(sent).toEqual(stored);
});

it('what is off has to fit all the same', () => {
  expect(() => prune({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { strategy: 5 } }, 'Lease')).toThrow(
    'cannot unmarshal number',
  );
});

it.each([
  [{ stopSignal: 'SIGTERM' }, undefined],
  [{}, {}],
  [{ stopSignal: 'SIGTERM', preStop: { sleep: { seconds: 1 } } }, { preStop: { sleep: { seconds: 1 } } }],
])('a lifecycle of which nothing is left but a field that is off goes with it: of %j stays %j', (lifecycle, left) => {
  const pod = { spec: { containers: [{ name: 'c', image: 'i', lifecycle }] } };
  prune(pod, 'Pod');
  expect(pod.spec.containers[0]?.lifecycle).toEqual(left);
});
