import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import { type KubeObject, type OwnerReference, objectKey, splitKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Controller, ControllerContext, LiveKinds, ReconcileRequest } from '../../client/controller.ts';
import { deletesDependents, type OwnerState, orphansDependents, planCollection } from './collection-plan.ts';

/** All owners of an object, not the controlling one alone. */
const OWNERS_INDEX = 'ownerUids';
const ownerUids = (object: KubeObject): readonly string[] => (object.metadata?.ownerReferences ?? []).map((o) => o.uid);

/** Resource and object in one key: owners and dependents are of every kind. */
const keyOf = (resource: ResourceDefinition, object: KubeObject) => `${resourceId(resource)}|${objectKey(object)}`;

/**
 * Deletes what lost its owners, and carries out foreground and orphaning deletions. The graph of owners is the informers' own: an index of
 * every kind by owner uid.
 */
export function garbageCollector({ resources, custom }: { resources: readonly ResourceDefinition[]; custom?: LiveKinds }): Controller {
  const collected = resources.filter(isCollectable);
  const graph = new OwnerGraph(collected, () => custom?.current() ?? []);
  return {
    name: 'garbage-collector',
    reads: [],
    readsOutlines: collected.map(resourceId),
    writes: ['*'],
    workers: 20,
    indexes: Object.fromEntries([...collected.map(resourceId), '*'].map((id) => [id, { [OWNERS_INDEX]: ownerUids }])),
    ...(custom && { readsLive: custom, enqueueLive: (resource, object, context) => graph.concerned(resource, object, context) }),
    enqueue: Object.fromEntries(
      collected.map((resource) => [resourceId(resource), (object, context) => graph.concerned(resource, object, context)]),
    ),
    reconcile: (request) => collect(graph, request),
  };
}

/** Each stored kind once. Events have no dependents and expire by themselves. */
const isCollectable = (r: ResourceDefinition) =>
  !r.storedAs &&
  r.persistence !== 'none' &&
  r.kind !== 'Event' &&
  ['list', 'watch', 'delete'].every((verb) => r.verbs.includes(verb as 'list'));

class OwnerGraph {
  readonly #builtIn: readonly ResourceDefinition[];
  readonly #custom: () => readonly ResourceDefinition[];
  readonly #byId: ReadonlyMap<string, ResourceDefinition>;
  readonly #byKind: ReadonlyMap<string, ResourceDefinition>;

  constructor(builtIn: readonly ResourceDefinition[], custom: () => readonly ResourceDefinition[]) {
    this.#builtIn = builtIn;
    this.#custom = custom;
    this.#byId = new Map(builtIn.map((r) => [resourceId(r), r]));
    this.#byKind = new Map(builtIn.map((r) => [`${r.group}/${r.kind}`, r]));
  }

  resource(id: string): ResourceDefinition | undefined {
    return this.#byId.get(id) ?? this.#custom().find((r) => resourceId(r) === id);
  }

  /** The kind that a reference names, in whatever version. */
  ownerResource({ apiVersion, kind }: OwnerReference): ResourceDefinition | undefined {
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    return this.#byKind.get(`${group}/${kind}`) ?? this.#custom().find((r) => r.group === group && r.kind === kind);
  }

  dependents(uid: string, { informer }: ControllerContext): { resource: ResourceDefinition; object: KubeObject }[] {
    return [...this.#builtIn, ...this.#custom()].flatMap((resource) =>
      informer(resource)
        .by(OWNERS_INDEX, uid)
        .map((object) => ({ resource, object })),
    );
  }

  /** The owner as the cache has it. `undefined`: not there, or another of its name. */
  cached(
    dependent: KubeObject,
    owner: OwnerReference,
    { informer }: ControllerContext,
  ): { resource: ResourceDefinition; object: KubeObject } | undefined {
    const resource = this.ownerResource(owner);
    if (!resource) return undefined;
    const object = informer(resource).get(resource.scope === 'Namespaced' ? `${dependent.metadata?.namespace}/${owner.name}` : owner.name);
    return object?.metadata?.uid === owner.uid ? { resource, object } : undefined;
  }

  /** Which objects are to be looked at after this one changed or vanished. */
  concerned(resource: ResourceDefinition, object: KubeObject, context: ControllerContext): string[] {
    const { uid = '', ownerReferences = [] } = object.metadata ?? {};
    const isGone = context.informer(resource).get(objectKey(object))?.metadata?.uid !== uid;
    const isHeld = deletesDependents(object) || orphansDependents(object);
    const keys: string[] = [];
    if (!isGone && (isHeld || ownerReferences.length > 0)) keys.push(keyOf(resource, object));
    if (isGone || isHeld) keys.push(...this.dependents(uid, context).map((d) => keyOf(d.resource, d.object)));
    for (const reference of ownerReferences) {
      const owner = this.cached(object, reference, context);
      if (owner && (deletesDependents(owner.object) || orphansDependents(owner.object))) keys.push(keyOf(owner.resource, owner.object));
    }
    return keys;
  }
}

async function collect(graph: OwnerGraph, request: ReconcileRequest): Promise<undefined> {
  const bar = request.key.indexOf('|');
  const resource = graph.resource(request.key.slice(0, bar));
  const object = resource && request.informer(resource).get(request.key.slice(bar + 1));
  if (!resource || !object) return;
  const dependents = () => graph.dependents(object.metadata?.uid ?? '', request);
  const owners = await ownerStates(graph, resource, object, request);
  const plan = planCollection(object, owners, () => dependents().map((d) => d.object));
  switch (plan.do) {
    case 'nothing':
      return;
    case 'remove-finalizer':
      return patchMetadata(resource, object, { finalizers: object.metadata?.finalizers?.filter((f) => f !== plan.finalizer) }, request);
    case 'orphan':
      for (const { resource: kind, object: dependent } of dependents()) {
        await dropOwners(kind, dependent, [object.metadata?.uid ?? ''], request);
      }
      return;
    case 'drop-owners':
      return dropOwners(resource, object, plan.uids, request);
    case 'delete':
      return remove(resource, object, plan, request);
  }
}

/** The cache may be behind: an owner counts as absent only when the server says so. */
async function ownerStates(
  graph: OwnerGraph,
  resource: ResourceDefinition,
  object: KubeObject,
  request: ReconcileRequest,
): Promise<ReadonlyMap<string, OwnerState>> {
  const states = new Map<string, OwnerState>();
  if (object.metadata?.deletionTimestamp) return states;
  for (const owner of object.metadata?.ownerReferences ?? []) {
    const cached = graph.cached(object, owner, request);
    if (cached) states.set(owner.uid, deletesDependents(cached.object) ? 'waiting' : 'present');
    else states.set(owner.uid, await askServer(graph, resource, object, owner, request));
  }
  return states;
}

async function askServer(
  graph: OwnerGraph,
  resource: ResourceDefinition,
  object: KubeObject,
  owner: OwnerReference,
  { client, event, informer, signal }: ReconcileRequest,
): Promise<OwnerState> {
  const kind = graph.ownerResource(owner);
  if (!kind) return 'unknown';
  const { namespace = '' } = object.metadata ?? {};
  const isElsewhere = () => {
    const reference = `[${owner.apiVersion}/${owner.kind}, namespace: ${namespace}, name: ${owner.name}, uid: ${owner.uid}]`;
    event(object, 'Warning', 'OwnerRefInvalidNamespace', `ownerRef ${reference} does not exist in namespace "${namespace}"`);
  };
  if (kind.scope === 'Namespaced' && resource.scope === 'Cluster') {
    isElsewhere();
    return 'unknown';
  }
  try {
    const live = await client.get(kind, owner.name, { ...(kind.scope === 'Namespaced' && { namespace }), signal });
    if (live.metadata?.uid === owner.uid) return deletesDependents(live) ? 'waiting' : 'present';
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  // An owner counts in its own namespace alone; whoever wrote such a reference should hear why the object goes.
  if (
    kind.scope === 'Namespaced' &&
    informer(kind)
      .list()
      .some(({ metadata }) => metadata?.uid === owner.uid)
  )
    isElsewhere();
  return 'absent';
}

async function dropOwners(
  resource: ResourceDefinition,
  object: KubeObject,
  uids: readonly string[],
  request: ReconcileRequest,
): Promise<undefined> {
  const ownerReferences = object.metadata?.ownerReferences?.filter((o) => !uids.includes(o.uid));
  await patchMetadata(resource, object, { ownerReferences }, request);
}

/** Lists are replaced as a whole, so the patch holds only for the version that it was made from. */
async function patchMetadata(
  resource: ResourceDefinition,
  object: KubeObject,
  metadata: Pick<NonNullable<KubeObject['metadata']>, 'finalizers' | 'ownerReferences'>,
  { client, signal }: ReconcileRequest,
): Promise<undefined> {
  const { namespace, name = '', uid, resourceVersion } = object.metadata ?? {};
  const body = { metadata: { uid, resourceVersion, ...metadata } };
  await client.patch(resource, name, 'merge', body, { ...(namespace && { namespace }), signal }).catch(ignoreNotFound);
}

async function remove(
  resource: ResourceDefinition,
  object: KubeObject,
  { policy, unblock }: { policy: 'Background' | 'Foreground' | 'Orphan'; unblock: boolean },
  request: ReconcileRequest,
): Promise<undefined> {
  const { namespace, name } = splitKey(objectKey(object));
  const { uid, resourceVersion, ownerReferences } = object.metadata ?? {};
  if (unblock) {
    // The next run deletes it: this patch changes the version.
    const isBlocking = ownerReferences?.some((o) => o.blockOwnerDeletion);
    const unblocked = ownerReferences?.map((o) => ({ ...o, blockOwnerDeletion: false }));
    if (isBlocking) return patchMetadata(resource, object, { ownerReferences: unblocked }, request);
  }
  request.log.debug({ resource: resourceId(resource), object: objectKey(object), policy }, 'collecting object without owners');
  await request.client
    .delete(resource, name, {
      ...(namespace && { namespace }),
      delete: { propagationPolicy: policy, preconditions: { uid, resourceVersion } },
      signal: request.signal,
    })
    .catch(ignoreNotFound);
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
