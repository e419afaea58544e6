import type { Authorizer, ObjectReader } from '../ports.ts';
import { nodeAuthorizer } from './node.ts';
import { openRbac, type Rbac } from './rbac.ts';

export interface AuthorizerChain extends Disposable {
  readonly authorizer: Authorizer;
  readonly rbac: Rbac;
}

const PRIVILEGED_GROUP = 'system:masters';

/** Upstream's order: the group system:masters may do everything, then the node authorizer, then RBAC. Who is allowed by none is denied. */
export function openAuthorizers(reader: ObjectReader): AuthorizerChain {
  const rbac = openRbac(reader);
  const node = nodeAuthorizer(reader);
  return {
    rbac,
    authorizer(attributes) {
      if (attributes.user.groups.includes(PRIVILEGED_GROUP)) return { allowed: true, reason: '' };
      const opinion = node(attributes);
      if (opinion?.allowed) return { allowed: true, reason: '' };
      const decision = rbac.authorize(attributes);
      if (decision.allowed || !opinion) return decision;
      return { allowed: false, reason: [opinion.reason, decision.reason].filter(Boolean).join('\n') };
    },
    [Symbol.dispose]: () => rbac[Symbol.dispose](),
  };
}
