import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type Entry, type Persistence, type Store, StoreError } from '../store.ts';
import { type StoreListener, Subscribers } from '../subscribers.ts';
import { type Answer, type Operation, pack, unpackEntries } from './protocol.ts';
import { type OpenedFile, WorkerLink, type WorkerPlace } from './worker-link.ts';
import { WriteBehindBuffer } from './write-behind-buffer.ts';
import { type PendingWrite, WriteLedger } from './write-ledger.ts';

export interface SqliteOptions extends WorkerPlace {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long write-behind writes may stay in memory alone. */
  readonly flushMs?: number;
  /** The file's greatest size; writes beyond it are Unavailable, as on a full disk. */
  readonly maxBytes?: number;
  /** What is overwritten or deleted leaves no trace in the file once it is closed. */
  readonly eraseDeleted?: boolean;
}

const FLUSH_MS = 10_000;
/** The ceiling is raised by this much at a time, and before less than half of it is left. */
const CEILING_STEP = 10_000;

/** Opens the file for this process alone. Rejects with StoreError Unavailable, one sentence, when it is in use or damaged. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { path, nativeBinding, maxBytes, eraseDeleted = false } = options;
  const { link, file } = await WorkerLink.open({ path, nativeBinding, maxBytes, eraseDeleted }, options);
  return new SqliteStore(link, file, options);
}

type State = { readonly at: 'open' } | { readonly at: 'broken'; readonly message: string } | { readonly at: 'closed' };

interface Barrier {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly limit: number | undefined;
  readonly resolve: (listed: { entries: Entry[]; revision: number }) => void;
  readonly reject: (error: StoreError) => void;
}

interface Commit {
  /** Everything that was queued, in order. */
  readonly writes: readonly PendingWrite[];
  /** What goes into the file now: `flushed`, then the durable writes, and for a list that follows the others as well. */
  readonly operations: readonly Operation[];
  readonly flushed: readonly Operation[];
  readonly ceiling: number | undefined;
  /** Why it did not come about. */
  failure?: string;
}

/**
 * Group commit: one batch is on its way to the worker at a time, and everything that arrives meanwhile goes with the next.
 * Events come out in the order of revisions: a write-behind write waits for durable ones that were accepted before it.
 */
class SqliteStore implements Store {
  readonly #link: WorkerLink;
  readonly #options: SqliteOptions;
  readonly #subscribers = new Subscribers();
  readonly #ledger: WriteLedger;
  readonly #buffer = new WriteBehindBuffer();
  #state: State = { at: 'open' };
  #queue: PendingWrite[] = [];
  #barriers: Barrier[] = [];
  #commit: Commit | undefined;
  #isPumpDue = false;
  #isFlushDue = false;
  #flushTimer: Disposable | undefined;
  /** The newest revision that readers see. */
  #visible: number;
  /** Persisted: revisions above it must not be told to anybody. */
  #ceiling: number;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(link: WorkerLink, file: OpenedFile, options: SqliteOptions) {
    this.#link = link;
    this.#options = options;
    this.#visible = file.revision;
    this.#ceiling = file.ceiling;
    this.#ledger = new WriteLedger(new Map(file.keys.map((key, i) => [key, file.revisions[i] as number])), file.revision);
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    const buffered = this.#buffer.get(key);
    if (buffered) return buffered.value && { key, value: buffered.value, revision: buffered.revision };
    const answer = await new Promise<Answer>((resolve) => this.#link.send({ do: 'get', key }, resolve));
    return entriesOf(answer)[0];
  }

  list(prefix: string, { limit, after }: { limit?: number; after?: string } = {}): Promise<{ entries: Entry[]; revision: number }> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#barriers.push({ prefix, after, limit, resolve, reject });
      this.#schedulePump();
    });
  }

  put(key: string, value: Uint8Array, options: { expected: number; persistence?: Persistence }): Promise<number> {
    return this.#write(key, value, options);
  }

  delete(key: string, options: { expected: number; persistence?: Persistence }): Promise<number> {
    return this.#write(key, undefined, options);
  }

  subscribe(listener: StoreListener): Disposable {
    return this.#subscribers.subscribe(listener);
  }

  async revision(): Promise<number> {
    this.#assertOpen();
    return this.#visible;
  }

  /** No history is kept: one row per live object. */
  async compact(): Promise<void> {
    this.#assertOpen();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #write(key: string, value: Uint8Array | undefined, options: { expected: number; persistence?: Persistence }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      const { revision, before } = this.#ledger.accept(key, { expected: options.expected, isDelete: value === undefined });
      const isWriteBehind = options.persistence === 'write-behind';
      const write: PendingWrite = { key, value, revision, before, isWriteBehind, resolve, reject };
      const isNext = this.#queue.length === 0 && !this.#commit?.writes.length;
      if (isWriteBehind && isNext && revision <= this.#ceiling) this.#publish(write);
      else this.#queue.push(write);
      if (this.#queue.length > 0 || this.#isCeilingLow()) this.#schedulePump();
    });
  }

  /** Runs once the writers that were just woken have had their turn, so that they share the batch. */
  #schedulePump(): void {
    if (this.#isPumpDue || this.#commit) return;
    this.#isPumpDue = true;
    process.nextTick(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#commit) return;
    const commit = this.#takeCommit();
    if (commit) {
      this.#commit = commit;
      const batch = { ...pack(commit.operations), ceiling: commit.ceiling };
      this.#link.send({ do: 'write', batch }, (answer) => this.#settle(commit, answer));
    }
    for (const barrier of this.#barriers.splice(0)) this.#sendList(barrier, commit);
    if (!this.#commit) this.#onIdle?.();
  }

  /** A list sees the file alone, so what is buffered goes there first. */
  #takeCommit(): Commit | undefined {
    const isListed = this.#barriers.length > 0;
    const flushed = this.#isFlushDue || isListed ? this.#buffer.all() : [];
    this.#isFlushDue = false;
    const writes = this.#queue;
    this.#queue = [];
    const ceiling = this.#isCeilingLow() ? this.#ledger.assigned + CEILING_STEP : undefined;
    if (writes.length + flushed.length === 0 && ceiling === undefined) return undefined;
    const operations = [...flushed, ...writes.filter((write) => isListed || !write.isWriteBehind)];
    return { writes, operations, flushed, ceiling };
  }

  /** Everything accepted so far is in the file or on its way there, ahead of this request. */
  #sendList({ prefix, after, limit, resolve, reject }: Barrier, ahead: Commit | undefined): void {
    const revision = this.#ledger.assigned;
    this.#link.send({ do: 'list', prefix, after, limit }, (answer) => {
      try {
        if (ahead?.failure !== undefined) throw new StoreError('Unavailable', `the store cannot flush: ${ahead.failure}`);
        resolve({ entries: entriesOf(answer), revision });
      } catch (error) {
        reject(error as StoreError);
      }
    });
  }

  #settle(commit: Commit, answer: Answer): void {
    if (answer.is === 'failed' && answer.written !== true) this.#fail(commit, answer);
    else this.#succeed(commit);
    if (this.#queue.length > 0 || this.#barriers.length > 0 || this.#isFlushDue) this.#schedulePump();
    else this.#onIdle?.();
  }

  #succeed(commit: Commit): void {
    this.#ceiling = commit.ceiling ?? this.#ceiling;
    this.#buffer.flushed(commit.flushed);
    for (const write of commit.writes) this.#publish(write);
    this.#commit = undefined;
  }

  /** Queued writes fail as well when durable ones before them did: they may build on them. Flushed ones stay for the next try. */
  #fail(commit: Commit, { message, written }: Extract<Answer, { is: 'failed' }>): void {
    this.#commit = undefined;
    commit.failure = message;
    const failed = commit.writes.length > 0 ? [...commit.writes, ...this.#queue.splice(0)] : [];
    this.#ledger.rollBack(failed);
    if (written === undefined) this.#state = { at: 'broken', message };
    this.#options.log.error({ reason: message, writes: failed.length, buffered: commit.flushed.length }, 'store commit failed');
    for (const write of failed) write.reject(new StoreError('Unavailable', `the store cannot write: ${message}`));
    if (this.#buffer.size > 0) this.#armFlush();
  }

  #publish({ key, value, revision, before, isWriteBehind, resolve }: PendingWrite): void {
    if (isWriteBehind) {
      this.#buffer.set({ key, value, revision });
      this.#armFlush();
    } else {
      this.#buffer.drop(key);
    }
    this.#visible = revision;
    this.#subscribers.publish(value ? { type: 'put', key, value, revision, created: before === 0 } : { type: 'delete', key, revision });
    resolve(revision);
  }

  #armFlush(): void {
    if (this.#flushTimer || this.#closing) return;
    this.#flushTimer = this.#options.clock.timer(this.#options.flushMs ?? FLUSH_MS, () => {
      this.#flushTimer = undefined;
      this.#isFlushDue = true;
      this.#schedulePump();
    });
  }

  #isCeilingLow(): boolean {
    return this.#ledger.assigned + CEILING_STEP / 2 > this.#ceiling;
  }

  async #close(): Promise<void> {
    const wasOpen = this.#state.at === 'open';
    this.#state = { at: 'closed' };
    this.#flushTimer?.[Symbol.dispose]();
    // A second round: write-behind writes that waited for durable ones are buffered by the first.
    for (let round = 0; round < 2; round += 1) {
      this.#isFlushDue = true;
      const idle = this.#idle();
      this.#schedulePump();
      await idle;
    }
    const lost = this.#buffer.size;
    const ceiling = this.#ledger.assigned;
    const answer = await new Promise<Answer>((resolve) => this.#link.send({ do: 'close', ceiling }, resolve));
    await this.#link.end();
    if (wasOpen && (lost > 0 || answer.is === 'failed')) {
      const why = answer.is === 'failed' ? answer.message : `${lost} write-behind writes could not be flushed`;
      throw new StoreError('Unavailable', `the store was not closed cleanly: ${why}`);
    }
  }

  /** Resolves when nothing is queued or on its way. */
  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #assertOpen(): void {
    if (this.#state.at === 'closed') throw new StoreError('Closed', 'the store is closed');
    if (this.#state.at === 'broken') throw new StoreError('Unavailable', `the store is out of order: ${this.#state.message}`);
  }
}

function entriesOf(answer: Answer): Entry[] {
  if (answer.is === 'failed') throw new StoreError('Unavailable', `the store cannot read: ${answer.message}`);
  return answer.is === 'entries' ? unpackEntries(answer.entries) : [];
}
