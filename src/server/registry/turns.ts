/**
 * Changes of one key take turns, in the order in which they came; those of different keys run side by side.
 *
 * A change reads the cache, which follows the store's commits. Two changes of a key at once would build on the same state, and all but one of
 * them would lose, again and again while a commit is under way. Work must not wait for a turn of its own key: it would wait forever. So a change
 * whose admission asks somebody outside takes none (ADR 0010).
 */
export class KeyTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Settles as the work does. The work begins at once when nobody has the key. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const own = before ? before.then(work, work) : work();
    this.#last.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(key) === own) this.#last.delete(key);
    }
  }

  /** Keys that somebody has now. */
  get size(): number {
    return this.#last.size;
  }
}
