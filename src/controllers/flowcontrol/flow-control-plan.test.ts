import { expect, it } from 'vitest';
import { defaultFlowSchemas, defaultPriorityLevels } from '../../api/flowcontrol/default-objects.ts';
import type { FlowSchema } from '../../api/schema/generated/types.ts';
import { planDangling, planKept } from './flow-control-plan.ts';

const named = (name: string) => defaultFlowSchemas().find(({ metadata }) => metadata?.name === name) as FlowSchema;

it('brings default objects back, and the specs of those that are kept', () => {
  const probes = named('probes');
  expect(planKept(undefined, probes)).toEqual({ do: 'create', object: probes });
  expect(planKept({ ...probes, spec: { ...probes.spec, rules: [] } } as FlowSchema, probes)).toMatchObject({
    do: 'update',
    object: { spec: probes.spec },
  });
  const own: FlowSchema = {
    ...probes,
    metadata: { name: 'probes', annotations: { 'apf.kubernetes.io/autoupdate-spec': 'false' } },
    spec: undefined,
  };
  expect(planKept(own, probes)).toEqual({ do: 'nothing' });
  const catchAll = named('catch-all');
  const changed: FlowSchema = { ...own, metadata: { name: 'catch-all', annotations: {} } };
  expect(planKept(changed, catchAll)).toMatchObject({ do: 'update', object: { spec: catchAll.spec } });
  expect(planKept(probes, undefined)).toEqual({ do: 'nothing' });
});

it('does not mind what the server filled in', () => {
  for (const level of defaultPriorityLevels())
    expect(planKept({ ...level, spec: { ...level.spec, type: level.spec?.type ?? '', more: 1 } as never }, level)).toEqual({
      do: 'nothing',
    });
});

it('says whether the priority level exists, and when that changed', () => {
  const schema = named('probes');
  const dangling = planDangling(schema, false, 'T1') ?? [];
  expect(dangling).toEqual([
    {
      type: 'Dangling',
      status: 'True',
      reason: 'NotFound',
      message: 'This FlowSchema references the PriorityLevelConfiguration object named "exempt" but there is no such object',
      lastTransitionTime: 'T1',
    },
  ]);
  const after = { ...schema, status: { conditions: dangling } };
  expect(planDangling(after, false, 'T2')).toBeUndefined();
  expect(planDangling(after, true, 'T3')).toMatchObject([{ status: 'False', reason: 'Found', lastTransitionTime: 'T3' }]);
});
