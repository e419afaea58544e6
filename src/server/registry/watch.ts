import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, type Status } from '../../api/meta/status.ts';
import type { ApiRequest, RequestOptions, WatchEvent } from '../../api/transport.ts';
import { isStoreExpired, isTooSlow } from '../../store/store.ts';
import type { Cached, CollectionEvent, Watcher } from '../../store/watch-cache/collection.ts';
import type { RequestContext } from '../ports.ts';
import type { RegistryDeps } from './deps.ts';
import { parseRevision, prefixOf, reach } from './list.ts';
import { checkListOptions } from './list-options.ts';
import { type Resource, restamped } from './resources.ts';
import { selectionOf } from './selectors.ts';

/** Clients that allow bookmarks get one this often, so that they can resume near the present. */
const BOOKMARK_EVERY_MS = 60_000;
/** Servers end watches after 30 to 60 minutes when the client names no time, which spreads reconnects. */
const SHORTEST_WATCH_SECONDS = 1_800;
const MAX_BATCH = 256;

/** One thing that a watcher is told; objects still as the cache holds them. */
export type WatchItem =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly item: Cached<KubeObject> }
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject }
  | { readonly type: 'ERROR'; readonly object: Status };

export interface WatchStream {
  readonly definition: ResourceDefinition;
  /** Ends at the time-out, when the client's signal aborts, or after an ERROR. */
  readonly batches: AsyncIterable<readonly WatchItem[]>;
}

interface Plan {
  readonly resource: Resource;
  readonly request: ApiRequest;
  readonly context: RequestContext;
  readonly watcher: Watcher<KubeObject>;
  readonly initial: readonly Cached<KubeObject>[];
  /** Revision that `initial` is consistent with. */
  readonly revision: number;
  readonly matches: ((object: KubeObject) => boolean) | undefined;
}

/**
 * Starts a watch. Errors in what was asked are thrown; a history that does not reach back far enough is an ERROR event, as upstream does it.
 * Source: Kubernetes, "Kubernetes API Concepts", and KEP-3157 for sendInitialEvents.
 */
export async function watch(deps: RegistryDeps, resource: Resource, request: ApiRequest, context: RequestContext): Promise<WatchStream> {
  const { definition, collection } = resource;
  const options = fromTheBeginning(request.options ?? {});
  checkListOptions(options, 'watch');
  const { matches } = selectionOf(definition, request);
  const asked = parseRevision(options.resourceVersion, 'watch');
  const wantsInitial = options.sendInitialEvents ?? asked === 0;
  if (wantsInitial) await reach(resource, asked, context);
  const prefix = prefixOf(resource, request);
  const page = wantsInitial ? collection.list({ prefix }) : undefined;
  const fromRevision = page?.revision ?? (asked === 0 ? collection.revision : asked);
  const future = fromRevision > collection.revision;
  try {
    const watcher = collection.watch({ prefix, fromRevision: future ? collection.revision : fromRevision });
    if (resource.prepare && page) await resource.prepare(page.items);
    const initial = (page?.items ?? []).map((item) => resource.view(item)).filter((item) => !matches || matches(item.object));
    const plan: Plan = { resource, request: { ...request, options }, context, watcher, initial, revision: fromRevision, matches };
    return { definition, batches: run(deps, plan) };
  } catch (error) {
    if (!isStoreExpired(error)) throw error;
    const expired = new ApiError('Expired', `too old resource version: ${fromRevision} (${collection.revision})`);
    return { definition, batches: single({ type: 'ERROR', object: expired.toStatus() }) };
  }
}

/** A watch that does not say where it begins is one that asks for the initial events (KEP-3157). */
function fromTheBeginning(options: RequestOptions): RequestOptions {
  const { sendInitialEvents, resourceVersionMatch, resourceVersion = '0' } = options;
  if (sendInitialEvents !== undefined || resourceVersionMatch !== undefined || resourceVersion !== '0') return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
}

async function* single(item: WatchItem): AsyncGenerator<readonly WatchItem[]> {
  yield [item];
}

/** One generator, not one that hands on to another: that would cost every batch of every watcher several more turns of the microtask queue. */
async function* run(deps: RegistryDeps, plan: Plan): AsyncGenerator<readonly WatchItem[]> {
  const { watcher, context, request, resource } = plan;
  const { allowWatchBookmarks = false, sendInitialEvents = false, timeoutSeconds } = request.options ?? {};
  let due: 'bookmark' | 'end' | undefined;
  const tick = (what: 'bookmark' | 'end') => {
    if (due !== 'end') due = what;
    watcher.wake();
  };
  const close = () => watcher[Symbol.dispose]();
  // Its time is over before it begins.
  if ((timeoutSeconds ?? 0) < 0) return close();
  const { shortestWatchSeconds = SHORTEST_WATCH_SECONDS } = deps;
  const seconds = timeoutSeconds || shortestWatchSeconds * (1 + deps.random());
  using _timeout = seconds > 0 ? deps.clock.timer(seconds * 1000, () => tick('end')) : undefined;
  using _bookmarks = allowWatchBookmarks ? everyMinute(deps, () => tick('bookmark')) : undefined;
  if (context.signal.aborted) return close();
  context.signal.addEventListener('abort', close, { once: true });
  try {
    yield* initialBatches(plan);
    if (sendInitialEvents && allowWatchBookmarks) yield [bookmark(resource.definition, plan.revision, true)];
    for (;;) {
      await watcher.ready();
      const now = due;
      due = undefined;
      let events: readonly CollectionEvent<KubeObject>[] | undefined;
      try {
        events = watcher.take();
        if (resource.prepare && events) await resource.prepare(statesOf(events));
      } catch (error) {
        yield [failure(error)];
        return;
      }
      if (!events) return;
      const items = told(plan, events);
      if (items.length > 0) yield items;
      if (now && allowWatchBookmarks) yield [bookmark(resource.definition, Math.max(watcher.progress(), plan.revision))];
      if (now === 'end') return;
    }
  } finally {
    context.signal.removeEventListener('abort', close);
    watcher[Symbol.dispose]();
  }
}

function everyMinute(deps: RegistryDeps, tick: () => void): Disposable {
  let timer = deps.clock.timer(BOOKMARK_EVERY_MS, fire);
  function fire() {
    timer = deps.clock.timer(BOOKMARK_EVERY_MS, fire);
    tick();
  }
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

function* initialBatches({ initial }: Plan): Generator<readonly WatchItem[]> {
  for (let at = 0; at < initial.length; at += MAX_BATCH) {
    yield initial.slice(at, at + MAX_BATCH).map((item) => ({ type: 'ADDED', item }));
  }
}

const statesOf = (events: readonly CollectionEvent<KubeObject>[]): readonly Cached<KubeObject>[] =>
  events.flatMap(({ item, previous }) => (previous ? [item, previous] : [item]));

/** What the client hears of it. */
const told = (plan: Plan, events: readonly CollectionEvent<KubeObject>[]): readonly WatchItem[] =>
  events.flatMap((event) => (event.revision > plan.revision ? (seenBy(plan, event) ?? []) : []));

/** The event as a watcher with this selector sees it: entering is ADDED, leaving is DELETED. */
function seenBy({ resource, matches }: Plan, { type, item, previous, revision }: CollectionEvent<KubeObject>): WatchItem | undefined {
  const now = resource.view(item);
  if (!matches) return { type, item: now };
  const before = previous && resource.view(previous);
  const was = before !== undefined && type !== 'ADDED' && matches(before.object);
  const is = type !== 'DELETED' && matches(now.object);
  if (type === 'DELETED') return was || matches(now.object) ? { type, item: now } : undefined;
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', item: now };
  return was ? { type: 'DELETED', item: restamped(before, revision) } : undefined;
}

/** A slow watcher is told to list again, as when the history is gone. */
function failure(error: unknown): WatchItem {
  const known = error instanceof ApiError ? error : undefined;
  if (known) return { type: 'ERROR', object: known.toStatus() };
  if (isTooSlow(error) || isStoreExpired(error)) {
    return { type: 'ERROR', object: new ApiError('Expired', 'the watcher could not keep up with the changes').toStatus() };
  }
  return { type: 'ERROR', object: new ApiError('InternalError', 'the watch failed', { cause: error }).toStatus() };
}

const INITIAL_END = 'k8s.io/initial-events-end';

/** Is it the object of the bookmark that says that everything there was has been told? */
export const isInitialEnd = ({ metadata }: KubeObject): boolean => metadata?.annotations?.[INITIAL_END] === 'true';

function bookmark(definition: ResourceDefinition, revision: number, initialEnd = false): WatchItem {
  const annotations = initialEnd ? { annotations: { [INITIAL_END]: 'true' } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  return { type: 'BOOKMARK', object: { apiVersion: apiVersionOf(definition), kind: definition.kind, metadata } };
}

export const watchEvent = (item: WatchItem): WatchEvent =>
  'item' in item ? { type: item.type, object: item.item.object } : (item as WatchEvent);
