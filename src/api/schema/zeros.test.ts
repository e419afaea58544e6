import { describe, expect, it } from 'vitest';
import { schemaNames, schemaOf } from './schema.ts';
import { SHOWN, showZeros } from './zeros.ts';

const shown = <T extends object>(object: T, schema: string): T => {
  showZeros(object, schema);
  return object;
};

function freeze<T>(value: T): T {
  for (const inner of Object.values(value as object)) if (typeof inner === 'object' && inner !== null) freeze(inner);
  return Object.freeze(value);
}

describe('zero values that upstream shows', () => {
  it('name fields that their schemas have', () => {
    for (const [schema, fields] of Object.entries(SHOWN)) {
      expect(schemaNames()).toContain(schema);
      for (const field of fields.split(' ')) expect([...schemaOf(schema).fields.keys()], schema).toContain(field.replace(/=.*/, ''));
    }
  });

  it.each([
    ['DaemonSet', { status: { numberReady: 2 } }, 'numberReady', 2],
    ['StatefulSet', {}, 'replicas', 0],
    ['PodDisruptionBudget', {}, 'disruptionsAllowed', 0],
    ['V2HorizontalPodAutoscaler', {}, 'currentMetrics', null],
    ['Ingress', {}, 'loadBalancer', {}],
    [
      'V2HorizontalPodAutoscaler',
      { status: { currentMetrics: [{ pods: {} }] } },
      'currentMetrics',
      [{ type: '', pods: { current: {}, metric: { name: '' } } }],
    ],
    ['CustomResourceDefinition', { status: { acceptedNames: {}, conditions: [{}] } }, 'acceptedNames', { kind: '', plural: '' }],
    ['APIService', { status: { conditions: [{}] } }, 'conditions', [{ lastTransitionTime: null, status: '', type: '' }]],
  ])('are in the status of a %s unless something is there', (schema, object: { status?: object }, field, value) => {
    expect(shown(object, schema).status).toHaveProperty(field, value);
  });

  it('are set in lists and nested templates', () => {
    expect(shown({ endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: [], conditions: { ready: true } }] }, 'EndpointSlice')).toEqual({
      endpoints: [
        { addresses: ['10.0.0.1'], conditions: {} },
        { addresses: [], conditions: { ready: true } },
      ],
      ports: null,
    });
    expect(shown({ spec: { jobTemplate: { spec: { template: { spec: {} } } } } }, 'CronJob')).toEqual({
      spec: { jobTemplate: { metadata: {}, spec: { template: { metadata: {}, spec: {} } } } },
      status: {},
    });
  });

  it('are set in lists of a status', () => {
    const status = { conditions: [{ type: 'Ready' }], containerStatuses: [{ name: 'a', state: { running: {} } }] };
    expect(shown({ spec: {}, status }, 'Pod')).toMatchObject({
      status: {
        conditions: [{ type: 'Ready', status: '', lastProbeTime: null, lastTransitionTime: null }],
        containerStatuses: [
          { name: 'a', ready: false, restartCount: 0, image: '', imageID: '', state: { running: { startedAt: null } }, lastState: {} },
        ],
      },
    });
  });

  it('are not shared between objects', () => {
    const [a, b] = [shown({}, 'Service'), shown({}, 'Service')] as { status?: object }[];
    expect(a?.status).toEqual({ loadBalancer: {} });
    expect(a?.status).not.toBe(b?.status);
  });

  it('replace frozen parts that lack them, and leave the others alone', () => {
    const complete = freeze({ name: 'a', resources: {} });
    const spec = freeze({ containers: [complete, { name: 'b' }] });
    const pod = shown({ spec, status: {} }, 'Pod');
    expect(pod.spec).toEqual({ containers: [complete, { name: 'b', resources: {} }] });
    expect(pod.spec.containers[0]).toBe(complete);
    expect(spec.containers[1]).toEqual({ name: 'b' });
    const whole = freeze({ containers: [complete] });
    expect(shown({ spec: whole }, 'Pod').spec).toBe(whole);
  });

  it('leave objects of unknown schemas as they are', () => {
    expect(shown({ a: 1 }, 'nothing.example/v1.Thing')).toEqual({ a: 1 });
  });
});
