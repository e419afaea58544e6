import type { KubeObject } from '../../api/meta/object.ts';
import type { Informer } from '../../client/informer.ts';

/**
 * Objects as the informer shows them, and over it what the scheduler has decided about them and not seen yet. What was assumed of a state counts until
 * the informer shows another one, ours or somebody else's.
 */
export class AssumeCache<T extends KubeObject> {
  readonly #informer: Informer<T>;
  readonly #assumed = new Map<string, T>();

  constructor(informer: Informer<T>) {
    this.#informer = informer;
  }

  get(key: string): T | undefined {
    const now = this.#informer.get(key);
    const assumed = this.#assumed.get(key);
    if (!assumed) return now;
    if (now?.metadata?.resourceVersion === assumed.metadata?.resourceVersion) return assumed;
    this.#assumed.delete(key);
    return now;
  }

  /** The object as the API has it. */
  seen(key: string): T | undefined {
    return this.#informer.get(key);
  }

  by(index: string, value: string, keyOf: (object: T) => string): T[] {
    return this.#informer.by(index, value).flatMap((object) => this.get(keyOf(object)) ?? []);
  }

  /** `object`: changed, with the version that it was made from. */
  assume(key: string, object: T): void {
    this.#assumed.set(key, object);
  }

  restore(key: string): void {
    this.#assumed.delete(key);
  }
}
