import { expect, it, vi } from 'vitest';
import { registry } from '../../api/index.ts';
import type { ValidatingAdmissionPolicy } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { validatingAdmissionPolicyStatus } from './validatingadmissionpolicystatus.ts';

const policy = (generation: number, observedGeneration?: number): ValidatingAdmissionPolicy => ({
  metadata: { name: 'p', generation },
  spec: {
    matchConstraints: {
      resourceRules: [{ apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] }],
    },
    validations: [{ expression: 'object.replicas > 1' }],
  },
  ...(observedGeneration && { status: { observedGeneration } }),
});

async function reconcile(found: ValidatingAdmissionPolicy | undefined) {
  const update = vi.fn();
  const request = { key: 'p', informer: () => ({ get: () => found }), client: { update }, signal: new AbortController().signal };
  await validatingAdmissionPolicyStatus({ kinds: registry }).reconcile(request as unknown as ReconcileRequest);
  return update.mock.calls.map(([, object, options]) => ({ object, options }));
}

it('writes what is wrong and which generation it looked at', async () => {
  const [write] = await reconcile(policy(3, 2));
  expect(write).toMatchObject({
    object: { status: { observedGeneration: 3, typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].expression' }] } } },
    options: { subresource: 'status' },
  });
});

it('looks at each generation once, and at nothing that is gone', async () => {
  expect(await reconcile(policy(2, 2))).toEqual([]);
  expect(await reconcile(undefined)).toEqual([]);
});
