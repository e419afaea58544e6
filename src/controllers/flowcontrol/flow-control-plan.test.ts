import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultFlowSchemas, defaultPriorityLevels, MANDATORY_FLOW_CONTROL } from '../../api/flowcontrol/default-objects.ts';
import type { FlowSchema, FlowSchemaCondition } from '../../api/schema/generated/types.ts';
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

/** A default FlowSchema, and what somebody made of it: its spec, its annotation, labels of theirs. */
const someKept = fc.constantFrom(...defaultFlowSchemas()).chain((wanted) =>
  fc.record({
    wanted: fc.constant(wanted),
    found: fc.record({ autoupdate: fc.constantFrom('true', 'false', undefined), precedence: fc.nat(3), isSame: fc.boolean() }).map(
      ({ autoupdate, precedence, isSame }): FlowSchema => ({
        ...wanted,
        metadata: {
          ...wanted.metadata,
          labels: { of: 'somebody' },
          annotations: autoupdate ? { 'apf.kubernetes.io/autoupdate-spec': autoupdate } : {},
        },
        spec: {
          priorityLevelConfiguration: { name: 'theirs' },
          ...wanted.spec,
          ...(!isSame && { matchingPrecedence: precedence, rules: [] }),
        },
        status: { conditions: [{ type: 'Dangling', status: 'False' }] },
      }),
    ),
  }),
);

it('whatever becomes of a default object, one write gives it its spec where that is kept, touches nothing else, and no second one follows', () => {
  fc.assert(
    fc.property(someKept, ({ wanted, found }) => {
      const plan = planKept(found, wanted);
      const after = plan.do === 'nothing' ? found : plan.object;
      const isKept =
        MANDATORY_FLOW_CONTROL.has(wanted.metadata?.name ?? '') ||
        found.metadata?.annotations?.['apf.kubernetes.io/autoupdate-spec'] === 'true';
      expect(after.spec).toEqual(isKept ? { ...after.spec, ...wanted.spec } : found.spec);
      expect({ ...after, spec: undefined }).toEqual({ ...found, spec: undefined });
      expect(planKept(after, wanted)).toEqual({ do: 'nothing' });
      expect(planKept(undefined, wanted)).toEqual({ do: 'create', object: wanted });
    }),
  );
});

it('through any history of its level a FlowSchema says once whether it dangles, since the last change, and keeps what others say', () => {
  const other: FlowSchemaCondition = { type: 'Other', status: 'True', lastTransitionTime: 'T' };
  const step = fc.record({ hasLevel: fc.boolean(), level: fc.constantFrom('exempt', 'system') });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (history) => {
      let schema: FlowSchema = { ...named('probes'), status: { conditions: [other] } };
      let since = '';
      for (const [i, { hasLevel, level }] of history.entries()) {
        const before = history[i - 1];
        if (hasLevel !== before?.hasLevel) since = `T${i}`;
        schema = { ...schema, spec: { ...schema.spec, priorityLevelConfiguration: { name: level } } };
        const conditions = planDangling(schema, hasLevel, `T${i}`);
        expect(conditions === undefined).toBe(hasLevel === before?.hasLevel && level === before.level);
        if (conditions) schema = { ...schema, status: { conditions } };
        expect(schema.status?.conditions).toMatchObject([
          other,
          {
            type: 'Dangling',
            status: hasLevel ? 'False' : 'True',
            lastTransitionTime: since,
            message: expect.stringContaining(`"${level}"`),
          },
        ]);
      }
    }),
  );
});
