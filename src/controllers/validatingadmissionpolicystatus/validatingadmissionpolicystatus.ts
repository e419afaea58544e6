import { validatingAdmissionPolicies } from '../../api/admissionregistration/validating-admission-policy.ts';
import type { Registry } from '../../api/registry.ts';
import type { Controller } from '../../client/controller.ts';
import { planPolicyStatus } from './validatingadmissionpolicystatus-plan.ts';

/** Says in the status of a policy what its expressions get wrong about the kinds that it is for, once for each generation. */
export const validatingAdmissionPolicyStatus = ({ kinds }: { kinds: Pick<Registry, 'find' | 'findKind'> }): Controller => ({
  name: 'validatingadmissionpolicy-status-controller',
  reads: ['validatingadmissionpolicies.admissionregistration.k8s.io'],
  writes: ['validatingadmissionpolicies.admissionregistration.k8s.io/status'],
  async reconcile({ key, informer, client, signal }) {
    const policy = informer(validatingAdmissionPolicies).get(key);
    const status = policy && planPolicyStatus(policy, kinds);
    if (!status) return;
    await client.update(validatingAdmissionPolicies, { ...policy, status }, { subresource: 'status', signal });
  },
});
