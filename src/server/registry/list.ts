import { fieldErrorText, invalid } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { ApiRequest, RequestOptions } from '../../api/transport.ts';
import type { Clock } from '../../base/clock.ts';
import { isStoreExpired } from '../../store/store.ts';
import type { Cached, Page } from '../../store/watch-cache/collection.ts';
import type { RequestContext } from '../ports.ts';
import type { ListAnswer } from './answer.ts';
import { continueExpired, decodeContinue, encodeContinue, LIST_LIFE_MS } from './continue-token.ts';
import { badRequest, unknownError } from './errors.ts';
import { checkListOptions } from './list-options.ts';
import type { Resource } from './resources.ts';
import { type Selection, selectionOf } from './selectors.ts';
import { uint64Fault } from './versions.ts';

/** How long a read waits for the cache to reach the resourceVersion that it was given. */
const CATCH_UP_MS = 3_000;

/** LIST: a page of what the selectors match, in one consistent state. Source: Kubernetes, "Kubernetes API Concepts". */
export async function list(
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  clock: Pick<Clock, 'now'>,
): Promise<ListAnswer> {
  const { definition, collection } = resource;
  const options = request.options ?? {};
  checkListOptions(options, 'list');
  const selection = selectionOf(definition, request);
  const nowMs = clock.now();
  const from = startOf(options, nowMs);
  if (from.atLeast !== undefined) await reach(resource, from.atLeast, context);
  if (from.atRevision !== undefined && from.atRevision > collection.revision) await reach(resource, from.atRevision, context);
  const page = resource.prepare ? await convertedPage(resource, request, selection, from) : readPage(resource, request, selection, from);
  const next = page.nextAfter?.slice(resource.prefix.length);
  return {
    kind: 'list',
    definition,
    items: page.items.map((item) => resource.view(item)),
    revision: page.revision,
    ...(next !== undefined && {
      continue: encodeContinue({
        revision: page.revision,
        after: next,
        begunMs: from.begunMs ?? nowMs,
      }),
    }),
    ...(next !== undefined && !selection.matches && { remaining: page.remaining }),
  };
}

interface Start {
  readonly after?: string;
  readonly atRevision?: number;
  readonly atLeast?: number;
  readonly begunMs?: number;
}

function startOf(options: RequestOptions, nowMs: number): Start {
  const { continue: token, resourceVersion, resourceVersionMatch, limit } = options;
  if (token) {
    const { revision, after, begunMs } = decodeContinue(token);
    if (resourceVersion && resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue');
    if (revision < 0) return { after };
    if (begunMs !== undefined && nowMs - begunMs > LIST_LIFE_MS) throw continueExpired(after);
    return { after, atRevision: revision, begunMs };
  }
  const revision = parseRevision(resourceVersion, 'list');
  if (revision === 0) return {};
  const exact = resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && (limit ?? 0) > 0);
  return exact ? { atRevision: revision } : { atLeast: revision };
}

/** A full page says that there is more while anything is left, selected or not: where upstream looks the selected up by an index, only what the index has. */
function readPage(resource: Resource, request: ApiRequest, selection: Selection, { after, atRevision }: Start): Page<KubeObject> {
  const { collection, prefix } = resource;
  const { matches } = selection;
  const indexed = after === undefined && atRevision === undefined;
  const limit = limitOf(resource, request, selection);
  try {
    return collection.list({
      prefix: prefixOf(resource, request),
      ...(indexed && selection.index && { index: selection.index }),
      ...(matches && { matches: resource.views ? viewMatcher(resource, matches) : matches }),
      ...(limit && { limit }),
      ...(after !== undefined && { after: prefix + after }),
      ...(atRevision !== undefined && { atRevision }),
    });
  } catch (error) {
    if (!isStoreExpired(error)) throw error;
    if (after !== undefined) throw continueExpired(after);
    throw new ApiError('Expired', `The resourceVersion for the provided list is too old.`);
  }
}

/** Who takes whatever there is gets all of it, and who asks for one name gets that object. */
function limitOf({ definition }: Resource, { namespace, options = {} }: ApiRequest, { name }: Selection): number | undefined {
  const isSingle = name !== undefined && !options.continue && (definition.scope === 'Cluster' || Boolean(namespace));
  return isSingle || options.resourceVersion === '0' ? undefined : options.limit;
}

/** The collection's items are in the stored version; selectors look at the served one. */
function viewMatcher(
  resource: Resource,
  matches: (object: KubeObject) => boolean,
): (object: KubeObject, item: Cached<KubeObject>) => boolean {
  return (_, item) => matches(resource.view(item).object);
}

/** A page of what another server converts: selectors can look only at what it answered, so pages are cut here. */
async function convertedPage(resource: Resource, request: ApiRequest, selection: Selection, from: Start): Promise<Page<KubeObject>> {
  const { matches } = selection;
  const limit = limitOf(resource, request, selection);
  if (!matches) {
    const page = readPage(resource, request, selection, from);
    await resource.prepare?.(page.items);
    return page;
  }
  const all = readPage(resource, { ...request, options: {} }, { ...selection, matches: undefined, index: undefined }, from);
  await resource.prepare?.(all.items);
  const found = all.items.filter((item) => matches(resource.view(item).object));
  const items = found.slice(0, limit || undefined);
  const last = items.at(-1);
  const isMore = last !== undefined && items.length === limit && last !== all.items.at(-1);
  return { items, revision: all.revision, ...(isMore && { nextAfter: last.key }) };
}

export const prefixOf = ({ definition, prefix }: Resource, { namespace }: ApiRequest): string =>
  definition.scope === 'Namespaced' && namespace ? `${prefix}${namespace}/` : prefix;

/** Everything that the request selects, now. */
export async function collectAll(resource: Resource, request: ApiRequest): Promise<readonly Cached<KubeObject>[]> {
  const { limit: _limit, ...options } = request.options ?? {};
  const selection = selectionOf(resource.definition, request);
  const all = { ...request, options };
  const page = resource.prepare ? await convertedPage(resource, all, selection, {}) : readPage(resource, all, selection, {});
  return page.items.map((item) => resource.view(item));
}

/** A resourceVersion parameter as a number; 0 when absent. Throws what upstream's store does for the verb. */
export function parseRevision(text: string | undefined, verb: 'get' | 'list' | 'watch'): number {
  if (text === undefined || text === '') return 0;
  const fault = uint64Fault(text);
  if (!fault) return Number(text);
  const why = fieldErrorText(invalid('resourceVersion', text, fault));
  throw verb === 'list' ? badRequest(`invalid resource version: ${why}`) : unknownError(why);
}

/** Waits until the cache has seen the revision; 504 with upstream's cause when that takes too long. */
export async function reach({ collection }: Pick<Resource, 'collection'>, revision: number, { signal }: RequestContext): Promise<void> {
  if (collection.revision >= revision) return;
  try {
    await collection.waitFor(revision, { timeoutMs: CATCH_UP_MS, signal });
  } catch (cause) {
    throw new ApiError('Timeout', `Timeout: Too large resource version: ${BigInt(revision)}, current: ${collection.revision}`, {
      details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
      cause,
    });
  }
}
