import type { KubeList, KubeObject } from './meta/object.ts';
import type { Status } from './meta/status.ts';

/** Verbs of resource requests, as RBAC names them; '' for OPTIONS, which has none, so that only those who may do anything may send it, through a proxy. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | '';

/** Media types of the patches that the API takes. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** Query parameters of resource requests, under Kubernetes' own names. Absent means not given. */
export interface RequestOptions {
  dryRun?: boolean;
  fieldManager?: string;
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** Values that there are not; a write that has such is refused. */
  unknown?: { readonly dryRun?: readonly string[]; readonly fieldValidation?: string };
  force?: boolean;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  timeoutSeconds?: number;
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  /** Of the custom metrics API alone: which of a metric's series. */
  metricLabelSelector?: string;
}

/** metav1.DeleteOptions, as the body of delete and deletecollection. */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  preconditions?: { uid?: string; resourceVersion?: string };
  orphanDependents?: boolean;
  dryRun?: string[];
}

/** A resource request, free of HTTP: what the URL, the query and the body say. */
export interface ApiRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  /** The plural name: `pods`. */
  readonly resource: string;
  readonly subresource?: string;
  /** Empty or absent for cluster-scoped resources and for reads over all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
  readonly options?: RequestOptions;
  /** create/update: the object. patch: the patch document. delete: DeleteOptions. */
  readonly body?: unknown;
  /**
   * What field validation tells of: what the body says twice, and fields that are unknown, in the order of upstream's decoder of types or of custom resources. Absent when it
   * says nothing twice and is read in its own order.
   */
  readonly findings?: (unknown: readonly string[], isTyped: boolean) => readonly string[];
  readonly patchType?: PatchType;
}

export type WatchEvent<T = KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: KubeObject }
  | { type: 'ERROR'; object: Status };

/**
 * The door to an API server. In process it is server/local-transport.ts (objects are shared, frozen, never serialised);
 * from elsewhere it is client/https-transport.ts. Both throw ApiError and nothing else for what the server refuses.
 */
export interface Transport {
  /** Every verb but watch. Objects are read-only. */
  request(request: ApiRequest, options: { signal: AbortSignal }): Promise<KubeObject | KubeList | Status>;
  /** Ends when the signal aborts, or when the server closes the stream (then resume or relist). ERROR events are thrown as ApiError. */
  watch(request: ApiRequest, options: { signal: AbortSignal }): AsyncIterable<WatchEvent>;
}
