import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { memoryStore } from './memory/memory-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import { type Store, StoreError } from './store.ts';

export interface OpenStoreOptions {
  /** `sqlite:///absolute/path/to/file.db` or `memory:`. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long write-behind writes may stay in memory alone. */
  readonly flushMs?: number;
  /** The greatest size of a SQLite file. */
  readonly maxBytes?: number;
  /** What is overwritten or deleted leaves no trace in the file (for encrypted values). Costs a rewrite of the file when it is new. */
  readonly eraseDeleted?: boolean;
  /** Where the SQLite worker comes from; for the packaged executable. `source`: the worker's script as CommonJS. */
  readonly sqliteWorker?: { readonly url?: URL | string; readonly source?: string; readonly nativeBinding?: string };
}

/** Opens the backend that the URL names. Rejects with StoreError Unavailable and one sentence for the operator. */
export async function openStore({ url, sqliteWorker, ...options }: OpenStoreOptions): Promise<Store> {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  switch (scheme) {
    case 'memory:':
      return memoryStore();
    case 'sqlite:':
      return openSqliteStore({
        ...options,
        path: pathOf(url),
        workerUrl: sqliteWorker?.url,
        workerSource: sqliteWorker?.source,
        nativeBinding: sqliteWorker?.nativeBinding,
      });
    case 'etcd:':
      throw new StoreError('Unavailable', `the store ${url} needs the etcd backend, which is not built yet`);
    default:
      throw new StoreError('Unavailable', `the store ${url} is of no known kind: use sqlite:///path/to/file.db or memory:`);
  }
}

/** May other servers use this store at the same time? A SQLite file is locked by the one that has it open, and memory is a process' own. */
export const isShared = (url: string): boolean => !url.startsWith('sqlite:') && !url.startsWith('memory:');

function pathOf(url: string): string {
  try {
    return fileURLToPath(url.replace(/^sqlite:/, 'file:'));
  } catch (cause) {
    throw new StoreError('Unavailable', `the store ${url} names no file: use sqlite:///path/to/file.db`, { cause });
  }
}
