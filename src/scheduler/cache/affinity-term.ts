import { type LabelMatcher, labelSelectorMatcher } from '../../api/meta/selectors.ts';
import type { LabelSelector, Pod, PodAffinityTerm } from '../../api/schema/generated/types.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** One term of pod (anti-)affinity, read once. */
export interface AffinityTerm {
  readonly topologyKey: string;
  /** Named ones; the pod's own when the term names none and selects none. */
  readonly namespaces: ReadonlySet<string>;
  /** Selects further namespaces by their labels; undefined selects none. */
  readonly selectsNamespace: LabelMatcher | undefined;
  readonly selects: LabelMatcher;
  /** 1 to 100 for preferred terms, 0 for required ones. */
  readonly weight: number;
  /** Equal for terms that mean the same: pods of one template share their place in the indexes. */
  readonly identity: string;
}

/** A selector's identity does not depend on the order of its parts. */
const sorted = (selector: LabelSelector | undefined): unknown =>
  selector && [
    Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    (selector.matchExpressions ?? []).map(({ key, operator, values }) => [key, operator, [...(values ?? [])].sort()].join()).sort(),
  ];

export const selectorIdentity = (selector: LabelSelector | undefined): string => JSON.stringify(sorted(selector) ?? null);

/**
 * The selector with what matchLabelKeys and mismatchLabelKeys add: the values of the pod's own labels (KEP-3633, KEP-3243). The API server does this as a
 * pod is made; doing it again changes nothing.
 */
export function withMatchLabelKeys(
  selector: LabelSelector | undefined,
  labels: Labels,
  { matchLabelKeys, mismatchLabelKeys }: { matchLabelKeys?: readonly string[]; mismatchLabelKeys?: readonly string[] },
): LabelSelector | undefined {
  if (!selector || (!matchLabelKeys?.length && !mismatchLabelKeys?.length)) return selector;
  const added = (keys: readonly string[] | undefined, operator: string) =>
    (keys ?? []).flatMap((key) => {
      const value = labels?.[key];
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return {
    ...selector,
    matchExpressions: [...(selector.matchExpressions ?? []), ...added(matchLabelKeys, 'In'), ...added(mismatchLabelKeys, 'NotIn')],
  };
}

export function readAffinityTerm(pod: Pod, term: PodAffinityTerm, weight = 0): AffinityTerm {
  const { namespace = '', labels } = pod.metadata ?? {};
  const named = term.namespaces ?? [];
  const namespaces = named.length === 0 && !term.namespaceSelector ? [namespace] : named;
  const selector = withMatchLabelKeys(term.labelSelector, labels, term);
  return {
    topologyKey: term.topologyKey,
    namespaces: new Set(namespaces),
    selectsNamespace: term.namespaceSelector && labelSelectorMatcher(term.namespaceSelector),
    selects: labelSelectorMatcher(selector),
    weight,
    identity: JSON.stringify([
      term.topologyKey,
      [...namespaces].sort(),
      sorted(term.namespaceSelector) ?? null,
      sorted(selector) ?? null,
      weight,
    ]),
  };
}

/** Does the term mean this pod? `namespaceLabels` are those of the pod's namespace. */
export function termSelects(term: AffinityTerm, pod: Pod, namespaceLabels: Labels): boolean {
  const { namespace = '', labels } = pod.metadata ?? {};
  if (!term.namespaces.has(namespace) && !term.selectsNamespace?.(namespaceLabels)) return false;
  return term.selects(labels);
}
