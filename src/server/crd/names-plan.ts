import { type CrdCondition, findCrdCondition, isCrdConditionTrue, withCrdCondition } from '../../api/apiextensions/crd-conditions.ts';
import { conversionBundleFault } from '../../api/apiextensions/crd-conversion-validation.ts';
import { approvalOf, isProtectedGroup } from '../../api/apiextensions/crd-validation.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from '../../api/schema/generated/types.ts';
import { goAggregate } from '../../base/go-aggregate.ts';

type Status = CustomResourceDefinitionStatus;

/**
 * The status that a definition should have, given the names that others of its group hold: the names it gets, whether all were free, whether it is served. undefined: it has that
 * already. Source: Kubernetes, apiextensions-apiserver's naming, establishing and API approval controllers.
 */
export function planStatus(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[], now: string): Status | undefined {
  const named = planNames(crd, others, now);
  const established = planEstablished({ ...crd, status: named ?? crd.status }, now);
  const approved = planApproval({ ...crd, status: established ?? named ?? crd.status }, now);
  return approved ?? established ?? named;
}

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenBy(others: readonly CustomResourceDefinition[], group: string): Taken {
  const names = others.filter(({ spec }) => spec.group === group).flatMap(({ status }) => status?.acceptedNames ?? []);
  return {
    resources: new Set(names.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular ?? '', ...shortNames]).filter(Boolean)),
    kinds: new Set(names.flatMap(({ kind, listKind }) => [kind, listKind ?? '']).filter(Boolean)),
  };
}

const sameNames = (a: CustomResourceDefinitionNames | undefined, b: CustomResourceDefinitionNames): boolean =>
  NAMES.every((name) => a?.[name] === b[name]) &&
  (['shortNames', 'categories'] as const).every((name) => JSON.stringify(a?.[name] ?? []) === JSON.stringify(b[name] ?? []));

const NAMES = ['plural', 'singular', 'kind', 'listKind'] as const;
const CONFLICTS = { plural: 'PluralConflict', singular: 'SingularConflict', kind: 'KindConflict', listKind: 'ListKindConflict' } as const;
const inUse = (name: string) => `${JSON.stringify(name)} is already in use`;

function planNames(crd: CustomResourceDefinition, others: readonly CustomResourceDefinition[], now: string): Status | undefined {
  const { names, group } = crd.spec;
  const accepted = crd.status?.acceptedNames;
  if (sameNames(accepted, names)) return undefined;
  const taken = takenBy(others, group);
  const next: CustomResourceDefinitionNames = { ...(accepted ?? { kind: '', plural: '' }), categories: names.categories };
  let conflict: Pick<CrdCondition, 'reason' | 'message'> | undefined;
  const claim = (name: (typeof NAMES)[number]) => {
    const wanted = names[name] ?? '';
    const used = (name === 'plural' || name === 'singular' ? taken.resources : taken.kinds).has(wanted);
    if (used && wanted !== accepted?.[name]) conflict = { reason: CONFLICTS[name], message: inUse(wanted) };
    else next[name] = wanted;
  };
  claim('plural');
  claim('singular');
  const short = (names.shortNames ?? []).filter((name) => !accepted?.shortNames?.includes(name) && taken.resources.has(name));
  if (short.length > 0) conflict = { reason: 'ShortNamesConflict', message: goAggregate(short.map(inUse)) };
  else next.shortNames = names.shortNames;
  claim('kind');
  claim('listKind');
  const condition: CrdCondition = conflict
    ? { type: 'NamesAccepted', status: 'False', ...conflict }
    : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
  return namedStatus(crd, withoutUndefined(next), condition, now);
}

const withoutUndefined = (names: CustomResourceDefinitionNames): CustomResourceDefinitionNames =>
  Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined)) as unknown as CustomResourceDefinitionNames;

function namedStatus(
  crd: CustomResourceDefinition,
  acceptedNames: CustomResourceDefinitionNames,
  condition: CrdCondition,
  now: string,
): Status | undefined {
  const before = findCrdCondition(crd, 'NamesAccepted');
  const same = before?.status === condition.status && before.reason === condition.reason && before.message === condition.message;
  if (same && crd.status?.acceptedNames && sameNames(crd.status.acceptedNames, acceptedNames)) return undefined;
  const conditions = withCrdCondition(crd.status?.conditions, condition, now);
  if (findCrdCondition(crd, 'Established')) return { ...crd.status, acceptedNames, conditions };
  const waiting: CrdCondition = { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  return { ...crd.status, acceptedNames, conditions: withCrdCondition(conditions, waiting, now) };
}

const ACCEPTED: CrdCondition = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
};
const INVALID_BUNDLE: CrdCondition = {
  type: 'Established',
  status: 'False',
  reason: 'InvalidCABundle',
  message: 'The conversion webhook CABundle is invalid',
};

/** Once established it stays so, whatever becomes of its names. */
function planEstablished(crd: CustomResourceDefinition, now: string): Status | undefined {
  if (!isCrdConditionTrue(crd, 'NamesAccepted') || isCrdConditionTrue(crd, 'Established')) return undefined;
  const condition: CrdCondition = conversionBundleFault(crd) === undefined ? ACCEPTED : INVALID_BUNDLE;
  if (findCrdCondition(crd, 'Established')?.reason === condition.reason) return undefined;
  return { ...crd.status, conditions: withCrdCondition(crd.status?.conditions, condition, now) };
}

const APPROVALS = {
  approved: ['True', 'ApprovedAnnotation'],
  bypassed: ['False', 'UnapprovedAnnotation'],
  missing: ['False', 'MissingAnnotation'],
  invalid: ['False', 'InvalidAnnotation'],
} as const;

function planApproval(crd: CustomResourceDefinition, now: string): Status | undefined {
  if (!isProtectedGroup(crd.spec.group)) return undefined;
  const { state, message } = approvalOf(crd);
  const [status, reason] = APPROVALS[state];
  const before = findCrdCondition(crd, 'KubernetesAPIApprovalPolicyConformant');
  if (before?.status === status && before.reason === reason && before.message === message) return undefined;
  const condition: CrdCondition = { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
  return { ...crd.status, conditions: withCrdCondition(crd.status?.conditions, condition, now) };
}
