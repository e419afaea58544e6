import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { prefixEnd } from '../key-order.ts';
import { type Batch, type Operation, type Packed, pack, unpack, type WorkerOptions } from './protocol.ts';

/** "mnik": tells our files from other SQLite files. */
const APPLICATION_ID = 0x6d6e696b;
const FORMAT = 1;
/** How long an opener waits for a predecessor that is about to end. */
const LOCK_WAIT_MS = 1000;
/** Least step of the ceiling at a start, so that write-behind writes need no commit of their own. */
const CEILING_STEP = 10_000;

export interface Contents {
  readonly revision: number;
  readonly ceiling: number;
  readonly keys: string[];
  readonly revisions: Float64Array;
}

/**
 * The SQLite file: one row per live object and the ceiling of revisions. Synchronous; lives in the worker. The lock is held from
 * `open` to the end of the process, in SQLite's exclusive mode, which also spares the shared-memory file.
 */
export class Database {
  readonly #sqlite: Sqlite.Database;
  readonly #put: Sqlite.Statement;
  readonly #delete: Sqlite.Statement;
  readonly #ceiling: Sqlite.Statement;
  readonly #get: Sqlite.Statement<[string], Row>;
  readonly #list: Sqlite.Statement<[string, string, number], Row>;
  readonly #page: Sqlite.Statement<[string, string, number], Row>;

  private constructor(sqlite: Sqlite.Database) {
    this.#sqlite = sqlite;
    this.#put = sqlite.prepare(
      'INSERT INTO objects (key, revision, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value',
    );
    this.#delete = sqlite.prepare('DELETE FROM objects WHERE key = ?');
    this.#ceiling = sqlite.prepare('UPDATE meta SET ceiling = ?');
    this.#get = sqlite.prepare('SELECT key, revision, value FROM objects WHERE key = ?');
    this.#list = sqlite.prepare('SELECT key, revision, value FROM objects WHERE key >= ? AND key < ? ORDER BY key LIMIT ?');
    this.#page = sqlite.prepare('SELECT key, revision, value FROM objects WHERE key > ? AND key < ? ORDER BY key LIMIT ?');
  }

  /** Throws an Error whose message is one sentence for the operator. */
  static open(options: WorkerOptions): { database: Database; contents: Contents } {
    let sqlite: Sqlite.Database | undefined;
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
      // Secrets are in there: SQLite's own files take their mode from this one.
      closeSync(openSync(options.path, 'a', 0o600));
      sqlite = new Sqlite(options.path, { timeout: LOCK_WAIT_MS, nativeBinding: options.nativeBinding });
      prepareFile(sqlite, options);
      return { database: new Database(sqlite), contents: readContents(sqlite) };
    } catch (error) {
      sqlite?.close();
      throw new Error(openingSentence(options.path, error), { cause: error });
    }
  }

  /** All of the batch in one durable transaction, or nothing of it. Throws what SQLite says. */
  write(batch: Batch): void {
    this.#sqlite.exec('BEGIN IMMEDIATE');
    try {
      for (const { key, revision, value } of unpack(batch)) {
        if (value) this.#put.run(key, revision, value);
        else this.#delete.run(key);
      }
      if (batch.ceiling !== undefined) this.#ceiling.run(batch.ceiling);
      this.#sqlite.exec('COMMIT');
    } catch (error) {
      if (this.#sqlite.inTransaction) this.#sqlite.exec('ROLLBACK');
      throw error;
    }
  }

  /** After a failure: is the file as if the batch had been written? undefined when it cannot be read. */
  holds(batch: Batch): boolean | undefined {
    try {
      if (batch.ceiling !== undefined && ceilingOf(this.#sqlite) !== batch.ceiling) return false;
      const last = new Map<string, Operation>();
      for (const operation of unpack(batch)) last.set(operation.key, operation);
      return [...last.values()].every(({ key, revision, value }) => this.#get.get(key)?.revision === (value ? revision : undefined));
    } catch {
      return undefined;
    }
  }

  get(key: string): Packed {
    const row = this.#get.get(key);
    return pack(row ? [row] : []);
  }

  list(prefix: string, after: string | undefined, limit = -1): Packed {
    const isWithin = after !== undefined && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0;
    return pack(isWithin ? this.#page.all(after, prefixEnd(prefix), limit) : this.#list.all(prefix, prefixEnd(prefix), limit));
  }

  close(ceiling: number): void {
    this.#ceiling.run(ceiling);
    this.#sqlite.close();
  }
}

interface Row {
  readonly key: string;
  readonly revision: number;
  readonly value: Uint8Array;
}

function prepareFile(sqlite: Sqlite.Database, { maxBytes, eraseDeleted }: WorkerOptions): void {
  // Before anything is read: WAL then needs no shared memory, and the lock is kept.
  sqlite.pragma('locking_mode = EXCLUSIVE');
  const application = sqlite.pragma('application_id', { simple: true });
  const format = sqlite.pragma('user_version', { simple: true });
  const isEmpty = sqlite.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  if (!isEmpty && application !== APPLICATION_ID) throw new Error('it is not a minik database');
  if (!isEmpty && format !== FORMAT) throw new Error(`it has format ${format}, this minik knows format ${FORMAT}`);
  // Objects of 2 to 3 kB waste much of a 4 kB page: with 8 kB the file is smaller and group commits of them are faster (ADR 0002).
  if (isEmpty) sqlite.pragma('page_size = 8192');
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  // KiB. Reads come from memory: a write needs the index and few pages of the table, which the system's cache has as well.
  sqlite.pragma('cache_size = -4096');
  // After a burst the log shrinks again.
  sqlite.pragma('journal_size_limit = 16777216');
  if (isEmpty) createTables(sqlite);
  if (maxBytes !== undefined) {
    sqlite.pragma(`max_page_count = ${Math.floor(maxBytes / Number(sqlite.pragma('page_size', { simple: true })))}`);
  }
  if (eraseDeleted) eraseFromHereOn(sqlite);
  else sqlite.exec('DROP TABLE IF EXISTS erasing');
}

/** The table marks a file of which this holds already; what was deleted before that goes with the rewrite, and with the log. */
function eraseFromHereOn(sqlite: Sqlite.Database): void {
  sqlite.pragma('secure_delete = ON');
  if (sqlite.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'erasing'").pluck().get() === 0) {
    sqlite.exec('VACUUM; CREATE TABLE erasing (since INTEGER)');
  }
  sqlite.pragma('wal_checkpoint(TRUNCATE)');
}

function createTables(sqlite: Sqlite.Database): void {
  sqlite.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE objects (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL, value BLOB NOT NULL);
    CREATE TABLE meta (ceiling INTEGER NOT NULL);
    INSERT INTO meta (ceiling) VALUES (1);
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${FORMAT};
    COMMIT;
  `);
}

/** Reads what the main thread keeps, and raises the ceiling durably: this also proves that the file can be written. */
function readContents(sqlite: Sqlite.Database): Contents {
  const keys: string[] = [];
  const revisions: number[] = [];
  for (const [key, revision] of sqlite.prepare<[], [string, number]>('SELECT key, revision FROM objects').raw().iterate()) {
    keys.push(key);
    revisions.push(revision);
  }
  const ceiling = ceilingOf(sqlite);
  const revision = revisions.reduce((a, b) => Math.max(a, b), ceiling);
  sqlite.prepare('UPDATE meta SET ceiling = ?').run(revision + CEILING_STEP);
  return { revision, ceiling: revision + CEILING_STEP, keys, revisions: Float64Array.from(revisions) };
}

function ceilingOf(sqlite: Sqlite.Database): number {
  const ceiling = sqlite.prepare('SELECT ceiling FROM meta').pluck().get();
  if (typeof ceiling !== 'number') throw new Error('it holds no revision');
  return ceiling;
}

function openingSentence(path: string, error: unknown): string {
  const code = error instanceof Sqlite.SqliteError ? error.code : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return `the database ${path} is in use by another process`;
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return `the database ${path} is damaged (${message}): restore a backup, or move it away to start empty`;
  }
  return `cannot open the database ${path}: ${message}`;
}
