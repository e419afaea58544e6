import { resourceId } from '../../api/define.ts';
import { equalJson } from '../../api/meta/equal-json.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { notFound } from '../../api/meta/status.ts';
import { equalButForTimes } from '../../api/patch/apply/index.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { isStoreConflict, isStoreNotFound } from '../../store/store.ts';
import type { Cached } from '../../store/watch-cache/collection.ts';
import { deepFreeze } from '../../store/watch-cache/frozen.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from './answer.ts';
import type { Draft } from './body.ts';
import { copyObject } from './copy.ts';
import { endsWithUpdate } from './delete-plan.ts';
import type { RegistryDeps } from './deps.ts';
import { conflict, modified } from './errors.ts';
import { mutate, noteOwnership } from './field-ownership.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { put } from './put.ts';
import { keyOf, type Resource } from './resources.ts';
import { outsideFindings, prepareForUpdate, type Strategy, setDefaults, settleUpdate, validateChanged } from './strategy.ts';
import { readVersion, versionWanted, wantsVersion } from './versions.ts';

/** Tries of a change that does not insist on the state that it was made on, when others write in between. */
const UNCONDITIONAL_TRIES = 10;
/** The same for changes outside turns: each loses to every other one that ends while its webhooks think. */
const TRIES_OUTSIDE_TURNS = 100;

export interface Change {
  readonly resource: Resource;
  readonly request: ApiRequest;
  readonly context: RequestContext;
  readonly name: string;
  /** Which strategy applies: '' the object itself, `status`, or another subresource. */
  readonly subresource: string;
  /** Makes the new state from the one before, which is frozen: copy it. Called again after a lost race. */
  readonly make: (old: KubeObject) => Draft | Promise<Draft>;
  /**
   * Who owns the fields afterwards: worked out from what changes (absent); by `make`, which noted it in the draft; or as before, for what the
   * server does on behalf of nobody (upstream's bindings and evictions).
   */
  readonly ownership?: 'made' | 'kept';
  /** How the admission plugins see the change; the object itself when absent. */
  readonly admitAs?: (draft: Draft, old: KubeObject) => { object: KubeObject; old: KubeObject };
  /** Brings what admission made of that other object back into the draft. */
  readonly takeBack?: (object: KubeObject, draft: Draft) => void;
  /** The plugins have seen what was asked for already (a Binding, an Eviction): what comes of it is not theirs. */
  readonly admitted?: boolean;
}

/**
 * Reads, changes and writes one object, in its turn; again when somebody else wrote in between and the change does not mind. A change whose
 * admission waits for webhooks takes no turn: it would hold up the others, and a webhook that writes the same object would wait for itself.
 */
export async function changeObject(deps: RegistryDeps, change: Change): Promise<Answer> {
  const { resource, request, name } = change;
  const key = keyOf(resource, request.namespace, name);
  if (!change.admitted && deps.admission.callsOut('UPDATE', request)) return changeUntilStored(deps, change, key, TRIES_OUTSIDE_TURNS);
  return deps.turns.take(key, () => changeUntilStored(deps, change, key, UNCONDITIONAL_TRIES));
}

/** In its turn a change races only with writers outside turns and outside this registry. */
async function changeUntilStored(deps: RegistryDeps, change: Change, key: string, maxTries: number): Promise<Answer> {
  const { resource, name } = change;
  for (let tries = 1; ; tries += 1) {
    const stored = resource.collection.get(key);
    if (!stored) throw notFound(resource.definition, name);
    await resource.prepare?.([stored]);
    const old = stateBefore(deps, resource, stored);
    const draft = await change.make(old);
    const unconditional = checkPreconditions(resource, change, draft, stored);
    try {
      return await writeChange(deps, change, { stored, old, draft });
    } catch (error) {
      if (isStoreNotFound(error)) throw notFound(resource.definition, name);
      if (!isStoreConflict(error)) throw error;
      if (!unconditional || tries === maxTries) throw modified(resource.definition, name);
    }
  }
}

/**
 * What the change is made on and compared with. An earlier version of the server stored zeros that say nothing: kept here, they would look as if the
 * change took them away, which validation forbids for much of a pod.
 */
function stateBefore({ schemas }: RegistryDeps, { definition, loadedRevision, view }: Resource, stored: Cached<KubeObject>): KubeObject {
  const { object } = view(stored);
  if (stored.revision > loadedRevision) return object;
  const settled = copyObject(object);
  schemas.prune(settled, definition.schema);
  return deepFreeze(settled);
}

/**
 * resourceVersion and uid in the draft are preconditions, but for the uid of a patch, which changes it in vain (rest.DefaultUpdatedObjectInfo has no object to take it from).
 * True when there is no resourceVersion, or 0, which is none: then a lost race is tried again.
 */
function checkPreconditions({ definition }: Resource, { request }: Change, { metadata }: Draft, stored: Cached<KubeObject>): boolean {
  const { uid, resourceVersion, name = '' } = metadata;
  const old = stored.object.metadata ?? {};
  if (uid && uid !== old.uid && request.verb !== 'patch') {
    throw conflict(definition, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.uid}`);
  }
  const version = readVersion(resourceVersion);
  if (version === 0 && resourceVersion && wantsVersion(definition)) throw versionWanted(definition, name);
  if (version > 0 && version !== stored.revision) throw modified(definition, name);
  return version === 0;
}

interface States {
  readonly stored: Cached<KubeObject>;
  readonly old: KubeObject;
  readonly draft: Draft;
}

async function writeChange(deps: RegistryDeps, change: Change, { stored, old, draft }: States): Promise<Answer> {
  const { resource, request, context, subresource } = change;
  const { definition } = resource;
  const strategy: Strategy = { deps, definition, context, subresource };
  const admission = change.admitted
    ? undefined
    : ({ operation: 'UPDATE', request, context, object: draft, old, ...change.admitAs?.(draft, old) } as const);
  setDefaults(strategy, draft);
  if (request.verb === 'update') dropRepeatedOwners(draft, context, 'sent');
  const noting = change.ownership ? undefined : noteOwnership({ deps, definition, request, context, subresource }, draft, old);
  if (noting) await noting;
  if (admission) {
    await mutate(deps, admission, draft);
    change.takeBack?.(admission.object, draft);
  }
  dropRepeatedOwners(draft, context, 'admitted');
  // What an update of the status takes over from the old state of a custom resource gets none.
  if (definition.structural) setDefaults(strategy, draft);
  prepareForUpdate(strategy, draft, old);
  if (!definition.structural) setDefaults(strategy, draft);
  const claim =
    subresource === 'status' ? undefined : deps.allocators[resourceId(definition)]?.claim(draft, old, request.options?.dryRun === true);
  settleUpdate(strategy, draft, old);
  try {
    const outside = outsideFindings(strategy, request, draft, old);
    validateChanged(strategy, draft, old, outside instanceof Promise ? await outside : outside);
    if (admission) await deps.admission.validate(admission);
    if (!request.options?.dryRun) await claim?.secure();
    const answer = await store(deps, change, stored, draft);
    if (request.options?.dryRun || endsWithUpdate(draft)) await claim?.release();
    else await claim?.commit();
    return answer;
  } catch (error) {
    await claim?.release();
    throw error;
  } finally {
    if (admission) deps.admission.settled(admission);
  }
}

async function store(deps: RegistryDeps, { resource, request }: Change, stored: Cached<KubeObject>, draft: Draft): Promise<Answer> {
  const { definition, collection } = resource;
  const dryRun = request.options?.dryRun ?? false;
  draft.metadata.resourceVersion = String(stored.revision);
  const kept = resource.toStored(draft);
  const state = kept instanceof Promise ? await kept : kept;
  const ends = endsWithUpdate(draft);
  if (!ends && !stored.stale && isUnchanged(state, stored.object)) return { kind: 'item', definition, item: resource.view(stored) };
  if (dryRun) return { kind: 'object', object: draft };
  if (ends) {
    // Watchers see what was stored, with its finalizers; who took off the last of them sees what came of that.
    const last = await collection.delete(stored.key, { expected: stored.revision });
    await deps.allocators[resourceId(definition)]?.removed(last.object);
    return { kind: 'object', object: draft };
  }
  delete draft.metadata.resourceVersion;
  if (state.metadata) delete state.metadata.resourceVersion;
  const item = await put(collection, request, { key: stored.key, state, expected: stored.revision });
  await resource.prepare?.([item]);
  return { kind: 'item', definition, item: resource.view(item) };
}

/** Nothing changed, or nothing but the times at which managers last wrote: who writes what is there already does not make a new state. */
function isUnchanged(state: KubeObject, stored: KubeObject): boolean {
  const [is, was] = [state.metadata?.managedFields, stored.metadata?.managedFields];
  const same = (a: KubeObject) => equalJson(a, { ...stored, metadata: { ...stored.metadata, managedFields: undefined } });
  return same({ ...state, metadata: { ...state.metadata, managedFields: undefined } }) && equalButForTimes(is ?? [], was ?? [], equalJson);
}
