import type { HookContext, Hooks } from '../define.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../schema/generated/types.ts';
import { checkCertificateSigningRequest } from './certificate-signing-request-validation.ts';

type Condition = CertificateSigningRequestCondition;
const isDecision = ({ type }: Condition) => type === 'Approved' || type === 'Denied';

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
    return { lastUpdateTime: now, ...condition, lastTransitionTime: condition.lastTransitionTime ?? since ?? now };
  });
}

/** Decisions come through `approval` alone, certificates through `status` alone. */
function keepToItsDoor(draft: CertificateSigningRequest, old: CertificateSigningRequest, { subresource, now }: HookContext): void {
  draft.spec = old.spec;
  if (subresource === 'approval') {
    draft.status = { ...old.status, conditions: stamp(draft.status?.conditions, old.status?.conditions, now) };
  } else if (subresource === 'status') {
    const conditions = [
      ...(old.status?.conditions ?? []).filter(isDecision),
      ...(draft.status?.conditions ?? []).filter((condition) => !isDecision(condition)),
    ];
    const { conditions: _, ...status } = draft.status ?? {};
    draft.status = conditions.length > 0 ? { ...status, conditions: stamp(conditions, old.status?.conditions, now) } : status;
  }
}

export const certificateSigningRequestHooks: Hooks<CertificateSigningRequest> = {
  prepareForCreate: signAsRequester,
  prepareForUpdate: keepToItsDoor,
  validate: checkCertificateSigningRequest,
};
