import type { KubeObject } from '../../api/meta/object.ts';
import type { Namespace } from '../../api/schema/generated/types.ts';

/** Does this namespace take new objects? One that is being deleted does not. */
export const wantsContent = (namespace: Namespace | undefined): boolean =>
  namespace !== undefined && !namespace.metadata?.deletionTimestamp && namespace.status?.phase !== 'Terminating';

/** The key of the namespace that an object is in. */
export const namespaceOf = (object: KubeObject): readonly string[] => (object.metadata?.namespace ? [object.metadata.namespace] : []);
