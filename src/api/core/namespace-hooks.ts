import type { Hooks } from '../define.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import { fillZero } from '../meta/fill.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { Namespace } from '../schema/generated/types.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';
const FINALIZER = 'kubernetes';

function labelWithName({ metadata }: Namespace): void {
  if (metadata?.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
}

const STANDARD_FINALIZERS = [FINALIZER, 'foregroundDeletion', 'orphan'];

const checkFinalizer = (path: string, name: string): FieldError[] => [
  ...checkQualifiedName(path, name),
  ...(name.includes('/') || STANDARD_FINALIZERS.includes(name)
    ? []
    : [invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified')]),
];

/** `Phase` is upstream's spelling. */
function checkPhase({ metadata, status }: Namespace): FieldError[] {
  const [phase, state] = metadata?.deletionTimestamp ? ['Terminating', 'not empty'] : ['Active', 'empty'];
  if (status?.phase === phase) return [];
  return [invalid('status.Phase', status?.phase ?? '', `may only be '${phase}' if \`deletionTimestamp\` is ${state}`)];
}

export const namespaceHooks: Hooks<Namespace> = {
  defaults(namespace) {
    labelWithName(namespace);
    if (namespace.status) fillZero(namespace.status, { phase: 'Active' });
  },
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
  validateCreate: ({ spec }) => (spec?.finalizers ?? []).flatMap((name) => checkFinalizer('spec.finalizers', name)),
  validateUpdate: ({ spec }) => (spec?.finalizers ?? []).flatMap((name, i) => checkFinalizer(`spec.finalizers[${i}]`, name)),
  validateStatus: checkPhase,
};
