import type { PolicyRule } from '../../api/schema/generated/types.ts';

/** What is asked, as RBAC rules see it: a request for a resource, or for another path. */
export type RuleRequest =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly name: string;
      readonly path?: undefined;
    }
  | { readonly verb: string; readonly path: string };

const includes = (list: readonly string[] | undefined, value: string) => list?.includes('*') || list?.includes(value) || false;

function resourceMatches(resources: readonly string[] | undefined, resource: string, subresource: string): boolean {
  if (!resources) return false;
  const combined = subresource ? `${resource}/${subresource}` : resource;
  return resources.some((each) => each === '*' || each === combined || (subresource !== '' && each === `*/${subresource}`));
}

/** `*` matches every path, a trailing `*` every path with the prefix before it. */
export const pathMatches = (patterns: readonly string[] | undefined, path: string): boolean =>
  patterns?.some((pattern) => pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))) ??
  false;

/** Does this one rule allow the request? (Kubernetes: Using RBAC Authorization, "Referring to resources".) */
export function ruleAllows(rule: PolicyRule, request: RuleRequest): boolean {
  if (!includes(rule.verbs, request.verb)) return false;
  if (request.path !== undefined) return pathMatches(rule.nonResourceURLs, request.path);
  return (
    includes(rule.apiGroups, request.group) &&
    resourceMatches(rule.resources, request.resource, request.subresource) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(request.name))
  );
}
