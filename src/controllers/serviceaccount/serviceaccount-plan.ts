import type { Namespace, ServiceAccount } from '../../api/schema/generated/types.ts';
import { wantsContent } from '../lib/every-namespace-plan.ts';

export const DEFAULT_ACCOUNT = 'default';

/** The account that the namespace lacks; undefined: it has one, whatever is in it, or takes no new objects. */
export function planDefaultAccount(owner: Namespace | undefined, found: ServiceAccount | undefined): ServiceAccount | undefined {
  if (!wantsContent(owner) || found) return undefined;
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: DEFAULT_ACCOUNT, namespace: owner?.metadata?.name } };
}
