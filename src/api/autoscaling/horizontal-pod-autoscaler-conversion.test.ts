import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V2HorizontalPodAutoscaler, V2MetricSpec } from '../schema/generated/types.ts';
import { toV1, toV2 } from './horizontal-pod-autoscaler-conversion.ts';
import { horizontalPodAutoscalersV1 } from './horizontal-pod-autoscaler-v1.ts';
import { horizontalPodAutoscalers } from './horizontal-pod-autoscaler-v2.ts';

const reference = { kind: 'Deployment', name: 'web' };
const metric = fc.record(
  { name: fc.constantFrom('qps', 'queue'), selector: fc.constantFrom({ matchLabels: { a: 'b' } }) },
  { requiredKeys: ['name'] },
);
const average = fc.constantFrom({ type: 'AverageValue', averageValue: '10' }, { type: 'AverageValue', averageValue: '100m' });
const value = fc.constant({ type: 'Value', value: '5' });
const utilization = fc.constant({ type: 'Utilization', averageUtilization: 70 });
const resource = fc.record({ name: fc.constant('memory'), target: fc.oneof(average, utilization) });
const spec: fc.Arbitrary<V2MetricSpec> = fc.oneof(
  fc.record({ type: fc.constant('Resource'), resource }),
  fc.record({
    type: fc.constant('ContainerResource'),
    containerResource: resource.map((each) => ({ ...each, container: 'main' })),
  }),
  fc.record({ type: fc.constant('Pods'), pods: fc.record({ metric, target: average }) }),
  fc.record({
    type: fc.constant('Object'),
    object: fc.record({ describedObject: fc.constant(reference), metric, target: fc.oneof(average, value) }),
  }),
  fc.record({ type: fc.constant('External'), external: fc.record({ metric, target: fc.oneof(average, value) }) }),
) as fc.Arbitrary<V2MetricSpec>;
const rules = fc.record(
  {
    stabilizationWindowSeconds: fc.nat(3600),
    selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
    policies: fc.array(fc.record({ type: fc.constantFrom('Pods', 'Percent'), value: fc.nat(9), periodSeconds: fc.nat(60) })),
    tolerance: fc.constant('50m'),
  },
  { requiredKeys: ['policies'] },
);
const cpu: V2MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };

it('everything that v2 says comes back from v1', () => {
  const metrics = fc.tuple(fc.boolean(), fc.array(spec, { maxLength: 4 })).map(([has, others]) => (has ? [cpu, ...others] : others));
  const behavior = fc.option(fc.record({ scaleUp: rules, scaleDown: rules }), { nil: undefined });
  fc.assert(
    fc.property(metrics, behavior, (all, behaves) => {
      const hpa = {
        apiVersion: 'autoscaling/v2',
        metadata: { name: 'web', annotations: { mine: 'x' } },
        spec: { scaleTargetRef: reference, maxReplicas: 3, ...(all.length > 0 && { metrics: all }), ...(behaves && { behavior: behaves }) },
      };
      expect(toV2(toV1(hpa))).toEqual(hpa);
    }),
  );
});

it('what is measured and said comes back too, in its place', () => {
  const hpa: V2HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    metadata: { name: 'web' },
    spec: { scaleTargetRef: reference, maxReplicas: 3, metrics: [cpu] },
    status: {
      currentReplicas: 1,
      desiredReplicas: 2,
      currentMetrics: [
        { type: '' },
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 80, averageValue: '40m' } } },
        { type: 'External', external: { metric: { name: 'queue' }, current: { averageValue: '3' } } },
        { type: 'Object', object: { describedObject: reference, metric: { name: 'qps' }, current: { value: '7' } } },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale' }],
    },
  };
  const old = toV1(hpa);
  expect(old.status).toEqual({ currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 80 });
  expect(toV2(old)).toEqual(hpa);
});

it('annotations are in the words of v1, which clients read', () => {
  const target = { type: 'AverageValue', averageValue: '10' };
  const scaleDown = { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
  const pods: V2MetricSpec = { type: 'Pods', pods: { metric: { name: 'qps' }, target } };
  const { metadata, spec: old } = toV1({
    spec: { scaleTargetRef: reference, maxReplicas: 3, metrics: [cpu, pods], behavior: { scaleDown } },
    status: {
      desiredReplicas: 1,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 0, averageValue: '1m' } } }],
    },
  });
  expect(old).toMatchObject({ targetCPUUtilizationPercentage: 60 });
  const read = (name: string) => JSON.parse(metadata?.annotations?.[`autoscaling.alpha.kubernetes.io/${name}`] ?? 'null');
  expect(read('metrics')).toEqual([{ type: 'Pods', pods: { metricName: 'qps', targetAverageValue: '10' } }]);
  expect(read('current-metrics')).toEqual([
    { type: 'Resource', resource: { name: 'cpu', currentAverageUtilization: 0, currentAverageValue: '1m' } },
  ]);
  expect(read('behavior')).toEqual({
    ScaleDown: { StabilizationWindowSeconds: 0, SelectPolicy: 'Max', Policies: [{ Type: 'Percent', Value: 100, PeriodSeconds: 15 }] },
  });
});

it('no replicas are shown in v1 alone', () => {
  const old = toV1({ status: { desiredReplicas: 0, currentMetrics: null } } as never);
  expect(old.status).toEqual({ desiredReplicas: 0, currentReplicas: 0 });
  expect(toV2(old).status).toEqual({ desiredReplicas: 0, currentMetrics: null });
});

it('annotations that somebody wrote by hand are read whatever their case, and nonsense says nothing', () => {
  const annotations = {
    'autoscaling.alpha.kubernetes.io/behavior': '{"scaleUp":{"selectpolicy":"Min","Policies":null}}',
    'autoscaling.alpha.kubernetes.io/metrics': 'nonsense',
  };
  const hpa = toV2({ metadata: { annotations }, spec: { scaleTargetRef: reference, maxReplicas: 3 } });
  expect(hpa).toEqual({
    apiVersion: 'autoscaling/v2',
    metadata: {},
    spec: { scaleTargetRef: reference, maxReplicas: 3, behavior: { scaleUp: { selectPolicy: 'Min' } } },
  });
});

describe('annotations that carry', () => {
  const PREFIX = 'autoscaling.alpha.kubernetes.io/';
  const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3 };

  it('say in v1 what its fields do not, whatever a client wrote', () => {
    const hpa = {
      metadata: { name: 'a', annotations: { [`${PREFIX}behavior`]: 'x', [`${PREFIX}metrics`]: '[]', other: 'y' } },
      spec: { ...spec },
      status: { currentReplicas: 1, desiredReplicas: 1, currentCPUUtilizationPercentage: 7 },
    };
    horizontalPodAutoscalersV1.hooks.defaults?.(hpa);
    expect(hpa.spec).toMatchObject({ targetCPUUtilizationPercentage: 80 });
    expect(hpa.metadata.annotations).toEqual({
      other: 'y',
      [`${PREFIX}current-metrics`]:
        '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"0"}}]',
    });
  });

  it('are not in v2', () => {
    const hpa = { metadata: { annotations: { [`${PREFIX}behavior`]: 'x', [`${PREFIX}conditions`]: '[]', other: 'y' } }, spec };
    horizontalPodAutoscalers.hooks.defaults?.(hpa);
    expect(hpa.metadata.annotations).toEqual({ other: 'y' });
    const bare = { metadata: { annotations: { [`${PREFIX}metrics`]: '[]' } }, spec };
    horizontalPodAutoscalers.hooks.defaults?.(bare);
    expect(bare.metadata).toEqual({});
  });
});
