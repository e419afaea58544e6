import type { Copyable } from '../framework/cycle-state.ts';

interface Domains {
  readonly counts: ReadonlyMap<string, number>;
  readonly all: Iterable<string> & { readonly size: number };
}

/** Matching pods by domain for one constraint, and the fewest in any of them. What a dry run changes, it changes in its own copy. */
export class SpreadCounts implements Copyable {
  #counts: ReadonlyMap<string, number>;
  #own: Map<string, number> | undefined;
  readonly #domains: Domains['all'];
  readonly #minDomains: number;
  #fewest: number | undefined;

  constructor({ counts, all }: Domains, minDomains: number) {
    this.#counts = counts;
    this.#domains = all;
    this.#minDomains = minDomains;
  }

  in(domain: string): number {
    return this.#counts.get(domain) ?? 0;
  }

  /** The global minimum: 0 as long as there are fewer domains than minDomains (KEP-3022). */
  get fewest(): number {
    if (this.#domains.size < this.#minDomains) return 0;
    this.#fewest ??= this.#findFewest();
    return this.#fewest;
  }

  change(domain: string, by: 1 | -1): void {
    this.#own ??= new Map(this.#counts);
    this.#counts = this.#own;
    this.#own.set(domain, this.in(domain) + by);
    this.#fewest = undefined;
  }

  clone(): SpreadCounts {
    return new SpreadCounts({ counts: this.#own ? new Map(this.#own) : this.#counts, all: this.#domains }, this.#minDomains);
  }

  #findFewest(): number {
    // Some domain has none: most often so, and then nothing need be looked at.
    if (!this.#own && this.#counts.size < this.#domains.size) return 0;
    let fewest = Number.POSITIVE_INFINITY;
    for (const domain of this.#domains) {
      const count = this.in(domain);
      if (count < fewest) fewest = count;
      if (fewest === 0) break;
    }
    return fewest;
  }
}
