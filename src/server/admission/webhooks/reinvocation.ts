import { equalJson } from '../../../api/meta/equal-json.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { copyJson } from '../../registry/copy.ts';
import type { Hook } from './hook.ts';

/**
 * Which webhooks or policies look at an object a second time: those with `reinvocationPolicy: IfNeeded` that saw it before something else changed it
 * (Kubernetes: Dynamic Admission Control, "Reinvocation policy"). Nobody is asked for the first time in the second round.
 */
export class Reinvocation {
  readonly #askedBefore = new Set<string>();
  readonly #due = new Set<string>();
  #last: KubeObject | undefined;

  /** The second round begins: built-in plugins may have changed the object in between. */
  begin(object: KubeObject | undefined): void {
    if (!equalJson(this.#last, object)) this.changed();
  }

  isDue({ id }: Pick<Hook, 'id'>): boolean {
    return this.#due.has(id);
  }

  asked({ id, reinvoked }: Pick<Hook, 'id' | 'reinvoked'>): void {
    if (reinvoked) this.#askedBefore.add(id);
  }

  /** Whoever was asked so far saw an older object. */
  changed(): void {
    for (const id of this.#askedBefore) this.#due.add(id);
    this.#askedBefore.clear();
  }

  end(object: KubeObject | undefined): void {
    this.#last = object && copyJson(object);
  }
}
