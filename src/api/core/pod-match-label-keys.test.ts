import { expect, it } from 'vitest';
import { pods } from '../index.ts';
import type { Pod } from '../schema/generated/types.ts';

it('a new pod has the values of its matchLabelKeys and mismatchLabelKeys in the selectors of its affinity', () => {
  const term = (more: object) => ({ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } }, ...more });
  const pod: Pod = {
    metadata: { name: 'p', labels: { hash: '1', tenant: 't' } },
    spec: {
      containers: [{ name: 'c', image: 'i' }],
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term({ matchLabelKeys: ['hash', 'absent'] })] },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term({ mismatchLabelKeys: ['tenant'] }) }],
        },
      },
    },
  };
  pods.hooks.prepareForCreate?.(pod, { now: '2026-01-01T00:00:00Z' } as never);
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  expect(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector).toEqual({
    matchLabels: { app: 'a' },
    matchExpressions: [{ key: 'hash', operator: 'In', values: ['1'] }],
  });
  expect(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.[0]?.podAffinityTerm.labelSelector?.matchExpressions).toEqual([
    { key: 'tenant', operator: 'NotIn', values: ['t'] },
  ]);
  expect(pods.hooks.validateCreate?.(pod, {} as never).filter(({ path }) => path.includes('LabelKeys'))).toEqual([]);
});

it('a new pod has the values of its matchLabelKeys in the selectors of its spread, where its author may not have written them', () => {
  const spread = (more: object) => ({
    topologyKey: 'zone',
    maxSkew: 1,
    whenUnsatisfiable: 'DoNotSchedule',
    matchLabelKeys: ['hash'],
    ...more,
  });
  const created = (labelSelector?: object, labels: Record<string, string> = { hash: '1' }) => {
    const pod: Pod = {
      metadata: { name: 'p', labels },
      spec: { containers: [{ name: 'c', image: 'i' }], topologySpreadConstraints: [spread({ labelSelector })] },
    };
    pods.hooks.prepareForCreate?.(pod, { now: '2026-01-01T00:00:00Z' } as never);
    return pod;
  };
  const findings = (pod: Pod) => pods.hooks.validate?.(pod).filter(({ path }) => path.includes('Spread'));
  const pod = created({ matchLabels: { app: 'a' } });
  expect(pod.spec?.topologySpreadConstraints?.[0]?.labelSelector).toEqual({
    matchLabels: { app: 'a' },
    matchExpressions: [{ key: 'hash', operator: 'In', values: ['1'] }],
  });
  expect(findings(pod)).toEqual([]);
  expect(findings(created({ matchLabels: { hash: '1' } }))).toMatchObject([{ path: 'spec.topologySpreadConstraints[0][0]' }]);
  expect(created({}, {}).spec?.topologySpreadConstraints?.[0]?.labelSelector).toEqual({});
  expect(created().spec?.topologySpreadConstraints?.[0]?.labelSelector).toBeUndefined();
});
