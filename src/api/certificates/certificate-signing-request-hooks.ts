import type { HookContext, Hooks } from '../define.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../schema/generated/types.ts';
import { checkCertificateSigningRequest, checkCertificateSigningRequestUpdate } from './certificate-signing-request-validation.ts';

type Condition = CertificateSigningRequestCondition;

/** Who asks is what authentication says, whatever the body claims. */
function signAsRequester(draft: CertificateSigningRequest, { user }: HookContext): void {
  const { username: _, uid: __, groups: ___, extra: ____, ...asked } = draft.spec ?? ({} as CertificateSigningRequest['spec']);
  draft.spec = {
    ...asked,
    username: user.name,
    groups: [...user.groups],
    ...(user.uid && { uid: user.uid }),
    ...(user.extra && { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
  };
}

/** When a condition came, and when its status last changed. */
function stamp(conditions: readonly Condition[] | undefined, old: readonly Condition[] | undefined, now: string): Condition[] | undefined {
  return conditions?.map((condition) => {
    const before = old?.find((c) => c.type === condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? since ?? now,
    };
  });
}

/** A decision that is still there is what it was, whatever a write of the status says of it (kubernetes, registry/certificates, preserveConditionInstances). */
function keepDecision({ status }: CertificateSigningRequest, old: CertificateSigningRequest, type: string): void {
  const before = (old.status?.conditions ?? []).filter((condition) => condition.type === type);
  const conditions = status?.conditions ?? [];
  if (!status || conditions.filter((condition) => condition.type === type).length !== before.length) return;
  status.conditions = conditions.map((condition) => (condition.type === type ? (before.shift() ?? condition) : condition));
}

/** `approval` changes conditions alone, and only `status` the certificate; what else is wrong with a change validation says. */
function keepToItsDoor(draft: CertificateSigningRequest, old: CertificateSigningRequest, { subresource, now }: HookContext): void {
  draft.spec = old.spec;
  if (subresource === 'status') for (const type of ['Approved', 'Denied']) keepDecision(draft, old, type);
  const conditions = stamp(draft.status?.conditions, old.status?.conditions, now);
  const { conditions: _, ...status } = (subresource === 'approval' ? old.status : draft.status) ?? {};
  if (subresource) draft.status = conditions?.length ? { ...status, conditions } : status;
}

export const certificateSigningRequestHooks: Hooks<CertificateSigningRequest> = {
  prepareForCreate: signAsRequester,
  prepareForUpdate: keepToItsDoor,
  checksRequired: true,
  validate: checkCertificateSigningRequest,
  validateUpdate: checkCertificateSigningRequestUpdate,
};
