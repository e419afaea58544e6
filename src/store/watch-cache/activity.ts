import { Distribution } from '../../base/distribution.ts';
import { isStoreConflict, isStoreNotFound } from '../store.ts';

/** Seconds that the store takes: upstream's bounds for etcd's. */
const BOUNDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** Calls of one kind to the store. */
export class StoreCalls {
  readonly seconds = new Distribution(BOUNDS);
  /** Of them, those that the store could not answer. */
  failures = 0;

  /** A refusal, such as a conflict, is an answer. */
  failed(error: unknown): void {
    if (!isStoreConflict(error) && !isStoreNotFound(error)) this.failures += 1;
  }
}

/** What a collection has done since it was opened. Only counted here; whoever shows metrics reads it. */
export class CollectionActivity {
  readonly calls = { create: new StoreCalls(), update: new StoreCalls(), delete: new StoreCalls(), list: new StoreCalls() };
  /** Events that the store told of. */
  eventsReceived = 0;
  /** Events that were handed to the watchers, each once for all of them. */
  eventsDispatched = 0;
  /** Watchers that were closed because they did not keep up. */
  watchersTerminated = 0;
  /** How often the state was loaded. */
  initializations = 0;
}
