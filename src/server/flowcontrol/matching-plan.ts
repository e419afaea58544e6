import type {
  FlowcontrolV1Subject,
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
} from '../../api/schema/generated/types.ts';
import type { UserInfo } from '../ports.ts';

/** What a request is classified by. */
export interface FlowAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly path: string;
  /** undefined: the path is no resource's. */
  readonly resource:
    | { readonly group: string; readonly resource: string; readonly subresource: string; readonly namespace: string }
    | undefined;
}

export interface CompiledSchema {
  readonly name: string;
  readonly uid: string;
  readonly level: string;
  matches(attributes: FlowAttributes): boolean;
  /** What tells one flow of the schema from another. */
  distinguisher(attributes: FlowAttributes): string;
}

const PRECEDENCE = 1000;

/** In the order in which they are asked: by precedence, then by name (Kubernetes: "API Priority and Fairness"). */
export function compileSchemas(schemas: readonly FlowSchema[]): readonly CompiledSchema[] {
  const precedence = ({ spec }: FlowSchema) => spec?.matchingPrecedence ?? PRECEDENCE;
  const name = ({ metadata }: FlowSchema) => metadata?.name ?? '';
  return [...schemas].sort((a, b) => precedence(a) - precedence(b) || (name(a) < name(b) ? -1 : 1)).map(compile);
}

function compile({ metadata, spec }: FlowSchema): CompiledSchema {
  const rules = (spec?.rules ?? []).map(compileRule);
  const by = spec?.distinguisherMethod?.type;
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    level: spec?.priorityLevelConfiguration?.name ?? '',
    matches: (attributes) => rules.some((matches) => matches(attributes)),
    distinguisher({ user, resource }) {
      if (by === 'ByUser') return user.name;
      return by === 'ByNamespace' ? (resource?.namespace ?? '') : '';
    },
  };
}

type Test<T> = (value: T) => boolean;

function compileRule({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects): Test<FlowAttributes> {
  const isSubject = subjects.map(compileSubject);
  const resources = resourceRules.map(compileResourceRule);
  const others = nonResourceRules.map(compileNonResourceRule);
  return (attributes) =>
    isSubject.some((test) => test(attributes.user)) &&
    (attributes.resource ? resources.some((test) => test(attributes)) : others.some((test) => test(attributes)));
}

function compileSubject({ kind, user, group, serviceAccount }: FlowcontrolV1Subject): Test<UserInfo> {
  if (kind === 'User') return ({ name }) => user?.name === '*' || user?.name === name;
  if (kind === 'Group') return ({ groups }) => group?.name === '*' || groups.includes(group?.name ?? '');
  if (kind !== 'ServiceAccount') return () => false;
  const prefix = `system:serviceaccount:${serviceAccount?.namespace}:`;
  if (serviceAccount?.name === '*') return ({ name }) => name.startsWith(prefix);
  return ({ name }) => name === `${prefix}${serviceAccount?.name}`;
}

/** `*` stands for everything. */
function oneOf(values: readonly string[] | undefined): Test<string> {
  const known = new Set(values);
  return known.has('*') ? () => true : (value) => known.has(value);
}

function compileResourceRule({ verbs, apiGroups, resources, namespaces, clusterScope = false }: ResourcePolicyRule): Test<FlowAttributes> {
  const [verb, group, resource, namespace] = [verbs, apiGroups, resources, namespaces].map(oneOf) as [
    Test<string>,
    Test<string>,
    Test<string>,
    Test<string>,
  ];
  return (attributes) => {
    const asked = attributes.resource;
    if (!asked || !verb(attributes.verb) || !group(asked.group)) return false;
    if (!resource(asked.subresource ? `${asked.resource}/${asked.subresource}` : asked.resource)) return false;
    return asked.namespace === '' ? clusterScope : namespace(asked.namespace);
  };
}

function compileNonResourceRule({ verbs, nonResourceURLs }: NonResourcePolicyRule): Test<FlowAttributes> {
  const verb = oneOf(verbs);
  return (attributes) =>
    verb(attributes.verb) &&
    nonResourceURLs.some((url) => (url.endsWith('*') ? attributes.path.startsWith(url.slice(0, -1)) : url === attributes.path));
}
