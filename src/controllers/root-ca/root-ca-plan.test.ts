import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planRootCa } from './root-ca-plan.ts';

test('whatever somebody made of the ConfigMap, one write puts it right and a second is not needed', () => {
  const found = fc.option(
    fc.record({
      metadata: fc.constant({ name: 'kube-root-ca.crt' }),
      data: fc.dictionary(fc.constantFrom('ca.crt', 'x'), fc.constantFrom('CA', 'bad')),
    }),
    { nil: undefined },
  );
  fc.assert(
    fc.property(found, (object) => {
      const plan = planRootCa(object, 'n', 'CA');
      if (plan.do === 'nothing') throw new Error('the description is missing: there is something to do');
      expect(plan.object.data).toEqual({ 'ca.crt': 'CA' });
      expect(planRootCa(plan.object, 'n', 'CA')).toEqual({ do: 'nothing' });
    }),
  );
});
