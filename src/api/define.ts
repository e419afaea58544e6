import type { StructuralSchema } from './crd-schema/index.ts';
import { type Column, DEFAULT_COLUMNS, type RowRules } from './meta/columns.ts';
import type { FieldError } from './meta/field-error.ts';
import type { KubeObject } from './meta/object.ts';
import type { ApplyType } from './patch/apply/index.ts';
import type { Verb } from './transport.ts';

export { type Column, column } from './meta/columns.ts';

/** Reads something from an object. Compared as a method (bivariantly), for the same reason as Column.value. */
export type Reader<T, R> = { read(object: T): R }['read'];

/** What a hook may know about the request. Hooks change the draft in place; they do no I/O. */
export interface HookContext {
  /** RFC 3339, the time of the request. */
  readonly now: string;
  readonly user: {
    readonly name: string;
    readonly groups: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  /** '' for the main resource, or `status`, … */
  readonly subresource: string;
  /** Tells the client something that is no error (`Warning` headers), whatever becomes of the request. Absent: nobody listens. */
  readonly warn?: (text: string) => void;
}

/**
 * What one kind does differently from all others. The registry calls: defaults -> prepareForCreate -> validate + validateCreate, or
 * defaults -> prepareForUpdate -> validate + validateUpdate. Everything generic (metadata, generation, deletion,
 * status separation) is the registry's own.
 */
export interface Hooks<T> {
  /**
   * Brings what a client sent into the form that is stored, in place, for kinds that no generated schema describes; answers with findings such as
   * `unknown field "spec.foo"`. `isApplied`: the draft is what came of an apply. Throws ApiError BadRequest.
   */
  decode?(draft: T, options?: { readonly isApplied?: boolean }): readonly string[];
  /** Sets what upstream defaults when absent. Runs on every write, after the schema's own pruning. */
  defaults?(draft: T): void;
  /** Resets what a client may not set at creation. Status is dropped by the registry already when there is a status subresource. */
  prepareForCreate?(draft: T, context: HookContext): void;
  prepareForUpdate?(draft: T, old: T, context: HookContext): void;
  /** What changes when deletion begins, before finalizers are looked at. Not called for an object that is being deleted already. */
  prepareForDelete?(draft: T, context: HookContext): void;
  /** Findings beyond the schema. Called only when the walk over the schema (required fields) has none itself, or is skipped. */
  validate?(object: T): FieldError[];
  /** `validate` says itself what is missing, where upstream does and in its words: it gets objects of which anything may be absent. */
  readonly checksRequired?: boolean;
  /** Findings for new objects alone. */
  validateCreate?(object: T, context: HookContext): FieldError[];
  validateUpdate?(object: T, old: T, context: HookContext): FieldError[];
  /** Findings about a status that was written through its subresource; the rest is the old state then, and not looked at. */
  validateStatus?(object: T, old: T, context?: HookContext): FieldError[];
  /** What a client should hear that deletes without a word about dependents, where these stay behind. */
  readonly orphaningWarning?: string;
  /** What a client should hear about an object that is taken all the same (`Warning` headers). `old` is absent at creation. */
  warnings?(object: T, old: T | undefined): readonly string[];
  /** The same of a status that was written. */
  statusWarnings?(object: T): readonly string[];
}

export interface StatusSubresource {
  readonly kind: 'status';
}
/** autoscaling/v1 Scale on any replicated kind: paths into the object. */
export interface ScaleSubresource {
  readonly kind: 'scale';
  readonly specReplicas: string;
  readonly statusReplicas: string;
  /** Path of the selector in the object: a LabelSelector, or a map of labels (ReplicationController). */
  readonly selector: string;
}
/** Anything with code of its own in server/subresources: binding, eviction, log, exec, token, approval, … */
export interface CustomSubresource {
  readonly kind: 'custom';
  readonly verbs: readonly Verb[];
  /** The kind that is sent and answered, for discovery: `Binding`, `Eviction`, `TokenRequest`; the parent's kind when absent. */
  readonly objectKind?: { readonly group: string; readonly version: string; readonly kind: string };
  /** Streams (exec, attach, portforward, proxy, log) are routed to handlers of their own and have no body schema. */
  readonly stream?: boolean;
}
export type Subresource = StatusSubresource | ScaleSubresource | CustomSubresource;

export type StatusMetadata = 'annotations' | 'finalizers' | 'labels' | 'ownerReferences';

/** One kind in one group and version: the single place that routes, discovery, OpenAPI, tables and RBAC names derive from. */
export interface ResourceDefinition<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  readonly verbs: readonly Verb[];
  /** Name of the structural schema in schema/generated (the TypeScript interface has the same name). */
  readonly schema: string;
  readonly columns: readonly Column<T>[];
  /** Absent: rows are cells, in the order of the list. */
  readonly rows?: RowRules<T>;
  readonly subresources: Readonly<Record<string, Subresource>>;
  readonly hooks: Hooks<T>;
  /** Field selectors beyond metadata.name and metadata.namespace, which every resource has. */
  readonly fieldSelectors: Readonly<Record<string, Reader<T, string>>>;
  /** Selector or label index -> values; `spec.nodeName` lets a field selector skip the scan. */
  readonly indexes: Readonly<Record<string, Reader<T, readonly string[]>>>;
  /** `none`: virtual, answered by code (reviews, ComponentStatus). */
  readonly persistence: 'durable' | 'write-behind' | 'none';
  /** How server-side apply sees objects of the kind. Absent: by `schema`; for a custom resource `customResourceType` makes it from its OpenAPI schema. */
  readonly applyType?: ApplyType;
  /** How the name is checked: most are DNS subdomains; `path` only forbids what breaks URLs (RBAC). */
  readonly nameRule: 'subdomain' | 'label' | 'longName' | 'path' | 'address';
  /** Does spec-like content bump metadata.generation? True for kinds with a spec that a controller observes. `constant`: it is there, and stays as it is. */
  readonly generation: boolean | 'constant';
  /** Parts of metadata whose changes are counted as well. */
  readonly countedMetadata: readonly ('annotations' | 'labels')[];
  /** Another served version of the same stored objects. Absent: stored as it is. */
  readonly storedAs?: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    toStored(object: T): KubeObject;
    fromStored(stored: KubeObject): T;
  };
  /** The version that objects are written in when it is another version of the same kind (custom resources), or that upstream says so of. Absent: this one. */
  readonly storageVersion?: string;
  /** The schema of a kind that a CustomResourceDefinition brought; absent for the server's own kinds. */
  readonly structural?: StructuralSchema;
  /** What every request for this version is warned of. */
  readonly deprecation?: string;
  /** `stored-only`: can be stored and read, but nothing acts on it yet. The README's list of what is missing comes from here. */
  readonly behaviour: 'complete' | 'stored-only';
  /** What a write of the status may change besides: upstream's status strategies put back the content, and some of them all of metadata. */
  readonly statusMetadata: readonly StatusMetadata[];
  /**
   * Fields that nobody comes to own by a write, as paths such as `status.conditions`; by subresource, '' for the object itself. Beyond status and what
   * `statusMetadata` leaves out, which is so for all kinds. (Upstream: the strategies' GetResetFields.)
   */
  readonly unowned?: Readonly<Record<string, readonly string[]>>;
  /** A new object usually starts without status; a Node that registers itself brings what it knows. */
  readonly keepsStatusAtCreation: boolean;
  /** Whoever deletes without a word about dependents leaves them behind, as it was before there was a garbage collector. */
  readonly orphansByDefault: boolean;
  /** May DELETE with a grace period (Pod), or is removal immediate? */
  readonly gracefulDeletion: boolean;
  /** The removal of an object answers with the object (upstream's ReturnDeletedObject); that of other kinds with a Status. */
  readonly returnsDeleted: boolean;
}

type Optional =
  | 'singular'
  | 'listKind'
  | 'shortNames'
  | 'categories'
  | 'verbs'
  | 'schema'
  | 'columns'
  | 'subresources'
  | 'hooks'
  | 'fieldSelectors'
  | 'indexes'
  | 'persistence'
  | 'nameRule'
  | 'generation'
  | 'countedMetadata'
  | 'behaviour'
  | 'statusMetadata'
  | 'keepsStatusAtCreation'
  | 'orphansByDefault'
  | 'gracefulDeletion'
  | 'returnsDeleted';
export type ResourceInput<T extends KubeObject> = Omit<ResourceDefinition<T>, Optional> & Partial<Pick<ResourceDefinition<T>, Optional>>;

export const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export function defineResource<T extends KubeObject>(input: ResourceInput<T>): ResourceDefinition<T> {
  return {
    singular: input.kind.toLowerCase(),
    listKind: `${input.kind}List`,
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    schema: input.kind,
    columns: DEFAULT_COLUMNS,
    subresources: {},
    hooks: {},
    fieldSelectors: {},
    indexes: {},
    persistence: 'durable',
    nameRule: 'subdomain',
    generation: false,
    countedMetadata: [],
    behaviour: 'complete',
    statusMetadata: ['annotations', 'finalizers', 'labels', 'ownerReferences'],
    keepsStatusAtCreation: false,
    orphansByDefault: false,
    gracefulDeletion: false,
    returnsDeleted: false,
    ...input,
  };
}

/** `v1` or `apps/v1`. */
export const apiVersionOf = (r: { group: string; version: string }): string => (r.group ? `${r.group}/${r.version}` : r.version);

/** `pods` or `deployments.apps`: names that are unique over all groups. */
export const resourceId = (r: { group: string; plural: string }): string => (r.group ? `${r.plural}.${r.group}` : r.plural);
