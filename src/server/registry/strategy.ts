import { type HookContext, type ResourceDefinition, resourceId } from '../../api/define.ts';
import { equalJson } from '../../api/meta/equal-json.ts';
import { type FieldError, invalidObject } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import { shareLike } from '../../store/watch-cache/frozen.ts';
import type { RequestContext } from '../ports.ts';
import type { Draft } from './body.ts';
import { copyJson, copyObject } from './copy.ts';
import type { OutsideCheck, RegistryDeps } from './deps.ts';
import { workingType } from './go-types.ts';
import { carryMetadata, finalizerWarnings, validateMetadata, validateMetadataUpdate } from './metadata.ts';

/** What one write knows: the steps between decoding and storing, each its own function so that admission fits in between. */
export interface Strategy {
  readonly deps: RegistryDeps;
  readonly definition: ResourceDefinition;
  readonly context: RequestContext;
  /** '' for the object itself. */
  readonly subresource: string;
}

type WithStatus = Draft & { status?: unknown };

export const hookContext = ({ deps, context, subresource }: Strategy): HookContext => ({
  now: rfc3339(deps.clock.now()),
  user: context.user,
  subresource,
  warn: context.warn,
});

const hasStatus = (definition: ResourceDefinition): boolean => definition.subresources.status?.kind === 'status';

/** What upstream's defaults set, and the zero values that it shows. */
export function setDefaults({ deps, definition, subresource }: Strategy, draft: Draft): void {
  const { hooks, schema, structural } = definition;
  // Content that nobody sent gets its defaults as well, where there are any.
  if (!structural && hooks.defaults && !((subresource || 'spec') in draft)) deps.schemas.showZeros(draft, schema);
  hooks.defaults?.(draft);
  if (!structural) deps.schemas.showZeros(draft, schema);
}

/** Clients write spec, controllers write status: a new object starts without one. */
export function prepareForCreate(strategy: Strategy, draft: WithStatus): void {
  const { definition } = strategy;
  if (hasStatus(definition) && !definition.keepsStatusAtCreation) delete draft.status;
  definition.hooks.prepareForCreate?.(draft, hookContext(strategy));
}

/** The kind's own checks see only objects that have what the schema requires, unless they look for that themselves. */
export function validateNew(strategy: Strategy, draft: Draft, outside: readonly FieldError[] = []): void {
  const { definition } = strategy;
  refuse(definition, draft, [
    ...outside,
    ...validateMetadata(draft, definition),
    ...contentFindings(strategy, draft, (context) => definition.hooks.validateCreate?.(draft, context)),
  ]);
  warn(strategy, draft, undefined);
}

/** What others than the kind itself have to say. Undefined for the kinds of which nobody has anything to say. */
export function outsideFindings(
  { deps, definition, context, subresource }: Strategy,
  request: ApiRequest,
  object: KubeObject,
  old: KubeObject | undefined,
): ReturnType<OutsideCheck> | undefined {
  return deps.outsideChecks[resourceId(definition)]?.({ request, user: context.user, subresource, object, old });
}

function contentFindings(
  strategy: Strategy,
  draft: Draft,
  more: (context: HookContext) => readonly FieldError[] | undefined,
): readonly FieldError[] {
  const { deps, definition } = strategy;
  const { hooks, schema } = definition;
  const missing = hooks.checksRequired ? [] : deps.schemas.validate(draft, schema);
  return missing.length > 0 ? missing : [...(hooks.validate?.(draft) ?? []), ...(more(hookContext(strategy)) ?? [])];
}

function warn({ deps, definition, context, subresource }: Strategy, draft: Draft, old: KubeObject | undefined): void {
  if (definition.structural) for (const text of finalizerWarnings(draft.metadata, old?.metadata)) context.warn(text);
  if (subresource === 'status') for (const text of definition.hooks.statusWarnings?.(draft) ?? []) context.warn(text);
  if (subresource !== '') return;
  const warnings = [...(definition.hooks.warnings?.(draft, old) ?? []), ...(deps.outsideWarnings[resourceId(definition)]?.(draft) ?? [])];
  for (const text of warnings) context.warn(text);
}

/** Puts back what this write may not change: status for the object itself, all else for the status subresource. */
export function prepareForUpdate(strategy: Strategy, draft: WithStatus, old: KubeObject): void {
  const { definition, subresource } = strategy;
  const before = old as WithStatus;
  if (subresource === 'status') keepAllButStatus(draft, before, definition);
  else if (subresource === '' && hasStatus(definition)) keepStatus(draft, before);
  carryMetadata(draft.metadata, before.metadata);
  definition.hooks.prepareForUpdate?.(draft, old, hookContext(strategy));
}

/**
 * Once nothing changes the draft any more but its metadata: what is as it was becomes the very part that it was, so that whoever compares the two from here on
 * (validation of what may not change, the search for writes that change nothing, the cache) looks at what differs alone. A change of the spec is counted.
 */
export function settleUpdate({ definition, subresource }: Strategy, draft: Draft, old: KubeObject): void {
  const { metadata } = draft;
  shareLike(draft, { ...old, metadata: undefined });
  const ignoresStatus = subresource === 'status' || definition.structural === undefined || hasStatus(definition);
  // A pod that gets its node is still what it was asked to be.
  if (definition.generation !== true || metadata.generation === undefined || subresource === 'binding') return;
  const counted = subresource === 'status' ? [] : definition.countedMetadata;
  const isOther = counted.some((field) => !equalJson(metadata[field] ?? {}, old.metadata?.[field] ?? {}));
  if (isOther || specChanged(draft, old, ignoresStatus)) metadata.generation += 1;
}

function keepStatus(draft: WithStatus, old: WithStatus): void {
  if (old.status === undefined) delete draft.status;
  else draft.status = copyJson(old.status);
}

/** A status write changes the status, and of metadata what the kind lets it. */
function keepAllButStatus(draft: WithStatus, old: WithStatus, { statusMetadata }: ResourceDefinition): void {
  const { status, metadata } = draft;
  const { resourceVersion, uid, managedFields } = metadata;
  const changed = Object.fromEntries(statusMetadata.map((field) => [field, metadata[field]]));
  for (const field of Object.keys(draft)) delete (draft as unknown as Record<string, unknown>)[field];
  Object.assign(draft, copyObject({ ...old, status: undefined }));
  if (status !== undefined) draft.status = status;
  Object.assign(draft.metadata, changed, { resourceVersion, uid: uid || old.metadata.uid, managedFields });
}

/** Did anything outside metadata change, and outside status where that is written apart? */
function specChanged(draft: KubeObject, old: KubeObject, ignoresStatus: boolean): boolean {
  const bare = (object: KubeObject) => ({ ...object, metadata: undefined, ...(ignoresStatus && { status: undefined }) });
  return !equalJson(bare(draft), bare(old));
}

export function validateChanged(strategy: Strategy, draft: Draft, old: KubeObject, outside: readonly FieldError[] = []): void {
  const { definition, subresource } = strategy;
  const { hooks } = definition;
  const content =
    subresource === 'status' && hooks.validateStatus
      ? hooks.validateStatus(draft, old, hookContext(strategy))
      : contentFindings(strategy, draft, (context) => hooks.validateUpdate?.(draft, old, context));
  refuse(definition, draft, [
    ...outside,
    ...validateMetadataUpdate(draft.metadata, old.metadata ?? {}),
    ...validateMetadata(draft, definition, old),
    ...content,
  ]);
  warn(strategy, draft, old);
}

/** Kinds that upstream's server works with as core ones are called so. */
function refuse(definition: ResourceDefinition, draft: Draft, errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  const { kind, group } = definition;
  throw invalidObject(kind, workingType(definition) === `core.${kind}` ? '' : group, draft.metadata.name ?? '', errors);
}
