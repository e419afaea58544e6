import { describe, expect, it } from 'vitest';
import type { V2HorizontalPodAutoscaler } from '../schema/generated/types.ts';
import { prune } from '../schema/index.ts';
import { defaultAutoscalerV2 } from './horizontal-pod-autoscaler-defaults.ts';
import { checkAutoscalerUpdate, checkNewAutoscaler } from './horizontal-pod-autoscaler-validation.ts';

const lines = (errors: readonly { path: string; message: string }[]) => errors.map(({ path, message }) => `${path}: ${message}`);
const scaling = (apiVersion: string, { kind = 'Deployment', ...spec }: { kind?: string; metrics?: object[]; behavior?: object } = {}) =>
  ({ spec: { maxReplicas: 2, scaleTargetRef: { kind, name: 'd', apiVersion }, ...spec } }) as V2HorizontalPodAutoscaler;
const described = (apiVersion: string) => [
  {
    type: 'Object',
    object: { describedObject: { kind: 'X', name: 'x', apiVersion }, metric: { name: 'm' }, target: { type: 'Value', value: '1' } },
  },
];

describe('the apiVersion that an autoscaler refers to', () => {
  it.each([
    ['apps/v1', 'Deployment', []],
    ['v1', 'ReplicationController', []],
    ['', 'ReplicationController', []],
    ['v1', 'Deployment', ['spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group']],
    ['a/b/c', 'Deployment', ['spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c']],
  ])('%s of a %s: %j', (apiVersion, kind, expected) => {
    expect(lines(checkNewAutoscaler(scaling(apiVersion, { kind })))).toEqual(expected);
  });

  it('may lack the group where an object is described, and stays as it was', () => {
    expect(checkNewAutoscaler(scaling('apps/v1', { metrics: described('v1') }))).toEqual([]);
    const wrong = ['spec.metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'];
    expect(lines(checkNewAutoscaler(scaling('apps/v1', { metrics: described('a/b/c') })))).toEqual(wrong);
    expect(
      lines(checkAutoscalerUpdate(scaling('v1', { metrics: described('a/b/c') }), scaling('v1', { metrics: described('v1') }))),
    ).toEqual(wrong);
    expect(checkAutoscalerUpdate(scaling('v1', { metrics: described('a/b/c') }), scaling('v1', { metrics: described('x/y/z') }))).toEqual(
      [],
    );
    expect(lines(checkAutoscalerUpdate(scaling('v2'), scaling('apps/v1')))).toEqual([
      'spec.scaleTargetRef.apiVersion: Invalid value: "v2": apiVersion must specify API group',
    ]);
  });
});

describe('an autoscaler', () => {
  it('names resources and containers as they may be called', () => {
    const containerResource = { name: 'gold', container: 'No_Name', target: { type: 'Utilization', averageUtilization: 1 } };
    expect(lines(checkNewAutoscaler(scaling('apps/v1', { metrics: [{ type: 'ContainerResource', containerResource }] })))).toEqual([
      'spec.metrics[0].containerResource.name: Invalid value: "gold": must be a standard resource type or fully qualified',
      'spec.metrics[0].containerResource.name: Invalid value: "gold": must be a standard resource for containers',
      expect.stringContaining('spec.metrics[0].containerResource.container: Invalid value: "No_Name": a lowercase RFC 1123 label'),
    ]);
  });

  it('is given no policies where it has an empty list of them, and needs one', () => {
    const autoscaler = scaling('apps/v1', { behavior: { scaleUp: { policies: [] }, scaleDown: {} } });
    prune(autoscaler, 'V2HorizontalPodAutoscaler');
    defaultAutoscalerV2(autoscaler);
    expect(lines(checkNewAutoscaler(autoscaler))).toEqual([
      'spec.behavior.scaleUp.policies: Required value: must specify at least one Policy',
    ]);
  });

  it('tolerates no less than nothing', () => {
    const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }], tolerance: '-0.1' } };
    expect(lines(checkNewAutoscaler(scaling('apps/v1', { behavior })))).toEqual([
      'spec.behavior.scaleUp.tolerance: Invalid value: "-0.1": must be greater than or equal to 0',
    ]);
  });
});

it('references are checked where they are, with their versions', () => {
  const described = { apiVersion: 'a/b/c', kind: '', name: 'n' };
  const metrics = [
    { type: 'Object', object: { describedObject: described, metric: { name: 'm' }, target: { type: 'Value', value: '-1' } } },
  ];
  const hpa = { spec: { scaleTargetRef: { apiVersion: 'v1', kind: 'K', name: 'n' }, maxReplicas: 1, metrics } };
  expect(lines(checkNewAutoscaler(hpa)).map((line) => line.split(':')[0])).toEqual([
    'spec.scaleTargetRef.apiVersion',
    'spec.metrics[0].object.describedObject.kind',
    'spec.metrics[0].object.describedObject.apiVersion',
    'spec.metrics[0].object.target.value',
  ]);
});
