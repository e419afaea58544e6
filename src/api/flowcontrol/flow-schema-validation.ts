import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import { found, same } from '../meta/validation.ts';
import type {
  FlowcontrolV1Subject,
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '../schema/generated/types.ts';
import { defaultFlowSchemas, MANDATORY_FLOW_CONTROL } from './default-objects.ts';

/** Upstream's rules, paths, order and words (kubernetes, pkg/apis/flowcontrol/validation). */
export function checkFlowSchema({ metadata, spec, status }: FlowSchema): FieldError[] {
  const name = metadata?.name ?? '';
  const errors = checkSpec(name, spec ?? {});
  if (MANDATORY_FLOW_CONTROL.has(name) && !same(spec, defaultFlowSchemas().find((each) => each.metadata?.name === name)?.spec)) {
    errors.push(invalid('spec', spec, `spec of '${name}' must equal the fixed value`));
  }
  return [...errors, ...checkFlowConditions(status?.conditions)];
}

/** Of both kinds of the group. */
export function checkFlowConditions(conditions: readonly { type?: string }[] | undefined): FieldError[] {
  const seen = new Set<string>();
  return (conditions ?? []).flatMap(({ type = '' }, i) => {
    const path = `status.conditions[${i}].type`;
    const repeated = seen.has(type) ? [duplicate(path, type)] : [];
    seen.add(type);
    return type === '' ? [...repeated, required(path)] : repeated;
  });
}

const MAX_PRECEDENCE = 10_000;
const DISTINGUISHERS = ['ByNamespace', 'ByUser'];

function checkSpec(name: string, spec: Partial<FlowSchemaSpec>): FieldError[] {
  const { matchingPrecedence = 0, distinguisherMethod, rules = [] } = spec;
  const level = spec.priorityLevelConfiguration?.name ?? '';
  const wrong = (detail: string) => invalid('spec.matchingPrecedence', matchingPrecedence, detail);
  const method = distinguisherMethod?.type ?? '';
  return [
    ...(matchingPrecedence <= 0 ? [wrong('must be a positive value')] : []),
    ...(matchingPrecedence > MAX_PRECEDENCE ? [wrong(`must not be greater than ${MAX_PRECEDENCE}`)] : []),
    ...(matchingPrecedence === 1 && name !== 'exempt' ? [wrong("only the schema named 'exempt' may have matchingPrecedence 1")] : []),
    ...(distinguisherMethod && !DISTINGUISHERS.includes(method)
      ? [notSupported('spec.distinguisherMethod.type', { Type: method }, DISTINGUISHERS)]
      : []),
    ...(level === ''
      ? [required('spec.priorityLevelConfiguration.name', 'must reference a priority level')]
      : found('spec.priorityLevelConfiguration.name', level, dns1123SubdomainFindings(level))),
    ...rules.flatMap((rule, i) => checkRule(`spec.rules[${i}]`, rule)),
  ];
}

function checkRule(path: string, { subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects): FieldError[] {
  return [
    ...(subjects?.length
      ? subjects.flatMap((subject, i) => checkSubject(`${path}.subjects[${i}]`, subject))
      : [required(`${path}.subjects`, 'subjects must contain at least one value')]),
    ...(resourceRules.length + nonResourceRules.length === 0
      ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')]
      : []),
    ...resourceRules.flatMap((rule, i) => checkResourceRule(`${path}.resourceRules[${i}]`, rule)),
    ...nonResourceRules.flatMap((rule, i) => checkNonResourceRule(`${path}.nonResourceRules[${i}]`, rule)),
  ];
}

/** The field of each kind, and the other fields in the order in which upstream forbids them. */
const SUBJECTS = {
  ServiceAccount: ['serviceAccount', 'user', 'group'],
  User: ['user', 'serviceAccount', 'group'],
  Group: ['group', 'serviceAccount', 'user'],
} as const;
const KIND_OF = { serviceAccount: 'ServiceAccount', user: 'User', group: 'Group' } as const;

function checkSubject(path: string, subject: FlowcontrolV1Subject): FieldError[] {
  const kind = subject.kind ?? '';
  if (!Object.hasOwn(SUBJECTS, kind)) return [notSupported(`${path}.kind`, kind, ['Group', 'ServiceAccount', 'User'])];
  const [own, ...others] = SUBJECTS[kind as keyof typeof SUBJECTS];
  return [
    ...checkNamed(`${path}.${own}`, subject, own),
    ...others
      .filter((field) => subject[field] !== undefined)
      .map((field) => forbidden(`${path}.${field}`, `${field} is forbidden when subject kind is not '${KIND_OF[field]}'`)),
  ];
}

function checkNamed(path: string, subject: FlowcontrolV1Subject, field: keyof typeof KIND_OF): FieldError[] {
  const value = subject[field];
  if (!value) return [required(path, `${field} is required when subject kind is '${KIND_OF[field]}'`)];
  if (field !== 'serviceAccount') return value.name ? [] : [required(`${path}.name`)];
  const { name = '', namespace = '' } = subject.serviceAccount ?? {};
  return [
    ...(name === '' ? [required(`${path}.name`)] : name === '*' ? [] : found(`${path}.name`, name, dns1123SubdomainFindings(name))),
    ...(namespace === ''
      ? [required(`${path}.namespace`, 'must specify namespace for service account')]
      : found(`${path}.namespace`, namespace, dns1123LabelFindings(namespace))),
  ];
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];

function checkVerbs(path: string, verbs: readonly string[] | undefined): FieldError[] {
  if (!verbs?.length) return [required(path, 'verbs must contain at least one value')];
  if (verbs.includes('*')) return verbs.length > 1 ? [invalid(path, verbs, "if '*' is present, must not specify other verbs")] : [];
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(path, verbs, VERBS)];
}

function checkSome(path: string, values: readonly string[] | undefined, one: string, many: string): FieldError[] {
  if (!values?.length) return [required(path, `resource rules must supply at least one ${one}`)];
  return values.length > 1 && values.includes('*') ? [invalid(path, values, `if '*' is present, must not specify other ${many}`)] : [];
}

function checkResourceRule(path: string, rule: ResourcePolicyRule): FieldError[] {
  const { clusterScope } = rule;
  const namespaces = rule.namespaces ?? [];
  return [
    ...checkVerbs(`${path}.verbs`, rule.verbs),
    ...checkSome(`${path}.apiGroups`, rule.apiGroups, 'api group', 'api groups'),
    ...checkSome(`${path}.resources`, rule.resources, 'resource', 'resources'),
    ...checkNamespaces(`${path}.namespaces`, namespaces, clusterScope ?? false),
  ];
}

function checkNamespaces(path: string, namespaces: readonly string[], clusterScope: boolean): FieldError[] {
  if (namespaces.length === 0) {
    return clusterScope ? [] : [required(path, 'resource rules that are not cluster scoped must supply at least one namespace')];
  }
  if (namespaces.includes('*')) {
    return namespaces.length > 1 ? [invalid(path, namespaces, "if '*' is present, must not specify other namespaces")] : [];
  }
  return namespaces.flatMap((namespace, i) =>
    dns1123LabelFindings(namespace).map((finding) =>
      invalid(`${path}[${i}]`, namespace, `each member of this list must be '*' or a DNS-1123 label; ${finding}`),
    ),
  );
}

function checkNonResourceRule(path: string, { verbs, nonResourceURLs = [] }: NonResourcePolicyRule): FieldError[] {
  const at = `${path}.nonResourceURLs`;
  const errors = checkVerbs(`${path}.verbs`, verbs);
  if (nonResourceURLs.length === 0) return [...errors, required(at, 'nonResourceURLs must contain at least one value')];
  if (!nonResourceURLs.includes('*')) return [...errors, ...nonResourceURLs.flatMap((url, i) => checkUrl(`${at}[${i}]`, url))];
  if (nonResourceURLs.length === 1) return errors;
  return [...errors, invalid(at, nonResourceURLs, "if '*' is present, must not specify other non-resource URLs")];
}

function checkUrl(path: string, url: string): FieldError[] {
  if (url === '/') return [];
  const stars = url.split('*').length - 1;
  if (url === '') return [invalid(path, url, 'must not be empty')];
  if (!url.startsWith('/')) return [invalid(path, url, 'must start with slash')];
  if (url.includes(' ')) return [invalid(path, url, 'must not contain white-space')];
  if (url.includes('//')) return [invalid(path, url, 'must not contain double slash')];
  return stars > 1 || (stars === 1 && !url.endsWith('/*')) ? [invalid(path, url, 'wildcard can only do suffix matching')] : [];
}
