import { equalJson } from '../../api/meta/equal-json.ts';
import type { RequestContext } from '../ports.ts';
import type { Draft } from './body.ts';

/** Takes owners out that are named twice, and warns of them. `admitted`: admission, or a patch, may have named them. */
export function dropRepeatedOwners({ metadata }: Draft, { warn }: RequestContext, when: 'sent' | 'admitted'): void {
  const owners = metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const repeated = owners.filter((owner, i) => owners.slice(0, i).some((other) => equalJson(other, owner)));
  if (repeated.length === 0) return;
  metadata.ownerReferences = owners.filter((owner) => !repeated.includes(owner));
  const where = when === 'sent' ? '' : ' after mutating admission happens';
  const uids = repeated.map(({ uid }) => uid).join(', ');
  warn(
    `.metadata.ownerReferences contains duplicate entries${where}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${uids}`,
  );
}
