import type { KubeObject } from '../../../api/meta/object.ts';
import type { MatchResources, NamedRuleWithOperations, ParamKind, ParamRef } from '../../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../../api/transport.ts';
import type { AdmissionRequest, ObjectReader } from '../../ports.ts';
import { compileMatcher, type MatchContext, type Matcher } from '../matching/match.ts';

export interface PolicyObject extends KubeObject {
  spec?: { matchConstraints?: MatchResources; paramKind?: ParamKind; failurePolicy?: string };
}
export interface BindingObject extends KubeObject {
  spec?: { policyName?: string; matchResources?: MatchResources; paramRef?: ParamRef };
}

/** A policy, ready to be asked, with its bindings. One without bindings does nothing. */
export interface PolicyHook<P, B, C> {
  readonly name: string;
  readonly policy: P;
  readonly compiled: C;
  readonly matcher: Matcher;
  readonly bindings: readonly { readonly name: string; readonly binding: B; readonly matcher: Matcher | undefined }[];
}

export interface PolicyHooks<P, B, C> extends Disposable {
  /** Those whose rules can mean such a request, by name. Empty at once when there are no policies. */
  concerning(admission: AdmissionRequest): readonly PolicyHook<P, B, C>[];
}

interface Source<P, C> {
  readonly policies: string;
  readonly bindings: string;
  /** Called once for each version of a policy. */
  readonly compile: (policy: P) => C;
}

const EVERYTHING: readonly NamedRuleWithOperations[] = [
  { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*', '*/*'] },
];
/** Policies and their bindings are not for policies; configurations of webhooks are. apiserver: admissionResources in plugin.go. */
const POLICIES = /^(validating|mutating)admissionpolic/;
/** Questions about who somebody is and what he may do are not for policies. */
const QUESTIONS = new Set(['authentication.k8s.io', 'authorization.k8s.io']);
const isExempt = ({ group, resource }: ApiRequest): boolean =>
  (group === 'admissionregistration.k8s.io' && POLICIES.test(resource)) || (QUESTIONS.has(group) && resource.endsWith('reviews'));

/** Kinds of requests are few; made-up ones must not fill the memory. */
const MAX_KINDS_OF_REQUESTS = 4096;

interface Indexed<P, B, C> extends PolicyHook<P, B, C> {
  /** Its rules without names: what an index by kind of request can know. */
  readonly anyName: Matcher;
}

/** Follows the policies and bindings of one kind, and finds those that concern a request. */
export function openPolicyHooks<P extends PolicyObject, B extends BindingObject, C>(
  { policies, bindings, compile }: Source<P, C>,
  context: MatchContext & { readonly objects: ObjectReader },
): PolicyHooks<P, B, C> {
  const { objects } = context;
  const compiled = new Map<string, { version: string | undefined; compiled: C }>();
  const byRequest = new Map<string, readonly Indexed<P, B, C>[]>();
  let hooks: readonly Indexed<P, B, C>[] | undefined;
  const forget = () => {
    hooks = undefined;
    byRequest.clear();
  };
  const watching = [objects.onChange(policies, forget), objects.onChange(bindings, forget)];

  const compileOnce = (policy: P): C => {
    const { uid = '', resourceVersion, name = '' } = policy.metadata ?? {};
    const key = uid || name;
    const known = compiled.get(key);
    if (known && known.version === resourceVersion) return known.compiled;
    const fresh = compile(policy);
    compiled.set(key, { version: resourceVersion, compiled: fresh });
    return fresh;
  };

  const load = (): readonly Indexed<P, B, C>[] => {
    const bound = Map.groupBy(objects.list<B>(bindings), ({ spec }) => spec?.policyName ?? '');
    const all = objects.list<P>(policies);
    const present = new Set(all.map(({ metadata }) => metadata?.uid || metadata?.name || ''));
    for (const key of compiled.keys()) if (!present.has(key)) compiled.delete(key);
    return all.flatMap((policy): Indexed<P, B, C>[] => {
      const name = policy.metadata?.name ?? '';
      const own = bound.get(name) ?? [];
      if (own.length === 0) return [];
      const match = policy.spec?.matchConstraints ?? {};
      const anyName = (match.resourceRules ?? []).map(({ resourceNames: _, ...rule }) => rule);
      return [
        {
          name,
          policy,
          compiled: compileOnce(policy),
          matcher: matcherOf(match, context),
          anyName: matcherOf({ ...match, resourceRules: anyName }, context),
          bindings: own.map((binding) => ({
            name: binding.metadata?.name ?? '',
            binding,
            matcher: binding.spec?.matchResources && matcherOf(binding.spec.matchResources, context),
          })),
        },
      ];
    });
  };

  return {
    concerning({ operation, request }) {
      hooks ??= load();
      if (hooks.length === 0 || isExempt(request)) return [];
      const { group, version, resource, subresource = '', namespace } = request;
      const key = `${operation} ${group}/${version}/${resource}/${subresource} ${Boolean(namespace)}`;
      const known = byRequest.get(key);
      if (known) return known;
      if (byRequest.size >= MAX_KINDS_OF_REQUESTS) byRequest.clear();
      const concerned = hooks.filter(({ anyName }) => anyName.mayMatch(operation, request));
      byRequest.set(key, concerned);
      return concerned;
    },
    [Symbol.dispose]() {
      for (const each of watching) each[Symbol.dispose]();
    },
  };
}

/** Without rules, every resource is meant. */
const matcherOf = (
  { resourceRules, excludeResourceRules, matchPolicy, namespaceSelector, objectSelector }: MatchResources,
  context: MatchContext,
) =>
  compileMatcher(
    {
      rules: resourceRules?.length ? resourceRules : EVERYTHING,
      excludeRules: excludeResourceRules,
      matchPolicy: matchPolicy ?? 'Equivalent',
      namespaceSelector,
      objectSelector,
    },
    context,
  );
