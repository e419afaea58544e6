import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import { isNotFound, notFound } from '../../api/meta/status.ts';
import type { ApiRequest, DeleteOptions } from '../../api/transport.ts';
import { isStoreConflict, isStoreNotFound } from '../../store/store.ts';
import type { Cached } from '../../store/watch-cache/collection.ts';
import type { RequestContext } from '../ports.ts';
import { type Answer, success } from './answer.ts';
import type { Draft } from './body.ts';
import { copyJson } from './copy.ts';
import { deleteOptions } from './delete-options.ts';
import { isNamespace, planDelete } from './delete-plan.ts';
import type { RegistryDeps } from './deps.ts';
import { modified } from './errors.ts';
import { collectAll, list } from './list.ts';
import { checkListOptions } from './list-options.ts';
import { checkPreconditions } from './preconditions.ts';
import { keyOf, type Resource } from './resources.ts';
import { hookContext } from './strategy.ts';

const TRIES = 10;
/** Deletions of one deletecollection that run at the same time. */
const PARALLEL_DELETIONS = 32;

/**
 * DELETE of one object, in its turn unless webhooks are asked: removes it, or marks it when a grace period or finalizers hold it. `admitted`: the plugins have seen what was
 * asked for already (an Eviction). `collected`: it goes with others, and the plugins are told of the collection, not of its name (AdmissionToValidateObjectDeleteFunc in delete.go).
 */
export async function remove(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  { admitted = false, collected = false }: { admitted?: boolean; collected?: boolean } = {},
): Promise<Answer> {
  const key = keyOf(resource, request.namespace, request.name ?? '');
  const work = () => removeUntilStored(deps, resource, request, context, { key, admitted, collected });
  return !admitted && deps.admission.callsOut('DELETE', request) ? work() : deps.turns.take(key, work);
}

async function removeUntilStored(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  { key, admitted, collected }: { readonly key: string; readonly admitted: boolean; readonly collected: boolean },
): Promise<Answer> {
  const options = deleteOptions(request);
  const { definition, collection } = resource;
  if (definition.orphansByDefault && options.propagationPolicy === undefined && options.orphanDependents === undefined) {
    if (definition.hooks.orphaningWarning) context.warn(definition.hooks.orphaningWarning);
  }
  const { name = '' } = request;
  for (let tries = 1; ; tries += 1) {
    const stored = collection.get(key);
    if (!stored) throw notFound(definition, name);
    checkPreconditions(definition, { metadata: stored.object.metadata, resourceVersion: String(stored.revision) }, options.preconditions);
    try {
      return await removeOnce(deps, resource, request, context, { stored, options, admitted, collected });
    } catch (error) {
      if (isStoreNotFound(error)) throw notFound(definition, name);
      if (!isStoreConflict(error)) throw error;
      if (options.preconditions?.resourceVersion !== undefined || tries === TRIES) throw modified(definition, name);
    }
  }
}

interface Target {
  readonly stored: Cached<KubeObject>;
  readonly options: DeleteOptions;
  readonly admitted: boolean;
  readonly collected: boolean;
}

async function removeOnce(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  { stored, options, admitted, collected }: Target,
): Promise<Answer> {
  const { definition, collection } = resource;
  await resource.prepare?.([stored]);
  const old = resource.view(stored).object;
  const asked = collected ? { ...request, name: undefined } : request;
  const admission = { operation: 'DELETE', request: asked, object: undefined, old, context } as const;
  if (!admitted) {
    await deps.admission.mutate(admission);
    await deps.admission.validate(admission);
  }
  const begun = beginning(deps, definition, context, stored.object);
  const plan = planDelete(begun, definition, options, deps.clock.now());
  const accepted = plan.do !== 'remove' && options.orphanDependents === false;
  if (plan.do === 'nothing') return { kind: 'item', definition, item: resource.view(stored), accepted };
  const dryRun = request.options?.dryRun || options.dryRun?.includes('All');
  const marked = plan.metadata && markedObject(begun, plan.metadata);
  if (dryRun && marked) {
    return { kind: 'object', object: { ...marked, metadata: { ...marked.metadata, resourceVersion: String(stored.revision) } }, accepted };
  }
  // A pod that goes at once is marked first all the same: watchers hear of both. The disk need not: the deletion that follows is durable before it is answered.
  const persistence = plan.do === 'remove' ? { persistence: 'write-behind' as const } : {};
  const item = marked ? await collection.put(stored.key, marked, { expected: stored.revision, ...persistence }) : stored;
  if (plan.do === 'mark') {
    await resource.prepare?.([item]);
    return { kind: 'item', definition, item: resource.view(item), accepted };
  }
  const last = dryRun ? stored : await collection.delete(item.key, { expected: item.revision });
  if (!dryRun) await deps.allocators[resourceId(definition)]?.removed(last.object);
  // Upstream documents a Status for namespaces all the same.
  if (definition.returnsDeleted || isNamespace(last.object)) return { kind: 'item', definition, item: resource.view(last) };
  const { name, uid } = last.object.metadata ?? {};
  const status = success({ name, ...(definition.group && { group: definition.group }), kind: definition.plural, uid });
  return { kind: 'status', status };
}

/** What a kind changes of itself when its deletion begins. */
function beginning(deps: RegistryDeps, definition: ResourceDefinition, context: RequestContext, object: KubeObject): KubeObject {
  const { prepareForDelete } = definition.hooks;
  if (!prepareForDelete || object.metadata?.deletionTimestamp) return object;
  const draft = copyJson(object) as Draft;
  prepareForDelete(draft, hookContext({ deps, definition, context, subresource: '' }));
  return draft;
}

/** A namespace also says in its phase that it is on its way out. */
function markedObject(object: KubeObject, { resourceVersion: _, ...metadata }: ObjectMeta): KubeObject {
  const marked = { ...object, metadata } as KubeObject & { status?: object };
  if (isNamespace(object)) marked.status = { ...marked.status, phase: 'Terminating' } as object;
  return marked;
}

/** DELETE of every object that the selectors match, or of one page of them. Answers with the list of what was deleted. */
export async function removeCollection(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
): Promise<Answer> {
  const { definition } = resource;
  checkListOptions(request.options ?? {}, 'list');
  deleteOptions(request);
  const { limit, continue: token, resourceVersion } = request.options ?? {};
  const page = limit || token || resourceVersion ? await list(resource, request, context, deps.clock) : undefined;
  const items = page?.items ?? (await collectAll(resource, request));
  const queue = items.values();
  const worker = async () => {
    for (const { object } of queue) {
      const { name, namespace } = object.metadata ?? {};
      try {
        await remove(deps, resource, { ...request, name, namespace }, context, { collected: true });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_DELETIONS, items.length) }, worker));
  return page ?? { kind: 'list', definition, items, revision: resource.collection.revision };
}
