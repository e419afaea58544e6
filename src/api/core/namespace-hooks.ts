import type { Hooks } from '../define.ts';
import type { Namespace } from '../schema/generated/types.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const FINALIZER = 'kubernetes';

function labelWithName({ metadata }: Namespace): void {
  if (metadata?.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

export const namespaceHooks: Hooks<Namespace> = {
  defaults: labelWithName,
  prepareForCreate(namespace) {
    const others = namespace.spec?.finalizers ?? [];
    namespace.spec = { ...namespace.spec, finalizers: others.includes(FINALIZER) ? others : [...others, FINALIZER] };
    namespace.status = { phase: 'Active' };
    labelWithName(namespace);
  },
  /** `spec.finalizers` changes through namespaces/finalize alone. */
  prepareForUpdate(namespace, old, { subresource }) {
    if (subresource !== 'finalize') namespace.spec = { ...namespace.spec, finalizers: old.spec?.finalizers ?? [] };
  },
};
