import { type ResourceDefinition, resourceId } from '../api/define.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { ApiError, isExpired } from '../api/meta/status.ts';
import { isAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import { type Random, systemRandom } from '../base/random.ts';
import { unreachable } from '../base/unreachable.ts';
import type { Client } from './client.ts';
import { type Change, type IndexFunction, InformerCache } from './informer-cache.ts';
import { type InformerInput, type InformerState, stepInformer } from './informer-machine.ts';
import { outlineOf } from './outline.ts';

export type { Change, IndexFunction } from './informer-cache.ts';

/** A read-only, indexed view of one resource, kept current by list and watch. Objects are shared: never changed. */
export interface Informer<T extends KubeObject = KubeObject> {
  /** `namespace/name`, or `name`. */
  get(key: string): T | undefined;
  list(): readonly T[];
  /** Objects whose index has this value. Every informer has `namespace` and `owner` (controller owner uid). */
  by(index: string, value: string): readonly T[];
  /** Did the first list arrive? */
  readonly synced: boolean;
  /** How far the view is: '' before the first list. Revisions of one cluster compare as numbers (KEP-5504). */
  readonly resourceVersion: string;
  /** Calls the listener for each change, first with ADDED for what is there already. Changes are in the cache by then. */
  onChange(listener: (change: Change<T>) => void): Disposable;
  whenSynced(options: { signal: AbortSignal }): Promise<void>;
}

/** Narrows what is listed and watched: an agent sees its own node's pods alone. */
export interface InformerScope {
  namespace?: string;
  fieldSelector?: string;
  labelSelector?: string;
}

export interface InformerOptions<T extends KubeObject> {
  scope?: InformerScope;
  indexes?: Readonly<Record<string, IndexFunction<T>>>;
  /** Who asks looks at outlines alone: the objects are held whole only if somebody else needs more of them. */
  outlines?: boolean;
}

interface Dependencies {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: Random;
}

const PAGE_SIZE = 500;
/** Servers are asked to end a watch after 5 to 10 minutes, so that load spreads again and dead connections are found. */
const WATCH_SECONDS = 300;

/** One resource's list and watch. Not shared: see `createInformers`. */
export class ResourceInformer<T extends KubeObject> implements Informer<T>, Component {
  readonly name: string;
  readonly #resource: ResourceDefinition<T>;
  readonly #scope: InformerScope;
  readonly #deps: Dependencies;
  readonly #cache = new InformerCache<T>();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  #outlines: boolean;
  #state: InformerState = { at: 'listing', failures: 0 };
  #resourceVersion = '';
  readonly #firstList = Promise.withResolvers<void>();

  constructor(resource: ResourceDefinition<T>, scope: InformerScope, deps: Dependencies, { outlines = false } = {}) {
    this.name = `informer ${resourceId(resource)}`;
    this.#resource = resource;
    this.#scope = scope;
    this.#outlines = outlines;
    this.#deps = deps;
  }

  /** Holds whole objects from now on; false when outlines have come already. */
  holdWhole(): boolean {
    if (this.#outlines && !this.synced) this.#outlines = false;
    return !this.#outlines;
  }

  get(key: string): T | undefined {
    return this.#cache.get(key);
  }
  list(): readonly T[] {
    return this.#cache.list();
  }
  by(index: string, value: string): readonly T[] {
    return this.#cache.by(index, value);
  }
  get synced(): boolean {
    return this.#resourceVersion !== '';
  }
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  addIndexes(indexes: Readonly<Record<string, IndexFunction<T>>>): void {
    this.#cache.addIndexes(indexes);
  }

  onChange(listener: (change: Change<T>) => void): Disposable {
    this.#listeners.add(listener);
    for (const object of this.#cache.list()) this.#call(listener, { type: 'ADDED', object });
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async whenSynced({ signal }: { signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    const stop = Promise.withResolvers<never>();
    const onAbort = () => stop.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([this.#firstList.promise, stop.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async run({ signal, ready }: { signal: AbortSignal; ready: () => void }): Promise<void> {
    while (!signal.aborted) {
      try {
        const input = await this.#act(this.#state, signal);
        this.#step(input);
        if (this.synced) ready();
      } catch (error) {
        if (signal.aborted) return;
        this.#step(this.#explain(error));
      }
    }
  }

  #step(input: InformerInput): void {
    this.#state = stepInformer(this.#state, input);
  }

  #explain(error: unknown): InformerInput {
    const expired = isExpired(error);
    const reason = error instanceof ApiError ? error.reason : 'unknown';
    const fields = { resource: this.name, reason, error: error instanceof Error ? error.message : String(error) };
    if (expired) this.#deps.log.info(fields, 'watch history expired, listing again');
    else this.#deps.log.warn(fields, 'list or watch failed');
    return { type: expired ? 'expired' : 'failed' };
  }

  async #act(state: InformerState, signal: AbortSignal): Promise<InformerInput> {
    switch (state.at) {
      case 'listing':
        return this.#list(signal);
      case 'watching':
        return this.#watch(state.resourceVersion, signal);
      case 'backing-off':
        await this.#deps.clock.sleep(state.delayMs * (1 + this.#random() / 2), { signal });
        return { type: 'waited' };
      default:
        return unreachable(state);
    }
  }

  async #list(signal: AbortSignal): Promise<InformerInput> {
    const items: T[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const page = await this.#deps.client.list(this.#resource, {
        ...this.#scope,
        limit: PAGE_SIZE,
        ...(next && { continue: next }),
        signal,
      });
      items.push(...page.items);
      next = page.metadata.continue;
      resourceVersion = page.metadata.resourceVersion;
    } while (next);
    const changes = this.#cache.replace(this.#outlines ? items.map(outlineOf) : items);
    this.#resourceVersion = resourceVersion;
    for (const change of changes) this.#tell(change);
    this.#firstList.resolve();
    return { type: 'listed', resourceVersion };
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<InformerInput> {
    const events = this.#deps.client.watch(this.#resource, {
      ...this.#scope,
      resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: Math.round(WATCH_SECONDS * (1 + this.#random())),
      signal,
    });
    for await (const event of events) {
      if (event.type === 'ERROR') throw new ApiError('InternalError', event.object.message ?? 'watch error');
      const version = event.object.metadata?.resourceVersion;
      if (version) this.#progress(version);
      if (event.type === 'BOOKMARK') continue;
      const object = this.#outlines ? outlineOf(event.object) : event.object;
      const change = event.type === 'DELETED' ? this.#cache.remove(object) : this.#cache.set(object);
      if (change) this.#tell(change);
    }
    return { type: 'closed' };
  }

  #progress(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#step({ type: 'progressed', resourceVersion });
  }

  #tell(change: Change<T>): void {
    for (const listener of this.#listeners) this.#call(listener, change);
  }

  #call(listener: (change: Change<T>) => void, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      this.#deps.log.error({ resource: this.name, error }, 'informer listener failed');
    }
  }

  #random(): number {
    return (this.#deps.random ?? systemRandom)();
  }
}

/** Informers by resource and scope, each made once and shared. As a Component it runs them all, also those asked for later. */
export interface Informers extends Component {
  informer<T extends KubeObject>(resource: ResourceDefinition<T>, options?: InformerOptions<T>): Informer<T>;
  /** Ends the informer of a resource that is not served any more, and forgets it. One that was released already, or replaced, is left alone. */
  release(informer: Informer): void;
}

export function createInformers(deps: Dependencies): Informers {
  const informers = new Map<string, ResourceInformer<never>>();
  const running = new Map<ResourceInformer<never>, AbortController>();
  let start: ((informer: ResourceInformer<never>) => void) | undefined;
  const keyOf = (resource: ResourceDefinition, { namespace, fieldSelector, labelSelector }: InformerScope, outlines: boolean) =>
    JSON.stringify([resourceId(resource), namespace, fieldSelector, labelSelector, outlines]);
  return {
    name: 'informers',
    informer<T extends KubeObject>(
      resource: ResourceDefinition<T>,
      { scope = {}, indexes = {}, outlines = false }: InformerOptions<T> = {},
    ) {
      const key = (of: { outlines: boolean }) => keyOf(resource as unknown as ResourceDefinition, scope, of.outlines);
      const found = (of: { outlines: boolean }) => informers.get(key(of)) as unknown as ResourceInformer<T> | undefined;
      let informer = found({ outlines: false });
      if (!informer) {
        const outlined = found({ outlines: true });
        if (outlines || outlined?.holdWhole()) informer = outlined;
      }
      if (!informer) {
        informer = new ResourceInformer(resource, scope, deps, { outlines });
        informers.set(key({ outlines }), informer as unknown as ResourceInformer<never>);
        start?.(informer as unknown as ResourceInformer<never>);
      }
      informer.addIndexes(indexes);
      return informer;
    },
    release(released) {
      for (const [key, informer] of informers) {
        if (informer !== (released as unknown)) continue;
        informers.delete(key);
        running.get(informer)?.abort();
        running.delete(informer);
      }
    },
    async run({ signal, ready }) {
      const runs = new Set<Promise<void>>();
      start = (informer) => {
        const own = new AbortController();
        running.set(informer, own);
        const either = AbortSignal.any([signal, own.signal]);
        const run = informer
          .run({ signal: either, ready() {} })
          .catch((error: unknown) => {
            if (!isAbort(error, either)) deps.log.error({ informer: informer.name, error }, 'informer ended');
          })
          .finally(() => runs.delete(run));
        runs.add(run);
      };
      for (const informer of informers.values()) start(informer);
      const first = Promise.all([...informers.values()].map((i) => i.whenSynced({ signal })));
      await first.then(ready, () => {});
      await new Promise<void>((resolve) =>
        signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      start = undefined;
      await Promise.all(runs);
    },
  };
}
