import type { KubeObject } from '../../api/meta/object.ts';
import type { ClusterRole, ClusterRoleBinding, RbacV1Subject, ServiceCIDR } from '../../api/schema/generated/types.ts';
import { missingRules } from '../authz/escalation-plan.ts';
import { AUTOUPDATE } from './rbac-objects-plan.ts';

/** What to do about one default object: the stored one stays as far as it goes beyond the default. */
export type Step =
  | { readonly do: 'nothing' }
  | { readonly do: 'create'; readonly object: KubeObject }
  | { readonly do: 'update'; readonly object: KubeObject }
  /** A binding's role cannot be changed. */
  | { readonly do: 'replace'; readonly object: KubeObject };

const NOTHING: Step = { do: 'nothing' };
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** `wanted` fields over the stored object, or nothing to do. Keys are compared one by one: a server adds defaults to what it stores. */
export function planStep(stored: KubeObject | undefined, wanted: KubeObject): Step {
  if (!stored) return { do: 'create', object: wanted };
  if (stored.metadata?.deletionTimestamp) return NOTHING;
  switch (wanted.kind) {
    case 'ClusterRole':
    case 'Role':
      return planRole(stored, wanted);
    case 'ClusterRoleBinding':
    case 'RoleBinding':
      return planBinding(stored as ClusterRoleBinding, wanted as ClusterRoleBinding);
    case 'Endpoints':
    case 'EndpointSlice':
    case 'ConfigMap':
      return planContents(stored, wanted);
    case 'ServiceCIDR':
      return planRanges(stored, wanted);
    default:
      return NOTHING;
  }
}

/** A cluster of one family may get its other one; nothing else of its ranges ever changes. */
function planRanges(stored: ServiceCIDR, wanted: ServiceCIDR): Step {
  const [before, after] = [stored.spec?.cidrs ?? [], wanted.spec?.cidrs ?? []];
  const grows = before.length === 1 && after.length === 2 && before[0] === after[0];
  return grows ? { do: 'update', object: { ...stored, spec: wanted.spec } as KubeObject } : NOTHING;
}

function mergedMetadata(stored: KubeObject, wanted: KubeObject) {
  const labels = { ...wanted.metadata?.labels, ...stored.metadata?.labels };
  const annotations = { ...wanted.metadata?.annotations, ...stored.metadata?.annotations };
  return {
    metadata: { ...stored.metadata, labels, annotations },
    grown:
      Object.keys(labels).length > Object.keys(stored.metadata?.labels ?? {}).length ||
      Object.keys(annotations).length > Object.keys(stored.metadata?.annotations ?? {}).length,
  };
}

const isProtected = (stored: KubeObject) => stored.metadata?.annotations?.[AUTOUPDATE] === 'false';

function planRole(stored: ClusterRole, wanted: ClusterRole): Step {
  if (isProtected(stored)) return NOTHING;
  const { metadata, grown } = mergedMetadata(stored, wanted);
  const selectors = stored.aggregationRule?.clusterRoleSelectors ?? [];
  const moreSelectors = (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter((each) => !selectors.some((own) => same(own, each)));
  const moreRules = missingRules(stored.rules ?? [], wanted.rules ?? []);
  if (!grown && moreSelectors.length === 0 && moreRules.length === 0) return NOTHING;
  const clusterRoleSelectors = [...selectors, ...moreSelectors];
  const object: ClusterRole = {
    ...stored,
    metadata,
    rules: [...(stored.rules ?? []), ...moreRules],
    ...(clusterRoleSelectors.length > 0 && { aggregationRule: { clusterRoleSelectors } }),
  };
  return { do: 'update', object };
}

const subjectKey = ({ kind, namespace = '', name }: RbacV1Subject) => `${kind}/${namespace}/${name}`;

function planBinding(stored: ClusterRoleBinding, wanted: ClusterRoleBinding): Step {
  if (isProtected(stored)) return NOTHING;
  const { metadata, grown } = mergedMetadata(stored, wanted);
  const { kind, name } = wanted.roleRef;
  if (stored.roleRef.kind !== kind || stored.roleRef.name !== name) return { do: 'replace', object: wanted };
  const known = new Set((stored.subjects ?? []).map(subjectKey));
  const more = (wanted.subjects ?? []).filter((subject) => !known.has(subjectKey(subject)));
  if (!grown && more.length === 0) return NOTHING;
  const object: ClusterRoleBinding = { ...stored, metadata, subjects: [...(stored.subjects ?? []), ...more] };
  return { do: 'update', object };
}

/** Objects whose contents are ours alone. */
function planContents(stored: KubeObject, wanted: KubeObject): Step {
  const { metadata: _, apiVersion: __, kind: ___, ...contents } = wanted as KubeObject & Record<string, unknown>;
  const held = stored as KubeObject & Record<string, unknown>;
  const differs = Object.entries(contents).some(([key, value]) => !contains(held[key], value));
  return differs ? { do: 'update', object: { ...stored, ...contents } } : NOTHING;
}

/** Does the stored value hold everything of the wanted one? Lists must be equally long. */
function contains(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(stored) && stored.length === wanted.length && wanted.every((each, at) => contains(stored[at], each));
  }
  if (typeof wanted !== 'object' || wanted === null) return stored === wanted;
  if (typeof stored !== 'object' || stored === null) return false;
  const held = stored as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => contains(held[key], value));
}
