import { StoreError } from '../store.ts';

/** One accepted write on its way to disk or, for write-behind, to its place in the order of events. */
export interface PendingWrite {
  readonly key: string;
  /** undefined: delete. */
  readonly value: Uint8Array | undefined;
  readonly revision: number;
  /** The key's revision before this write; 0: it did not exist. */
  readonly before: number;
  readonly isWriteBehind: boolean;
  readonly resolve: (revision: number) => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * The revision of every key, committed and queued: what compare-and-swap is checked against. A queued write's revision is
 * told to nobody before it is committed, so only the next write behind a queued delete can build on a queued write.
 */
export class WriteLedger {
  readonly #revisions: Map<string, number>;
  /** The newest revision given out; never given out twice, also not after a failure. */
  #assigned: number;

  constructor(revisions: Map<string, number>, assigned: number) {
    this.#revisions = revisions;
    this.#assigned = assigned;
  }

  get assigned(): number {
    return this.#assigned;
  }

  /** The write's revision and the one before it. Throws StoreError Conflict or NotFound. */
  accept(key: string, { expected, isDelete }: { expected: number; isDelete: boolean }): { revision: number; before: number } {
    const before = this.#revisions.get(key) ?? 0;
    if (isDelete && before === 0) throw new StoreError('NotFound', `${key} does not exist`);
    if (before !== expected) throw new StoreError('Conflict', `${key} is at revision ${before}, not ${expected}`);
    const revision = ++this.#assigned;
    this.#set(key, isDelete ? 0 : revision);
    return { revision, before };
  }

  /** Takes accepted writes back: all those from the oldest failed one on, in the order in which they were accepted. */
  rollBack(writes: readonly PendingWrite[]): void {
    for (const write of writes.toReversed()) this.#set(write.key, write.before);
  }

  #set(key: string, revision: number): void {
    if (revision === 0) this.#revisions.delete(key);
    else this.#revisions.set(key, revision);
  }
}
