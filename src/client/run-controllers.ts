import { type ResourceDefinition, resourceId } from '../api/define.ts';
import { controllerOf, type KubeObject, objectKey } from '../api/meta/object.ts';
import { isConflict } from '../api/meta/status.ts';
import { isAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { type Component, runAll } from '../base/component.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import type { Controller, ControllerContext, LiveKinds } from './controller.ts';
import { type EventRecorder, eventRecorder } from './events.ts';
import { guardClient } from './guarded-client.ts';
import type { Change, Informer, Informers } from './informer.ts';
import { ReadYourWrites } from './read-your-writes.ts';
import { WorkQueue } from './workqueue.ts';

/** For /metrics. */
export interface ControllerMetrics {
  /** A key is in the queue; a worker took one; called after each run of one. */
  added(controller: string): void;
  started(controller: string, waitedSeconds: number): void;
  reconciled(controller: string, result: 'success' | 'requeue_after' | 'error', seconds: number): void;
  /** The queue of a controller that runs from now on: looked at when somebody asks. */
  shows(controller: string, queue: Pick<WorkQueue, 'depth' | 'workingSeconds'>): void;
}

export interface RunControllersOptions {
  readonly controllers: readonly Controller[];
  readonly client: Client;
  readonly informers: Informers;
  /** The definition behind a resource id such as `deployments.apps`; undefined when there is none. */
  readonly resource: (id: string) => ResourceDefinition | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: ControllerMetrics;
}

const DEFAULT_WORKERS = 4;
/**
 * A key rests for a few times as long as its run took, up to this: one with thousands of pods, each of which changes a few times, would keep the
 * process busy with looking at all of them again and again.
 */
const LONGEST_REST_MS = 100;
const REST_PER_RUN = 3;
/** A key whose writes are not visible yet is looked at again when an event names it, and at the latest after this time. */
const RECHECK_STALE_MS = 250;

/**
 * The only reconcile loop. Each controller has its own queue and workers: one that fails or is slow does not hold up the others. Ready when
 * every controller has seen the first list of all that it reads. The informers are run by their owner.
 */
export function runControllers(options: RunControllersOptions): Component {
  const loops = options.controllers.map((controller) => new ControllerLoop(controller, options));
  return { name: 'controllers', run: ({ signal, ready }) => runAll(loops, { signal, ready }) };
}

interface LiveRead {
  readonly resource: ResourceDefinition;
  readonly informer: Informer;
  readonly subscription: Disposable;
}

class ControllerLoop implements Component {
  readonly name: string;
  readonly #controller: Controller;
  readonly #options: RunControllersOptions;
  readonly #log: Logger;
  readonly #queue: WorkQueue;
  readonly #reads: ReadonlyMap<string, { readonly resource: ResourceDefinition; readonly informer: Informer }>;
  /** Of `reads`: asked for at every turn. */
  readonly #byDefinition: ReadonlyMap<ResourceDefinition, Informer>;
  readonly #staleness: ReadYourWrites;
  readonly #events: EventRecorder;
  readonly #context: ControllerContext;
  /** Of `readsLive`, by resource id. */
  readonly #live = new Map<string, LiveRead>();

  constructor(controller: Controller, options: RunControllersOptions) {
    const { client, clock, log } = options;
    this.name = `${controller.name} controller`;
    this.#controller = controller;
    this.#options = options;
    this.#log = log.child({ controller: controller.name });
    const { metrics } = options;
    const observer = metrics && {
      added: () => metrics.added(controller.name),
      started: (seconds: number) => metrics.started(controller.name, seconds),
    };
    this.#queue = new WorkQueue(clock, observer);
    metrics?.shows(controller.name, this.#queue);
    const { reads, readsOutlines = [] } = controller;
    this.#reads = new Map([
      ...reads.map((id) => [id, this.#open(id, { outlines: false })] as const),
      ...readsOutlines.map((id) => [id, this.#open(id, { outlines: true })] as const),
    ]);
    this.#byDefinition = new Map([...this.#reads.values()].map(({ resource, informer }) => [resource, informer]));
    this.#staleness = new ReadYourWrites(new Map([...this.#reads].map(([id, { informer }]) => [id, informer])), clock);
    const component = controller.eventSource ?? `${controller.name}-controller`;
    this.#events = eventRecorder({ client, component, clock, log: this.#log });
    this.#context = {
      client: guardClient(client, controller.name, controller.writes, { wrote() {}, deleted() {}, unsure() {} }),
      informer: (resource) => this.#declared(resource),
      event: this.#events.event,
      clock,
      log: this.#log,
    };
  }

  async run({ signal, ready }: { signal: AbortSignal; ready: () => void }): Promise<void> {
    const events = this.#events.run({ signal, ready() {} });
    const subscriptions = [...this.#reads].map(([id, { informer }]) => informer.onChange((change) => this.#enqueue(id, change)));
    const { readsLive } = this.#controller;
    if (readsLive) subscriptions.push(readsLive.onChange(() => this.#followLive(readsLive)));
    try {
      if (readsLive) this.#followLive(readsLive);
      for (const { informer } of this.#reads.values()) await informer.whenSynced({ signal });
      ready();
      await Promise.all(Array.from({ length: this.#controller.workers ?? DEFAULT_WORKERS }, () => this.#work(signal)));
    } catch (error) {
      if (!isAbort(error, signal)) throw error;
    } finally {
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      for (const { subscription } of this.#live.values()) subscription[Symbol.dispose]();
      this.#queue.close();
      await events;
    }
  }

  #open(id: string, { outlines }: { outlines: boolean }) {
    const resource = this.#options.resource(id);
    if (!resource) throw new Error(`controller ${this.#controller.name} reads ${id}, which is no resource`);
    const indexes = this.#controller.indexes?.[id] as Readonly<Record<string, (object: KubeObject) => readonly string[]>> | undefined;
    const scope = this.#controller.scopes?.[id];
    return { resource, informer: this.#options.informers.informer(resource, { scope, indexes, outlines }) };
  }

  /** Opens informers of kinds that came, and releases those of kinds that went or are served in another version now. */
  #followLive(kinds: LiveKinds): void {
    const current = new Map(kinds.current().map((resource) => [resourceId(resource), resource]));
    for (const [id, { resource, informer, subscription }] of this.#live) {
      const now = current.get(id);
      if (now?.version === resource.version && now.scope === resource.scope) continue;
      subscription[Symbol.dispose]();
      this.#live.delete(id);
      this.#options.informers.release(informer);
    }
    const indexes = this.#controller.indexes?.['*'] as Readonly<Record<string, (object: KubeObject) => readonly string[]>> | undefined;
    for (const [id, resource] of current) {
      if (this.#live.has(id) || this.#reads.has(id)) continue;
      const informer = this.#options.informers.informer(resource, { indexes, outlines: true });
      const subscription = informer.onChange((change) => this.#enqueueLive(resource, change));
      this.#live.set(id, { resource, informer, subscription });
    }
  }

  #enqueueLive(resource: ResourceDefinition, { object, previous }: Change<KubeObject>): void {
    const keysOf = this.#controller.enqueueLive ?? (() => []);
    for (const key of keysOf(resource, object, this.#context)) this.#queue.add(key);
    if (previous) for (const key of keysOf(resource, previous, this.#context)) this.#queue.add(key);
  }

  #declared<T extends KubeObject>(resource: ResourceDefinition<T>): Informer<T> {
    const known = this.#byDefinition.get(resource as unknown as ResourceDefinition);
    if (known) return known as unknown as Informer<T>;
    const id = resourceId(resource);
    const found = this.#reads.get(id) ?? this.#live.get(id);
    if (!found) throw new Error(`controller ${this.#controller.name} does not declare that it reads ${id}`);
    return found.informer as unknown as Informer<T>;
  }

  #enqueue(id: string, change: Change<KubeObject>): void {
    const { object, previous } = change;
    for (const key of this.#keysOf(id, object, previous)) this.#queue.add(key);
    if (previous) for (const key of this.#keysOf(id, previous, object)) this.#queue.add(key);
  }

  #keysOf(id: string, object: KubeObject, counterpart: KubeObject | undefined): readonly string[] {
    const custom = this.#controller.enqueue?.[id];
    if (custom) return custom(object, this.#context, counterpart);
    const own = this.#controller.reads[0];
    if (id === own) return [objectKey(object)];
    const owner = controllerOf(object);
    const resource = own === undefined ? undefined : this.#reads.get(own)?.resource;
    if (!owner || !resource || owner.kind !== resource.kind || owner.apiVersion.split('/')[0] !== (resource.group || 'v1')) return [];
    return [resource.scope === 'Namespaced' ? `${object.metadata?.namespace}/${owner.name}` : owner.name];
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = await this.#queue.next({ signal });
      const started = this.#options.clock.monotonic();
      try {
        if (this.#staleness.isStale(key)) this.#queue.addAfter(key, RECHECK_STALE_MS);
        else await this.#reconcile(key, signal);
      } finally {
        const tookMs = this.#options.clock.monotonic() - started;
        this.#queue.done(key, Math.min(tookMs * REST_PER_RUN, LONGEST_REST_MS));
      }
    }
  }

  /** One failing key is retried with its own back-off; it never ends the loop. */
  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#options;
    const { name, writes } = this.#controller;
    const started = clock.monotonic();
    const seconds = () => (clock.monotonic() - started) / 1000;
    const client = guardClient(this.#options.client, name, writes, this.#staleness.observer(key));
    try {
      await this.#staleness.settleDoubts(key, this.#options.client, { signal });
      if (this.#staleness.isStale(key)) return this.#queue.addAfter(key, RECHECK_STALE_MS);
      const result = await this.#controller.reconcile({ ...this.#context, client, key, signal });
      this.#queue.forget(key);
      if (result) this.#queue.addAfter(key, result.afterMs);
      metrics?.reconciled(name, result ? 'requeue_after' : 'success', seconds());
    } catch (error) {
      if (isAbort(error, signal)) return;
      const retryMs = this.#queue.retry(key);
      metrics?.reconciled(name, 'error', seconds());
      // Somebody else wrote first: nothing is wrong, the next run sees it.
      if (isConflict(error)) this.#log.debug({ key, retryMs }, 'conflict, will retry');
      else this.#log.warn({ key, retryMs, error: error instanceof Error ? error.message : String(error) }, 'reconcile failed, will retry');
    }
  }
}
