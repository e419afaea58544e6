import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkImmutable } from '../meta/validation.ts';
import type { ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../schema/generated/types.ts';
import { isQuotaResource } from './resource-names.ts';
import { checkAmount, checkResourceName, type ResourceList } from './validation-resources.ts';

const BEST_EFFORT = 'BestEffort';
/** Scopes with values. */
const CLASSES = ['PriorityClass', 'VolumeAttributesClass'];
const SCOPES = ['Terminating', 'NotTerminating', BEST_EFFORT, 'NotBestEffort', 'CrossNamespacePodAffinity', ...CLASSES];
const COMPUTE = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

function checkList(path: string, list: ResourceList | undefined): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, amount]) => {
    const at = `${path}[${name}]`;
    const standard = name.includes('/') || isQuotaResource(name);
    return [
      ...checkResourceName(at, name),
      ...(standard ? [] : [invalid(at, name, 'must be a standard resource for quota')]),
      ...checkAmount(at, name, amount),
    ];
  });
}

/** Pods that ask for nothing can only be counted; claims alone have a class of attributes. */
function fits(scope: string, name: string): boolean {
  if (scope === BEST_EFFORT) return name === 'pods';
  if (scope === 'VolumeAttributesClass') return name === 'persistentvolumeclaims' || name === 'requests.storage';
  return name === 'pods' || COMPUTE.includes(name);
}

const misfits = (scope: string, hard: ResourceList = {}): boolean =>
  SCOPES.includes(scope) && Object.keys(hard).some((name) => isQuotaResource(name) && !fits(scope, name));

const MISFIT = 'unsupported scope applied to resource';
const CONFLICTS = [
  [BEST_EFFORT, 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

const checkConflicts = (path: string, used: readonly string[], shown: unknown): FieldError[] =>
  CONFLICTS.filter((pair) => pair.every((scope) => used.includes(scope))).map(() => invalid(path, shown, 'conflicting scopes'));

function checkScopes({ scopes = [], hard }: ResourceQuotaSpec): FieldError[] {
  const path = 'spec.scopes';
  const errors = scopes.flatMap((scope) => {
    if (!SCOPES.includes(scope)) return [invalid(path, scopes, 'unsupported scope')];
    return misfits(scope, hard) ? [invalid(path, scopes, MISFIT)] : [];
  });
  return [...errors, ...checkConflicts(path, scopes, scopes)];
}

const EXIST_RULE =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

function checkOperator(path: string, { operator = '', values = [] }: ScopedResourceSelectorRequirement): FieldError[] {
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    return values.length > 0 ? [] : [required(`${path}.values`, detail)];
  }
  if (operator !== 'Exists' && operator !== 'DoesNotExist') return [invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
  return values.length === 0 ? [] : [invalid(`${path}.values`, values, detail)];
}

function checkSelector({ scopeSelector, scopes, hard }: ResourceQuotaSpec): FieldError[] {
  const path = 'spec.scopeSelector.matchExpressions';
  const expressions = scopeSelector?.matchExpressions ?? [];
  const errors = expressions.flatMap((expression) => {
    const { scopeName = '', operator = '' } = expression;
    const known = SCOPES.includes(scopeName);
    return [
      ...(known ? [] : [invalid(`${path}.scopeName`, scopeName, 'unsupported scope')]),
      ...(misfits(scopeName, hard) ? [invalid(path, scopeSelector, MISFIT)] : []),
      ...(known && !CLASSES.includes(scopeName) && operator !== 'Exists' ? [invalid(`${path}.operator`, operator, EXIST_RULE)] : []),
      ...checkOperator(path, expression),
    ];
  });
  return [
    ...errors,
    ...checkConflicts(
      path,
      expressions.map((e) => e.scopeName),
      scopes ?? null,
    ),
  ];
}

export const checkResourceQuota = ({ spec = {} }: ResourceQuota): FieldError[] => [
  ...checkList('spec.hard', spec.hard),
  ...checkScopes(spec),
  ...checkSelector(spec),
];

const sorted = (scopes: readonly string[] = []) => [...new Set(scopes)].sort();

export const checkResourceQuotaUpdate = ({ spec }: ResourceQuota, { spec: old }: ResourceQuota): FieldError[] =>
  checkImmutable('spec.scopes', sorted(spec?.scopes), sorted(old?.scopes));

export const checkResourceQuotaStatus = ({ status }: ResourceQuota): FieldError[] => [
  ...checkList('status.hard', status?.hard),
  ...checkList('status.used', status?.used),
];
