import { type ResourceDefinition, resourceId } from '../api/define.ts';
import { fullRegistry as registry } from '../api/index.ts';
import { type KubeList, type KubeObject, objectKey } from '../api/meta/object.ts';
import { parseFieldSelector, parseLabelSelector } from '../api/meta/selectors.ts';
import { ApiError, notFound, qualifiedResource, type Status } from '../api/meta/status.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from '../api/patch/index.ts';
import type { CertificateSigningRequest, Pod } from '../api/schema/generated/types.ts';
import type { ApiRequest, DeleteOptions, Transport } from '../api/transport.ts';
import { type Clock, rfc3339 } from '../base/clock.ts';
import { type Client, createClient } from './client.ts';
import { FakeHistory } from './fake-history.ts';
import { fakeScaleOf, withFakeScale } from './fake-scale.ts';

/**
 * An API server in memory for tests: resourceVersions and conflicts, generations, the status and scale subresources, finalizers, graceful deletion of
 * bound pods, selectors, patches, binding, watches. No admission, no validation, no authorization, no garbage collection.
 */
export interface FakeCluster extends Transport {
  readonly client: Client;
  readonly history: FakeHistory;
  /** Every write that was asked for, in order: `create pods default/a`. */
  readonly writes: readonly string[];
  /** Called before each request; throw ApiError to make it fail. */
  intercept: (request: ApiRequest) => void | Promise<void>;
  /** The next write is carried out, and answered with a time-out. */
  loseAnswer: boolean;
  /** Puts an object there as it is (with status), around the API's rules. */
  seed<T extends KubeObject>(resource: ResourceDefinition<T>, object: T): T;
  all<T extends KubeObject>(resource: ResourceDefinition<T>): readonly T[];
  find<T extends KubeObject>(resource: ResourceDefinition<T>, key: string): T | undefined;
  readonly revision: number;
}

export function fakeCluster({ clock }: { clock: Clock }): FakeCluster {
  return new Fake(clock);
}

type Draft = KubeObject & { metadata: NonNullable<KubeObject['metadata']>; spec?: unknown; status?: unknown };

class Fake implements FakeCluster {
  readonly client: Client = createClient(this);
  readonly history = new FakeHistory();
  readonly writes: string[] = [];
  intercept: (request: ApiRequest) => void | Promise<void> = () => {};
  loseAnswer = false;
  readonly #clock: Clock;
  readonly #collections = new Map<string, Map<string, KubeObject>>();
  #revision = 0;
  #names = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get revision(): number {
    return this.#revision;
  }

  all<T extends KubeObject>(resource: ResourceDefinition<T>): readonly T[] {
    return [...this.#objects(resource).values()] as T[];
  }
  find<T extends KubeObject>(resource: ResourceDefinition<T>, key: string): T | undefined {
    return this.#objects(resource).get(key) as T | undefined;
  }
  seed<T extends KubeObject>(resource: ResourceDefinition<T>, object: T): T {
    const draft = this.#withIdentity(resource as never, object);
    draft.metadata.creationTimestamp = object.metadata?.creationTimestamp ?? draft.metadata.creationTimestamp;
    return this.#store(resource as never, draft) as T;
  }

  async request(request: ApiRequest): Promise<KubeObject | KubeList | Status> {
    const isLost = this.loseAnswer && request.verb !== 'get' && request.verb !== 'list';
    const answer = await this.#answer(request);
    if (!isLost) return answer;
    this.loseAnswer = false;
    throw new ApiError('Timeout', 'request did not complete within the allotted timeout');
  }

  async #answer(request: ApiRequest): Promise<KubeObject | KubeList | Status> {
    const resource = definitionOf(request);
    const key = request.namespace ? `${request.namespace}/${request.name}` : (request.name ?? '');
    if (request.verb !== 'get' && request.verb !== 'list') {
      const name = request.name ?? (request.body as KubeObject | undefined)?.metadata?.name ?? '*';
      const path = request.subresource ? `${resourceId(resource)}/${request.subresource}` : resourceId(resource);
      this.writes.push(`${request.verb} ${path} ${request.namespace ? `${request.namespace}/` : ''}${name}`);
    }
    await this.intercept(request);
    switch (request.verb) {
      case 'get':
        return request.subresource === 'scale' ? fakeScaleOf(resource, this.#live(resource, key)) : this.#live(resource, key);
      case 'list':
        return this.#list(resource, request);
      case 'create':
        return request.subresource ? this.#createSubresource(resource, key, request) : this.#create(resource, request);
      case 'update':
        if (request.subresource === 'scale') return this.#scale(resource, this.#live(resource, key), request.body as KubeObject);
        return this.#write(resource, this.#live(resource, key), request.body as KubeObject, request.subresource);
      case 'patch':
        return this.#patch(resource, this.#live(resource, key), request);
      case 'delete':
        return this.#delete(resource, this.#live(resource, key), (request.body ?? {}) as DeleteOptions);
      case 'deletecollection':
        for (const object of this.#matching(resource, request)) this.#delete(resource, object, (request.body ?? {}) as DeleteOptions);
        return success();
      case 'watch':
        throw new ApiError('BadRequest', 'use watch');
      case '':
        throw new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
    }
  }

  async *watch(request: ApiRequest, { signal }: { signal: AbortSignal }) {
    const resource = definitionOf(request);
    await this.intercept(request);
    const from = Number(request.options?.resourceVersion ?? this.#revision);
    yield* this.history.watch(resourceId(resource), { from, matches: matcherOf(resource, request), signal });
  }

  #objects(resource: Pick<ResourceDefinition, 'group' | 'plural'>): Map<string, KubeObject> {
    const id = resourceId(resource);
    let objects = this.#collections.get(id);
    if (!objects) {
      objects = new Map();
      this.#collections.set(id, objects);
    }
    return objects;
  }

  #live(resource: ResourceDefinition, key: string): KubeObject {
    const object = this.#objects(resource).get(key);
    if (!object) throw notFound(resource, key.slice(key.indexOf('/') + 1));
    return object;
  }

  #matching(resource: ResourceDefinition, request: ApiRequest): KubeObject[] {
    const matches = matcherOf(resource, request);
    return [...this.#objects(resource).values()].filter(matches);
  }

  #list(resource: ResourceDefinition, request: ApiRequest): KubeList {
    return {
      apiVersion: resource.group ? `${resource.group}/${resource.version}` : resource.version,
      kind: resource.listKind,
      metadata: { resourceVersion: String(this.#revision) },
      items: this.#matching(resource, request),
    };
  }

  #withIdentity(resource: ResourceDefinition, object: KubeObject): Draft {
    const draft = structuredClone(object) as Draft;
    const { generateName } = draft.metadata ?? {};
    this.#names += 1;
    draft.apiVersion = resource.group ? `${resource.group}/${resource.version}` : resource.version;
    draft.kind = resource.kind;
    draft.metadata = {
      ...draft.metadata,
      name: draft.metadata?.name ?? `${generateName}${String(this.#names).padStart(5, '0')}`,
      uid: draft.metadata?.uid ?? `uid-${this.#names}`,
      creationTimestamp: rfc3339(this.#clock.now()),
      ...(resource.generation && { generation: draft.metadata?.generation ?? 1 }),
    };
    return draft;
  }

  #create(resource: ResourceDefinition, request: ApiRequest): KubeObject {
    const given = request.body as KubeObject;
    const { uid: _, ...metadata } = given.metadata ?? {};
    const draft = this.#withIdentity(resource, { ...given, metadata });
    if (resource.scope === 'Namespaced') draft.metadata.namespace = request.namespace ?? given.metadata?.namespace;
    if ('status' in resource.subresources) delete draft.status;
    if (this.#objects(resource).has(objectKey(draft))) {
      const { name } = draft.metadata;
      const message = `${qualifiedResource(resource.plural, resource.group)} "${name}" already exists`;
      throw new ApiError('AlreadyExists', message, { details: { name, kind: resource.plural } });
    }
    resource.hooks.defaults?.(draft);
    return this.#store(resource, draft);
  }

  #createSubresource(resource: ResourceDefinition, key: string, request: ApiRequest): Status {
    if (request.subresource !== 'binding') throw new ApiError('NotImplemented', `the fake has no subresource ${request.subresource}`);
    const pod = structuredClone(this.#live(resource, key)) as Pod;
    const target = (request.body as { target: { name: string } }).target.name;
    if (pod.spec?.nodeName) throw new ApiError('Conflict', `pod ${key} is already assigned to node "${pod.spec.nodeName}"`);
    if (pod.spec) pod.spec.nodeName = target;
    this.#store(resource, pod as Draft);
    return success();
  }

  #scale(resource: ResourceDefinition, old: KubeObject, scale: KubeObject): KubeObject {
    return fakeScaleOf(resource, this.#write(resource, old, withFakeScale(resource, old, scale), undefined));
  }

  #patch(resource: ResourceDefinition, old: KubeObject, request: ApiRequest): KubeObject {
    const patched = () => {
      switch (request.patchType) {
        case 'json':
          return jsonPatch(old, request.body);
        case 'merge':
          return mergePatch(old, request.body);
        case 'strategic':
          return strategicMergePatch(old, request.body, resource.schema);
        default:
          throw new ApiError('UnsupportedMediaType', `the fake has no ${request.patchType} patch`);
      }
    };
    return this.#write(resource, old, patched(), request.subresource);
  }

  /** An update as the registry sees it: status and the rest are apart; the last finalizer of a deleted object removes it. */
  #write(resource: ResourceDefinition, old: KubeObject, sent: KubeObject, subresource: string | undefined): KubeObject {
    const before = old as Draft;
    const { resourceVersion: version, uid } = sent.metadata ?? {};
    if (uid && uid !== before.metadata.uid) throw new ApiError('Conflict', 'Precondition failed: UID');
    if (version && version !== before.metadata.resourceVersion) {
      const message = `Operation cannot be fulfilled on ${qualifiedResource(resource.plural, resource.group)} "${before.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`;
      throw new ApiError('Conflict', message);
    }
    const draft = merge(resource, before, structuredClone(sent) as Draft, subresource);
    if (JSON.stringify(draft) === JSON.stringify(before)) return old;
    if (resource.generation && !subresource && JSON.stringify(draft.spec) !== JSON.stringify(before.spec)) {
      draft.metadata.generation = (before.metadata.generation ?? 0) + 1;
    }
    if (draft.metadata.deletionTimestamp && isFinal(resource, draft)) return this.#remove(resource, draft);
    return this.#store(resource, draft);
  }

  #delete(resource: ResourceDefinition, object: KubeObject, options: DeleteOptions): KubeObject | Status {
    const draft = structuredClone(object) as Draft;
    const { preconditions, propagationPolicy } = options;
    if (preconditions?.uid && preconditions.uid !== draft.metadata.uid) throw new ApiError('Conflict', 'Precondition failed: UID');
    if (preconditions?.resourceVersion && preconditions.resourceVersion !== draft.metadata.resourceVersion) {
      throw new ApiError('Conflict', 'Precondition failed: ResourceVersion');
    }
    const finalizer = { Orphan: 'orphan', Foreground: 'foregroundDeletion', Background: undefined }[propagationPolicy ?? 'Background'];
    if (finalizer) draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), finalizer])];
    const isGraceful = resource.gracefulDeletion && (draft as Pod).spec?.nodeName !== undefined && options.gracePeriodSeconds !== 0;
    if (resource.gracefulDeletion && !isGraceful) draft.metadata.deletionGracePeriodSeconds = 0;
    if (!isGraceful && isFinal(resource, draft)) {
      this.#remove(resource, draft);
      return { ...success(), details: { name: draft.metadata.name, uid: draft.metadata.uid, kind: resource.plural } };
    }
    draft.metadata.deletionTimestamp ??= rfc3339(this.#clock.now());
    if (resource.gracefulDeletion) draft.metadata.deletionGracePeriodSeconds = isGraceful ? (options.gracePeriodSeconds ?? 30) : 0;
    if (resource.kind === 'Namespace') draft.status = { ...(draft.status as object), phase: 'Terminating' };
    // Asking again changes nothing, and tells no watcher.
    if (JSON.stringify(draft) === JSON.stringify(object)) return object;
    return this.#store(resource, draft);
  }

  #store(resource: ResourceDefinition, draft: Draft): KubeObject {
    const key = objectKey(draft);
    const previous = this.#objects(resource).get(key);
    this.#revision += 1;
    draft.metadata.resourceVersion = String(this.#revision);
    const object = deepFreeze(draft);
    this.#objects(resource).set(key, object);
    this.history.record({
      revision: this.#revision,
      id: resourceId(resource),
      type: previous ? 'MODIFIED' : 'ADDED',
      object,
      previous,
    });
    return object;
  }

  #remove(resource: ResourceDefinition, draft: Draft): KubeObject {
    const key = objectKey(draft);
    const previous = this.#objects(resource).get(key);
    this.#objects(resource).delete(key);
    this.#revision += 1;
    draft.metadata.resourceVersion = String(this.#revision);
    const object = deepFreeze(draft);
    this.history.record({ revision: this.#revision, id: resourceId(resource), type: 'DELETED', object, previous });
    return object;
  }
}

const success = (): Status => ({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Success', code: 200 });

function definitionOf(request: ApiRequest): ResourceDefinition {
  const found = registry.find(request.group, request.version, request.resource);
  if (!found) throw new ApiError('NotFound', 'the server could not find the requested resource');
  return found;
}

function matcherOf(resource: ResourceDefinition, { namespace, name, options = {} }: ApiRequest): (object: KubeObject) => boolean {
  const labels = options.labelSelector ? parseLabelSelector(options.labelSelector) : () => true;
  const fields = options.fieldSelector ? parseFieldSelector(options.fieldSelector) : [];
  const fieldOf = (object: KubeObject, field: string) => {
    if (field === 'metadata.name') return object.metadata?.name ?? '';
    if (field === 'metadata.namespace') return object.metadata?.namespace ?? '';
    return resource.fieldSelectors[field]?.(object) ?? '';
  };
  return (object) =>
    (!namespace || object.metadata?.namespace === namespace) &&
    (!name || object.metadata?.name === name) &&
    labels(object.metadata?.labels) &&
    fields.every(({ field, op, value }) => (fieldOf(object, field) === value) === (op === '='));
}

/** Nothing keeps the object any more: no finalizers, and for namespaces no spec.finalizers. */
function isFinal(resource: ResourceDefinition, draft: Draft): boolean {
  const inSpec = resource.kind === 'Namespace' ? ((draft.spec as { finalizers?: string[] } | undefined)?.finalizers ?? []) : [];
  const stillRuns = resource.gracefulDeletion && (draft.metadata.deletionGracePeriodSeconds ?? 0) > 0;
  return (draft.metadata.finalizers ?? []).length === 0 && inSpec.length === 0 && !stillRuns;
}

function merge(resource: ResourceDefinition, before: Draft, sent: Draft, subresource: string | undefined): Draft {
  const { metadata } = before;
  if (subresource === 'approval') {
    const { conditions } = (sent as CertificateSigningRequest).status ?? {};
    return { ...structuredClone(before), status: { ...(before.status as object), conditions } } as Draft;
  }
  if (subresource === 'finalize') return { ...structuredClone(before), spec: sent.spec };
  if (subresource) {
    const changed = Object.fromEntries(resource.statusMetadata.map((field) => [field, sent.metadata?.[field]]));
    return { ...structuredClone(before), metadata: { ...structuredClone(metadata), ...changed }, status: sent.status };
  }
  return {
    ...sent,
    apiVersion: before.apiVersion,
    kind: before.kind,
    ...('status' in resource.subresources && { status: structuredClone(before.status) }),
    metadata: {
      ...sent.metadata,
      name: metadata.name,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
      ...(metadata.generation && { generation: metadata.generation }),
      ...(metadata.deletionTimestamp && { deletionTimestamp: metadata.deletionTimestamp }),
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
