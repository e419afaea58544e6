import type { CollectionEvent, Watcher } from './collection.ts';

/** Waits, then takes: for whoever does nothing else meanwhile and wakes the watcher for nothing else. Rejects as `take` throws. */
export async function nextEvents<T>(watcher: Watcher<T>): Promise<readonly CollectionEvent<T>[] | undefined> {
  await watcher.ready();
  return watcher.take();
}
