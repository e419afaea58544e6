import fc from 'fast-check';
import { expect, test } from 'vitest';
import { registry } from '../../api/index.ts';
import type { ValidatingAdmissionPolicy } from '../../api/schema/generated/types.ts';
import { planPolicyStatus } from './validatingadmissionpolicystatus-plan.ts';

const RIGHT = ['object.spec.replicas > 1', "has(object.metadata.labels) || request.operation == 'CREATE'", 'true'];
const WRONG = ['object.replicas > 1', "object.spec.replicas == 'x'", 'nobody.knows', 'object.spec.replicas >'];

const expression = fc.oneof(
  fc.constantFrom(...RIGHT).map((text) => ({ text, isWrong: false })),
  fc.constantFrom(...WRONG).map((text) => ({ text, isWrong: true })),
);
const expressions = fc.array(expression, { minLength: 1, maxLength: 4 });
const generation = fc.integer({ min: 1, max: 9 });
const conditions = [{ type: 'Ready', status: 'True', reason: 'r', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }];
const observed = fc.option(fc.nat(9), { nil: undefined });

const policyOf = (texts: readonly string[], of: number, status?: ValidatingAdmissionPolicy['status']): ValidatingAdmissionPolicy => ({
  metadata: { name: 'p', generation: of },
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments', 'replicasets'] }],
    },
    validations: texts.map((text) => ({ expression: text })),
  },
  status,
});
const fieldsOf = (status: ValidatingAdmissionPolicy['status']) =>
  status?.typeChecking?.expressionWarnings?.map(({ fieldRef }) => fieldRef) ?? [];

test('the warnings name every expression that is wrong and no other, whatever was warned of before', () => {
  fc.assert(
    fc.property(expressions, generation, fc.boolean(), (list, of, isWarned) => {
      const old = { fieldRef: 'spec.validations[0].expression', warning: 'of an earlier generation' };
      const status = { observedGeneration: of - 1, conditions, typeChecking: isWarned ? { expressionWarnings: [old] } : {} };
      const next = planPolicyStatus(
        policyOf(
          list.map(({ text }) => text),
          of,
          status,
        ),
        registry,
      );
      expect(fieldsOf(next)).toEqual(list.flatMap(({ isWrong }, i) => (isWrong ? [`spec.validations[${i}].expression`] : [])));
      expect(next?.typeChecking?.expressionWarnings ?? []).not.toContainEqual(old);
      expect(next?.conditions).toEqual(conditions);
    }),
  );
});

test('each generation is looked at once, and none that is older than what was looked at', () => {
  fc.assert(
    fc.property(expressions, generation, observed, (list, of, observedGeneration) => {
      const texts = list.map(({ text }) => text);
      const status = observedGeneration === undefined ? undefined : { observedGeneration };
      const next = planPolicyStatus(policyOf(texts, of, status), registry);
      expect(Math.max(of, observedGeneration ?? 0)).toBe(next?.observedGeneration ?? observedGeneration);
      expect(planPolicyStatus(policyOf(texts, of, next ?? status), registry)).toBeUndefined();
      expect(planPolicyStatus(policyOf(texts, of + 10, next ?? status), registry)?.observedGeneration).toBe(of + 10);
    }),
  );
});
