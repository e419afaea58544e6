/** Stems that are remembered; each holds one object. */
const STEMS = 128;

/** Where a name's own part begins: after its last dash, dot or slash. */
const OWN_PART = /[^-./]*$/;

/** For each beginning of a name (`pods/default/web-5d4f8-`), the object that was seen last: others of its template are likely to equal it in most parts. */
export class Siblings<T extends object> {
  readonly #byStem = new Map<string, T>();

  of(key: string): T | undefined {
    return this.#byStem.get(stemOf(key));
  }

  remember(key: string, object: T): void {
    const stem = stemOf(key);
    this.#byStem.delete(stem);
    this.#byStem.set(stem, object);
    if (this.#byStem.size <= STEMS) return;
    for (const oldest of this.#byStem.keys()) return void this.#byStem.delete(oldest);
  }

  forget(key: string): void {
    this.#byStem.delete(stemOf(key));
  }
}

const stemOf = (key: string): string => key.replace(OWN_PART, '');
