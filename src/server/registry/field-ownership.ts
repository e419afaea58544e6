import { apiVersionOf, type ResourceDefinition, resourceId } from '../../api/define.ts';
import { equalJson } from '../../api/meta/equal-json.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import {
  type ApplyType,
  builtInType,
  entriesOf,
  type FieldSet,
  isEmptySet,
  isReset,
  type Manager,
  managerOfUserAgent,
  NO_FIELDS,
  ownershipAfterUpdate,
  reconciledSet,
  sentManagers,
  storedManagers,
  UnnamedElement,
  type Versioned,
  type Versions,
  type Write,
} from '../../api/patch/apply/index.ts';
import type { ManagedFieldsEntry } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { AdmissionRequest, RequestContext } from '../ports.ts';
import type { Draft } from './body.ts';
import { type Convert, withConversions } from './conversions.ts';
import type { RegistryDeps } from './deps.ts';
import type { Resources } from './resources.ts';

/** How the fields of the kind's objects are owned and merged. */
export const applyTypeOf = (definition: Pick<ResourceDefinition, 'schema' | 'applyType'>): ApplyType =>
  definition.applyType ?? builtInType(definition.schema);

export const versionedAs = <T extends KubeObject>(definition: ResourceDefinition, object: T): Versioned<T> => ({
  apiVersion: apiVersionOf(definition),
  object,
  type: applyTypeOf(definition),
});

/** What the rules of ownership need to know of a write besides the object. */
export interface Writing {
  readonly deps: RegistryDeps;
  readonly definition: ResourceDefinition;
  readonly request: ApiRequest;
  readonly context: RequestContext;
  /** '' for the object itself. */
  readonly subresource: string;
}

/** The writer's name: `fieldManager`, or what the client calls itself. */
export function managerName(request: ApiRequest, context: RequestContext): string {
  return request.options?.fieldManager ?? (managerOfUserAgent(context.userAgent ?? '') || 'unknown');
}

/**
 * Notes in the draft who owns its fields after this write, which is no apply. `old` is undefined for a new object. A promise where a webhook
 * converts what others own in other versions.
 */
export function noteOwnership(writing: Writing, draft: Draft, old: KubeObject | undefined): void | Promise<void> {
  return inAllVersions(writing, (convert) => noteOwners(writing, draft, old, convert));
}

/** Kinds whose versions a webhook converts wait for it. */
export function inAllVersions<T>({ deps, definition }: Writing, work: (convert: Convert | undefined) => T): T | Promise<T> {
  const { group, version, plural, structural } = definition;
  const converter = structural && deps.resources.find(group, version, plural)?.converter;
  return converter ? withConversions(converter, work) : work(undefined);
}

function noteOwners(writing: Writing, draft: Draft, old: KubeObject | undefined, convert: Convert | undefined): void {
  const { deps, definition, request, context, subresource } = writing;
  const { metadata } = draft;
  const managers = reconciled(writing, managersOf(metadata.managedFields, old?.metadata?.managedFields, subresource));
  // Who is not tracked from the beginning is not tracked before the first apply.
  if (managers.length === 0 && old) {
    delete metadata.managedFields;
    return;
  }
  const write: Write = {
    before: versionedAs(definition, old ?? nothingSaid(deps, definition)),
    after: versionedAs(definition, draft),
    managers,
    writer: { name: managerName(request, context), subresource },
    versions: versionsOf(deps.resources, definition, subresource, convert),
    now: timeOf(writing),
  };
  try {
    setEntries(draft, entriesOf(ownershipAfterUpdate(write)));
  } catch (error) {
    // Of an object whose fields cannot be named nobody is the owner (upstream: managedfields/internal, UpdateNoErrors).
    if (!(error instanceof UnnamedElement)) throw error;
    delete metadata.managedFields;
  }
}

/** Of a Scale upstream does not note when it was written. */
export const timeOf = ({ deps, subresource }: Writing): string | undefined =>
  subresource === 'scale' ? undefined : rfc3339(deps.clock.now());

/** A new object before anybody said anything of it: of the zeros that are always shown nobody is the owner, although they are in every object. */
export function nothingSaid({ schemas }: RegistryDeps, definition: ResourceDefinition): KubeObject {
  const known = blanks.get(definition);
  if (known) return known;
  const object: KubeObject = { metadata: {} };
  if (!definition.structural) schemas.showZeros(object, definition.schema);
  blanks.set(definition, Object.freeze(object));
  return object;
}

/** Made once a kind: every creation is compared with it. */
const blanks = new WeakMap<ResourceDefinition, KubeObject>();

/** Mutating admission, which may not leave entries behind that cannot be read. */
export async function mutate(deps: RegistryDeps, admission: AdmissionRequest, draft: Draft): Promise<void> {
  const before = draft.metadata.managedFields;
  await deps.admission.mutate(admission);
  const { managedFields } = draft.metadata;
  if (managedFields === before || managedFields === undefined) return;
  try {
    sentManagers(managedFields);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    setEntries(draft, before);
    admission.context.warn(`${INVALID_AFTER_ADMISSION}: ${error.message}`);
  }
}

const INVALID_AFTER_ADMISSION =
  '.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests';

export function setEntries({ metadata }: Draft, entries: ManagedFieldsEntry[] | undefined): void {
  if (entries) metadata.managedFields = entries;
  else delete metadata.managedFields;
}

/** What a request says of the managers counts only if it can be read, and never through a subresource. */
function managersOf(
  sent: readonly ManagedFieldsEntry[] | undefined,
  stored: readonly ManagedFieldsEntry[] | undefined,
  subresource: string,
): readonly Manager[] {
  if (subresource !== '' || sent === undefined || equalJson(sent, stored)) return storedManagers(stored);
  if (isReset(sent)) return [];
  try {
    const managers = sentManagers(sent);
    return managers.length > 0 ? managers : storedManagers(stored);
  } catch (error) {
    if (error instanceof SyntaxError) return storedManagers(stored);
    throw error;
  }
}

/** The schema of a custom kind may have changed since somebody wrote. */
export function reconciled({ deps, definition }: Pick<Writing, 'deps' | 'definition'>, managers: readonly Manager[]): readonly Manager[] {
  if (!definition.structural) return managers;
  return managers.map((manager) => {
    const { apiVersion, fields } = manager;
    const version = apiVersion === apiVersionOf(definition) ? definition : served(deps.resources, definition, apiVersion);
    const now = version ? reconciledSet(fields, applyTypeOf(version)) : fields;
    return now === fields ? manager : { ...manager, fields: now };
  });
}

/** The versions in which a resource is served, and which of its fields a write can own. */
export function versionsOf(
  resources: Resources,
  definition: ResourceDefinition,
  subresource: string,
  convert: Convert | undefined,
): Versions {
  return {
    owned: (fields) => ownable(fields, definition, subresource),
    convert: (from, to) => inVersion(resources, definition, from, to, convert),
  };
}

/** Status belongs to writes of the status; those own besides what they can change of metadata. (Upstream: the strategies' GetResetFields.) */
function ownable(fields: FieldSet, definition: ResourceDefinition, subresource: string): FieldSet {
  const paths = definition.unowned?.[subresource];
  const part = ownablePart(fields, definition, subresource);
  return paths ? paths.reduce((rest, path) => without(rest, path.split('.')), part) : part;
}

/** The set without the field at the path and without what is left empty by that. */
function without(fields: FieldSet, [first = '', ...inner]: readonly string[]): FieldSet {
  const { [`f:${first}`]: field, ...rest } = fields;
  if (field === undefined) return fields;
  const left = inner.length > 0 ? without(field, inner) : NO_FIELDS;
  return isEmptySet(left) ? rest : { ...rest, [`f:${first}`]: left };
}

function ownablePart(fields: FieldSet, definition: ResourceDefinition, subresource: string): FieldSet {
  if (subresource === 'status') return statusFields(fields, definition.statusMetadata);
  if (subresource === 'resize') return resizedFields(fields);
  const part = PARTS[subresource];
  if (part) return { ...partFields(fields, part), ...(WITH_METADATA.has(subresource) && named(fields, ['f:metadata'])) };
  if (subresource !== '' || definition.subresources.status?.kind !== 'status' || fields['f:status'] === undefined) return fields;
  const { 'f:status': _, ...rest } = fields;
  return rest;
}

/** The fields that a subresource of the whole object changes: all that an apply of it can own. */
const PARTS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  approval: ['f:status', 'f:conditions'],
  ephemeralcontainers: ['f:spec', 'f:ephemeralContainers'],
  finalize: ['f:spec', 'f:finalizers'],
};

/** Parts that metadata comes with. */
const WITH_METADATA = new Set(['approval', 'finalize']);

function partFields(fields: FieldSet, [outer, ...inner]: readonly [string, ...string[]]): FieldSet {
  const within = fields[outer] ?? NO_FIELDS;
  const kept = named(within, inner);
  return isEmptySet(kept) ? NO_FIELDS : { [outer]: kept };
}

function statusFields({ 'f:status': status, 'f:metadata': metadata = NO_FIELDS }: FieldSet, names: readonly string[]): FieldSet {
  const changeable = named(
    metadata,
    names.map((name) => `f:${name}`),
  );
  return { ...(!isEmptySet(changeable) && { 'f:metadata': changeable }), ...(status && { 'f:status': status }) };
}

const named = (fields: FieldSet, names: readonly string[]): FieldSet =>
  Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));

const RESIZED_LISTS = ['f:containers', 'f:initContainers'];
const RESIZED_FIELDS = ['f:resources', 'f:resizePolicy'];

/** Of each container what a resize changes: not the container itself. */
function resizedFields({ 'f:spec': spec = NO_FIELDS }: FieldSet): FieldSet {
  const lists = RESIZED_LISTS.flatMap((list) => {
    const containers = Object.entries(spec[list] ?? NO_FIELDS).map(([key, fields]) => [key, named(fields, RESIZED_FIELDS)] as const);
    const kept = Object.fromEntries(containers.filter(([, fields]) => !isEmptySet(fields)));
    return isEmptySet(kept) ? [] : [[list, kept] as const];
  });
  return lists.length === 0 ? NO_FIELDS : { 'f:spec': Object.fromEntries(lists) };
}

function inVersion(
  resources: Resources,
  definition: ResourceDefinition,
  { object, apiVersion }: Versioned,
  to: string,
  convert: Convert | undefined,
): Versioned | undefined {
  const from = apiVersion === apiVersionOf(definition) ? definition : served(resources, definition, apiVersion);
  const target = to === apiVersionOf(definition) ? definition : served(resources, definition, to);
  if (!from || !target) return undefined;
  if (convert) return versionedAs(target, convert(object as KubeObject, to));
  const stored = (from.storedAs?.toStored(object as KubeObject) ?? object) as KubeObject;
  const shown = target.storedAs?.fromStored(stored) ?? { ...stored, apiVersion: to };
  return versionedAs(target, shown);
}

/** The same stored resource in another group and version: other versions of its group, and other groups that store in the same place. */
function served(resources: Resources, definition: ResourceDefinition, apiVersion: string): ResourceDefinition | undefined {
  const slash = apiVersion.indexOf('/');
  const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
  const found = resources.find(group, version, definition.plural)?.definition;
  return found && storageId(found) === storageId(definition) ? found : undefined;
}

const storageId = (definition: ResourceDefinition): string => resourceId(definition.storedAs ?? definition);
