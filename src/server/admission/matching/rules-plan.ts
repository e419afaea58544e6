import type { NamedRuleWithOperations } from '../../../api/schema/generated/types.ts';

/** What rules look at. */
export interface RuleSubject {
  readonly operation: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** '' for the object itself. */
  readonly subresource: string;
  /** '' for what is in no namespace; its own name for a namespace. */
  readonly namespace: string;
  readonly name: string;
}

const ANY = '*';
const includes = (items: readonly string[] | undefined, wanted: string): boolean =>
  items?.some((item) => item === ANY || item === wanted) ?? false;

// An item is `pods`, `pods/status`, `*`, or has `*` on either side of the slash.
function matchesResource(item: string, { resource, subresource }: RuleSubject): boolean {
  const slash = item.indexOf('/');
  const [wanted, part] = slash < 0 ? [item, ''] : [item.slice(0, slash), item.slice(slash + 1)];
  return (wanted === ANY || wanted === resource) && (part === ANY || part === subresource);
}

/** Namespaces are in no namespace, although requests for one carry its name. */
function matchesScope(scope: string | undefined, { group, resource, namespace }: RuleSubject): boolean {
  if (scope === undefined || scope === ANY) return true;
  const clusterWide = namespace === '' || (group === '' && resource === 'namespaces');
  return scope === 'Cluster' ? clusterWide : scope === 'Namespaced' && !clusterWide;
}

/** Kubernetes: Dynamic Admission Control, "Matching requests: rules"; `resourceNames` is of admission policies alone. */
export function matchesRule(rule: NamedRuleWithOperations, subject: RuleSubject): boolean {
  return (
    includes(rule.operations, subject.operation) &&
    includes(rule.apiGroups, subject.group) &&
    includes(rule.apiVersions, subject.version) &&
    (rule.resources?.some((item) => matchesResource(item, subject)) ?? false) &&
    matchesScope(rule.scope, subject) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(subject.name))
  );
}
