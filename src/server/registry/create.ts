import { resourceId } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import { safeString } from '../../base/random.ts';
import { isStoreConflict } from '../../store/store.ts';
import type { Cached } from '../../store/watch-cache/collection.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from './answer.ts';
import { type Draft, draftOf, matchNamespace } from './body.ts';
import { copyJson } from './copy.ts';
import type { Claim, RegistryDeps } from './deps.ts';
import { alreadyExists, unknownError } from './errors.ts';
import { mutate, noteOwnership } from './field-ownership.ts';
import { dropStamp, stampNew } from './metadata.ts';
import { dropRepeatedOwners } from './owner-references.ts';
import { put } from './put.ts';
import { keyOf, type Resource } from './resources.ts';
import { outsideFindings, prepareForCreate, type Strategy, setDefaults, validateNew } from './strategy.ts';

/** Tries with another random suffix when a generated name is taken (KEP-4420). */
const GENERATED_NAME_TRIES = 8;
const GENERATED_SUFFIX_LENGTH = 5;
const LONGEST_GENERATED_BASE = 63 - GENERATED_SUFFIX_LENGTH;

/** POST of a new object. Throws AlreadyExists, Invalid, BadRequest, and what admission throws. */
export async function create(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  /** `made`: the body says who owns its fields. */
  ownership?: 'made',
): Promise<Answer> {
  const { definition } = resource;
  const draft = draftOf(definition, request, context, deps.schemas);
  matchNamespace(draft, definition, request.namespace);
  const { name, generateName } = draft.metadata;
  if (name || !generateName) return createNamed(deps, resource, request, context, { draft, ownership });
  for (let tries = 1; ; tries += 1) {
    const attempt = copyJson(draft);
    attempt.metadata.name = generateName.slice(0, LONGEST_GENERATED_BASE) + safeString(GENERATED_SUFFIX_LENGTH, deps.random);
    try {
      return await createNamed(deps, resource, request, context, { draft: attempt, ownership });
    } catch (error) {
      if (!isAlreadyExists(error) || tries === GENERATED_NAME_TRIES) throw error;
    }
  }
}

async function createNamed(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  { draft, ownership }: { draft: Draft; ownership: 'made' | undefined },
): Promise<Answer> {
  const { definition } = resource;
  const strategy: Strategy = { deps, definition, context, subresource: '' };
  const named = { ...request, name: draft.metadata.name };
  const admission = { operation: 'CREATE', request: named, object: draft, old: undefined, context } as const;
  const stamp = { uid: deps.newUid(), now: rfc3339(deps.clock.now()), generation: definition.generation !== false };
  dropStamp(draft.metadata);
  setDefaults(strategy, draft);
  // An apply is a patch.
  if (!ownership) dropRepeatedOwners(draft, context, 'sent');
  const noting = ownership ? undefined : noteOwnership({ deps, definition, request, context, subresource: '' }, draft, undefined);
  if (noting) await noting;
  await mutate(deps, admission, draft);
  dropRepeatedOwners(draft, context, 'admitted');
  // What the server owns, and where the object is, stay as they are whatever a webhook says.
  stampNew(draft.metadata, stamp);
  matchNamespace(draft, definition, request.namespace);
  prepareForCreate(strategy, draft);
  setDefaults(strategy, draft);
  const claim = deps.allocators[resourceId(definition)]?.claim(draft, undefined, request.options?.dryRun === true);
  try {
    const outside = outsideFindings(strategy, named, draft, undefined);
    validateNew(strategy, draft, outside instanceof Promise ? await outside : outside);
    await deps.admission.validate(admission);
    return await store(resource, draft, claim, request);
  } catch (error) {
    await claim?.release();
    throw error;
  } finally {
    deps.admission.settled(admission);
  }
}

/** What cannot be decrypted is in the way all the same. */
function readable({ view }: Resource, item: Cached<KubeObject>): KubeObject | undefined {
  try {
    return view(item).object;
  } catch {
    return undefined;
  }
}

async function store(resource: Resource, draft: Draft, claim: Claim | undefined, request: ApiRequest): Promise<Answer> {
  const { definition, collection } = resource;
  const { name = '', namespace } = draft.metadata;
  const key = keyOf(resource, namespace, name);
  const dryRun = request.options?.dryRun ?? false;
  if (!dryRun && Number(draft.metadata.resourceVersion) > 0) {
    throw unknownError('resourceVersion should not be set on objects to be created');
  }
  const existing = collection.get(key);
  if (existing) throw alreadyExists(definition, name, readable(resource, existing));
  if (dryRun) {
    // What cannot be converted could not be stored.
    await resource.toStored(draft);
    await claim?.release();
    return { kind: 'object', object: draft, created: true };
  }
  await claim?.secure();
  delete draft.metadata.resourceVersion;
  try {
    const kept = resource.toStored(draft);
    const item = await put(collection, request, { key, state: kept instanceof Promise ? await kept : kept, expected: 0 });
    await claim?.commit();
    if (resource.prepare) await resource.prepare([item]);
    return { kind: 'item', definition, item: resource.view(item), created: true };
  } catch (error) {
    if (isStoreConflict(error)) throw alreadyExists(definition, name);
    throw error;
  }
}
