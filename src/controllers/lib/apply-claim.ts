import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isInvalid, isNotFound } from '../../api/meta/status.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { adoption, type Claim, ownerReference, releasing } from './ownership-plan.ts';

/**
 * Writes adoptions and releases; resolves with what is owned then. Before it adopts it asks the server whether the owner still
 * lives: the cache may not know yet that it is being deleted, and an adopted pod would be orphaned at once.
 */
export async function applyClaim<O extends KubeObject, T extends KubeObject>(
  { client, signal }: ReconcileRequest,
  owner: { resource: ResourceDefinition<O>; object: O },
  resource: ResourceDefinition<T>,
  { owned, adopt, release }: Claim<T>,
): Promise<readonly T[]> {
  const { namespace, name = '', uid = '' } = owner.object.metadata ?? {};
  const patch = (object: T, body: object) => client.patch(resource, object.metadata?.name ?? '', 'strategic', body, { namespace, signal });
  for (const object of release) await patch(object, releasing(object, uid)).catch(ignoreVanished);
  if (adopt.length === 0) return owned;
  const live = await client.get(owner.resource, name, { namespace, signal });
  if (live.metadata?.uid !== uid || live.metadata.deletionTimestamp) return owned;
  const reference = ownerReference(owner.object, apiVersionOf(owner.resource), owner.resource.kind);
  const adopted = await Promise.all(adopt.map((object) => patch(object, adoption(object, reference)).catch(ignoreVanished)));
  return [...owned, ...adopted.filter((object) => object !== undefined)];
}

/** Deleted, or replaced by another of the same name (the uid in the patch is then invalid): nothing to claim. */
function ignoreVanished(error: unknown): undefined {
  if (!isNotFound(error) && !isInvalid(error)) throw error;
}
