import type { ResourceDefinition } from '../api/define.ts';
import type { KubeObject } from '../api/meta/object.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from './client.ts';
import type { Informer, InformerScope } from './informer.ts';

export type { Informer } from './informer.ts';

/** Kinds of which there may be others a moment later. */
export interface LiveKinds {
  current(): readonly ResourceDefinition[];
  onChange(listener: () => void): Disposable;
}

/** What a controller sees of the cluster. */
export interface ControllerContext {
  readonly client: Client;
  /** Informers of the resources in `reads`, shared with all controllers of the process. */
  informer<T extends KubeObject>(resource: ResourceDefinition<T>): Informer<T>;
  /** Writes a Kubernetes Event about an object; never throws. */
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ReconcileRequest extends ControllerContext {
  readonly key: string;
  readonly signal: AbortSignal;
}

/** undefined: done until something changes. `afterMs`: look again then. An exception: retried with the key's own back-off. */
export type ReconcileResult = undefined | void | { readonly afterMs: number };

/**
 * Asked of an object that came or went, and of one that changed twice: after the change and of what it was before. `counterpart` is the other of
 * these two, undefined when it came or went.
 */
export type Concerned = (object: KubeObject, context: ControllerContext, counterpart: KubeObject | undefined) => readonly string[];

/**
 * A controller declares what it reads and writes, and reconciles one key at a time: never two runs of the same key at once.
 * It gets a key, never an event, and reads the state from informers and the client. A key does not run again before the informers show
 * what its last run wrote to the resources that it reads: a reconcile need not fear that it creates or deletes twice.
 */
export interface Controller {
  readonly name: string;
  /** `source.component` of its events, where upstream's is not the name and `-controller`. */
  readonly eventSource?: string;
  /** Resource ids that it watches: `pods`, `deployments.apps`. The first one's keys are its own. */
  readonly reads: readonly string[];
  /** Resources that it watches as well, of whose objects it sees the outlines alone (`outline.ts`). */
  readonly readsOutlines?: readonly string[];
  /** By id of what it reads: it sees no more of a resource than that, and nothing else is held for it. */
  readonly scopes?: Readonly<Record<string, InformerScope>>;
  /** Kinds that come and go while it runs (custom resources), whose outlines it sees. Their informers have `indexes` of the id `*`. */
  readonly readsLive?: LiveKinds;
  /** As `enqueue`, for kinds of `readsLive`. */
  readonly enqueueLive?: (resource: ResourceDefinition, object: KubeObject, context: ControllerContext) => readonly string[];
  /**
   * What it writes: resource ids, with `/status` or other subresources; `*` is everything, `*` before a subresource that of any kind. Documentation that is checked: other
   * writes are refused.
   */
  readonly writes: readonly string[];
  /**
   * Which of its keys a change of an object in `reads` concerns. Absent for the first resource: the object's own key; absent for others: the
   * key of the controlling owner when that owner is of the first resource's kind.
   */
  readonly enqueue?: Readonly<Record<string, Concerned>>;
  /** Indexes that it needs on informers, by resource id. */
  readonly indexes?: Readonly<Record<string, Readonly<Record<string, (object: never) => readonly string[]>>>>;
  /** Keys worked on at the same time. */
  readonly workers?: number;
  reconcile(request: ReconcileRequest): Promise<ReconcileResult>;
}
