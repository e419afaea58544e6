import type { ResourceDefinition } from '../../../api/define.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import { notFound } from '../../../api/meta/status.ts';
import { isEmptySelector } from '../../../api/meta/validation.ts';
import type { LabelSelector, NamedRuleWithOperations, Namespace } from '../../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../../api/transport.ts';
import type { AdmissionRequest, ObjectReader } from '../../ports.ts';
import type { Equivalents } from './equivalents.ts';
import { matchesRule, type RuleSubject } from './rules-plan.ts';

/** What webhooks and admission policies say about the requests that they are for. */
export interface MatchCriteria {
  readonly rules: readonly NamedRuleWithOperations[] | undefined;
  readonly excludeRules?: readonly NamedRuleWithOperations[] | undefined;
  /** `Exact`, or `Equivalent` (the default). */
  readonly matchPolicy: string | undefined;
  readonly namespaceSelector: LabelSelector | undefined;
  readonly objectSelector: LabelSelector | undefined;
}

export interface MatchContext {
  readonly objects: ObjectReader;
  readonly equivalents: Equivalents;
}

export interface Matcher {
  /** By rules alone, before the object is known. */
  mayMatch(operation: AdmissionRequest['operation'], request: ApiRequest): boolean;
  /**
   * The group and version that the rules name: those of the request, or an equivalent. undefined: not for this one. Throws NotFound when the labels
   * of a namespace that does not exist matter.
   */
  match(admission: AdmissionRequest): ResourceDefinition | undefined;
}

export function ruleSubject(operation: string, request: ApiRequest, object?: AdmissionRequest['object']): RuleSubject {
  const { group, version, resource, subresource = '' } = request;
  const name = request.name ?? object?.metadata?.name ?? '';
  const namespace = request.namespace || (isNamespace(request) ? name : '');
  return { operation, group, version, resource, subresource, namespace, name };
}

const isNamespace = ({ group, resource }: Pick<ApiRequest, 'group' | 'resource'>): boolean => group === '' && resource === 'namespaces';

export function compileMatcher(criteria: MatchCriteria, { objects, equivalents }: MatchContext): Matcher {
  const { rules = [], excludeRules = [], matchPolicy = 'Equivalent' } = criteria;
  const inNamespace = isEmptySelector(criteria.namespaceSelector) ? undefined : labelSelectorMatcher(criteria.namespaceSelector);
  const onObject = isEmptySelector(criteria.objectSelector) ? undefined : labelSelectorMatcher(criteria.objectSelector);

  /** Earlier rules are honoured first, the request's own group and version before others. */
  function matched(of: readonly NamedRuleWithOperations[], subject: RuleSubject): ResourceDefinition | undefined {
    const { group, version, resource } = subject;
    const own = equivalents.find(group, version, resource);
    if (!own || of.length === 0) return undefined;
    if (of.some((rule) => matchesRule(rule, subject))) return own;
    if (matchPolicy !== 'Equivalent') return undefined;
    const others = equivalents.of(own, subject.subresource);
    if (others.length === 0) return undefined;
    for (const rule of of) {
      const found = others.find((other) =>
        matchesRule(rule, { ...subject, group: other.group, version: other.version, resource: other.plural }),
      );
      if (found) return found;
    }
    return undefined;
  }

  const namespaceLabels = ({ operation, request, object }: AdmissionRequest, namespace: string) => {
    // Of a namespace that is being written, the cache knows the old labels, or none.
    if (isNamespace(request) && !request.subresource && (operation === 'CREATE' || operation === 'UPDATE')) return object?.metadata?.labels;
    const found = objects.get<Namespace>('namespaces', '', namespace);
    if (!found) throw notFound({ group: '', plural: 'namespaces' }, namespace);
    return found.metadata?.labels;
  };

  return {
    mayMatch: (operation, request) => matched(rules, ruleSubject(operation, request)) !== undefined,
    match(admission) {
      const { operation, request, object, old } = admission;
      const subject = ruleSubject(operation, request, object);
      const found = matched(rules, subject);
      if (!found || matched(excludeRules, subject)) return undefined;
      if (onObject && !(object && onObject(object.metadata?.labels)) && !(old && onObject(old.metadata?.labels))) return undefined;
      // What is in no namespace is never exempt.
      if (inNamespace && subject.namespace !== '' && !inNamespace(namespaceLabels(admission, subject.namespace))) return undefined;
      return found;
    },
  };
}

/** The resource that a request is about, and the form of it that a matcher's rules name: they may name another version. undefined: it does not match. */
export function matchedForms(
  matcher: Matcher,
  admission: AdmissionRequest,
  { equivalents }: Pick<MatchContext, 'equivalents'>,
): { readonly own: ResourceDefinition; readonly asked: ResourceDefinition } | undefined {
  const asked = matcher.match(admission);
  const { group, version, resource } = admission.request;
  const own = asked && equivalents.find(group, version, resource);
  return asked && own && { own, asked };
}
