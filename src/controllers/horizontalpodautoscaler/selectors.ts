import type { LabelMatcher } from '../../api/meta/selectors.ts';
import type { Pod } from '../../api/schema/generated/types.ts';

interface Claim {
  readonly namespace: string;
  readonly name: string;
  readonly matches: LabelMatcher;
}

/** Which pods each autoscaler's target selects, as far as they were looked at: two must not pull at the same pods. */
export class Selectors {
  readonly #claims = new Map<string, Claim>();

  /** Remembers the selector, and tells which autoscalers select any of the pods, this one among them, by name. */
  claim(key: string, namespace: string, matches: LabelMatcher, pods: readonly Pod[]): Pick<Claim, 'namespace' | 'name'>[] {
    const name = key.slice(key.indexOf('/') + 1);
    this.#claims.set(key, { namespace, name, matches });
    const near = [...this.#claims.values()].filter((claim) => claim.namespace === namespace);
    const rivals = near.filter((claim) => pods.some((pod) => claim.matches(pod.metadata?.labels)));
    return rivals.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  forget(key: string): void {
    this.#claims.delete(key);
  }
}
