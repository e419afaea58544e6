import { type Comparison, compareObjects } from './compare.ts';
import { type Conflict, conflictError, conflictsWith } from './conflict.ts';
import { difference, type FieldSet, isEmptySet, LEAF, NO_FIELDS, union } from './field-set.ts';
import { capUpdaters, type Manager, sameManager, withoutEmpty } from './managers.ts';
import { type Versioned, VersionedObject, type Versions } from './versions.ts';

/** A write as the engine sees it. `before` is undefined for an object that is to be created. */
export interface Write {
  readonly before: Versioned | undefined;
  readonly after: Versioned;
  readonly managers: readonly Manager[];
  /** Who writes: the subresource '' is the object itself. */
  readonly writer: { readonly name: string; readonly subresource: string };
  readonly versions: Versions;
  /** RFC 3339; undefined: nobody is told when. */
  readonly now: string | undefined;
}

/** Nobody owns what makes an object this object, and what the server alone sets. */
const UNOWNED_METADATA = new Set(
  ['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (name) => `f:${name}`,
  ),
);

export function withoutUnowned(fields: FieldSet): FieldSet {
  const { 'f:apiVersion': _version, 'f:kind': _kind, 'f:metadata': metadata, ...rest } = fields;
  if (!metadata) return rest;
  const kept: Record<string, FieldSet> = {};
  for (const key in metadata) if (key !== '.' && !UNOWNED_METADATA.has(key)) kept[key] = metadata[key] as FieldSet;
  return isEmptySet(kept) ? rest : { 'f:metadata': kept, ...rest };
}

/** What a write that is no apply does to ownership: the writer owns what it changed, alone, and nobody owns what it removed. */
export function ownershipAfterUpdate(write: Write): readonly Manager[] {
  const { before, after, versions, writer, now } = write;
  const changes = comparison(before, after, versions);
  const own = { manager: writer.name, subresource: writer.subresource, operation: 'Update', apiVersion: after.apiVersion } as const;
  const previous = write.managers.find((manager) => sameManager(manager, own));
  const others = write.managers.filter((manager) => manager !== previous);
  const left = withoutEmpty(reduced({ ...write, managers: others }, changes, () => false));
  const held = previous ? difference(previous.fields, changes.removed) : NO_FIELDS;
  const fields = withoutUnowned(versions.owned(union(changes.modified, changes.added)));
  if (!isEmptySet(fields)) return capUpdaters([...left, { ...previous, ...own, time: now, fields: union(held, fields) }]);
  return previous && !isEmptySet(held) ? [...left, { ...previous, fields: held }] : left;
}

/** As above for an apply: the applier's new entry is in `managers` already. Throws ApiError Conflict unless `force`. */
export function ownershipAfterApply(write: Write, applier: Manager, force: boolean): readonly Manager[] {
  const changes = comparison(write.before, write.after, write.versions);
  const isApplier = (manager: Manager) => manager === applier;
  if (!force) {
    const conflicts = conflictsOf(write, changes, isApplier);
    if (conflicts.length > 0) throw new ApplyConflict(conflicts);
  }
  return withoutEmpty(reduced(write, changes, isApplier));
}

/** Carries the conflicts until it is known whether all of them count. */
export class ApplyConflict extends Error {
  override readonly name = 'ApplyConflict';
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    super('apply failed with conflicts');
    this.conflicts = conflicts;
  }

  toApiError() {
    return conflictError(this.conflicts);
  }
}

const NOTHING: Comparison = { added: NO_FIELDS, removed: NO_FIELDS, modified: NO_FIELDS };

function comparison(before: Versioned | undefined, after: Versioned, { owned }: Versions): Comparison {
  const { added, removed, modified } = compareObjects(before?.object, after.object, after.type);
  if (added === LEAF && removed === LEAF && modified === LEAF) return NOTHING;
  return { added: owned(added), removed: owned(removed), modified: owned(modified) };
}

/** The changes as each manager's version names them. undefined: that version is gone, and with it what was owned in it. */
function changesByVersion({ before, after, versions }: Write, changes: Comparison): (manager: Manager) => Comparison | undefined {
  const known = new Map<string, Comparison | undefined>([[after.apiVersion, changes]]);
  const [was, is] = [before && new VersionedObject(before, versions), new VersionedObject(after, versions)];
  return ({ apiVersion }) => {
    if (!known.has(apiVersion)) {
      const [old, converted] = [was?.in(apiVersion), is.in(apiVersion)];
      known.set(apiVersion, converted && (was === undefined || old) ? comparison(old, converted, versions) : undefined);
    }
    return known.get(apiVersion);
  };
}

function conflictsOf(write: Write, changes: Comparison, isApplier: (manager: Manager) => boolean): Conflict[] {
  const changesFor = changesByVersion(write, changes);
  return write.managers.flatMap((manager) => {
    const seen = isApplier(manager) ? undefined : changesFor(manager);
    const shown = write.writer.subresource === 'scale' ? { ...manager, apiVersion: SCALE_VERSION } : manager;
    return seen ? conflictsWith(union(seen.modified, seen.added), [shown]) : [];
  });
}

/** Whoever applies a Scale is told of its owners as of a Scale's. */
const SCALE_VERSION = 'autoscaling/v1';

/** The managers without what the write took from them. */
function reduced(write: Write, changes: Comparison, isWriter: (manager: Manager) => boolean): Manager[] {
  const changesFor = changesByVersion(write, changes);
  return write.managers.flatMap((manager) => {
    if (isWriter(manager)) return [manager];
    const seen = changesFor(manager);
    if (!seen) return [];
    const { added, modified, removed } = seen;
    const fields = difference(difference(difference(manager.fields, modified), added), removed);
    return [fields === manager.fields ? manager : { ...manager, fields }];
  });
}
