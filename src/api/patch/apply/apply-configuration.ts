import { equalJson } from '../../meta/equal-json.ts';
import { appliedFields } from './extract.ts';
import { difference, type FieldSet, intersection, isEmptySet, NO_FIELDS, union } from './field-set.ts';
import { type Manager, sameManager, withoutEmpty } from './managers.ts';
import { mergeConfiguration } from './merge.ts';
import { ownershipAfterApply, ownershipAfterUpdate, withoutUnowned } from './ownership.ts';
import { removeFields, withNamedFields } from './remove.ts';
import type { Versioned, Versions } from './versions.ts';

export interface Apply {
  /** Without a uid it is to be created. */
  readonly live: Versioned<{ metadata?: { uid?: string } }>;
  /** A new object before anybody said anything of it: what all objects show belongs to nobody. Absent: they show nothing. */
  readonly unsaid?: Versioned;
  /** Checked with `configurationFindings`. */
  readonly configuration: object;
  readonly managers: readonly Manager[];
  readonly applier: { readonly name: string; readonly subresource: string };
  readonly versions: Versions;
  readonly force: boolean;
  readonly now: string | undefined;
}

export interface Applied {
  readonly object: object;
  readonly managers: readonly Manager[];
}

/**
 * Lays a configuration over the live object and takes away what its applier no longer names (KEP-555, structured-merge-diff). An apply that changes nothing
 * keeps the time of its entry. Throws ApplyConflict when others own what it would change. The arguments stay; the result shares parts of them.
 */
export function applyConfiguration(apply: Apply): Applied {
  const { live, configuration, applier, versions, force, now } = apply;
  const { apiVersion, type } = live;
  const managers = apply.managers.length === 0 ? managersBeforeFirstApply(apply) : apply.managers;
  const own = { manager: applier.name, subresource: applier.subresource, operation: 'Apply', apiVersion } as const;
  const last = managers.find((manager) => sameManager(manager, own));
  const entry: Manager = { ...own, time: last?.time, fields: versions.owned(appliedFields(configuration, type)) };
  const all = [...managers.filter((manager) => manager !== last), entry];
  const merged = { apiVersion, type, object: mergeConfiguration(live.object, configuration, type) };
  const pruned = last && !isEmptySet(last.fields) ? prune(merged, all, last, versions) : merged;
  // What the configuration has without anything in it stays.
  const after = pruned === merged ? merged : { ...pruned, object: mergeConfiguration(pruned.object, configuration, type) };
  const owners = ownershipAfterApply({ before: live, after, managers: all, writer: applier, versions, now }, entry, force);
  const time = equalJson(live.object, after.object) ? entry.time : now;
  const stripped = owners.map((owner) => (owner === entry ? { ...owner, time, fields: withoutUnowned(owner.fields) } : owner));
  return { object: after.object, managers: withoutEmpty(stripped) };
}

/** What is there when apply meets an object for the first time belongs to nobody in particular. */
function managersBeforeFirstApply({ live, unsaid, applier, versions, now }: Apply): readonly Manager[] {
  if (live.object.metadata?.uid === undefined) return [];
  const writer = { name: 'before-first-apply', subresource: applier.subresource };
  return ownershipAfterUpdate({ before: unsaid, after: live, managers: [], writer, versions, now });
}

/** Removes what the applier named last time, does not name now, and nobody else owns. */
function prune(merged: Versioned, managers: readonly Manager[], last: Manager, versions: Versions): Versioned {
  const at = versionOf(merged, last.apiVersion, versions);
  if (!at) return merged;
  const lastFields = withNamedFields(last.fields, at.type);
  const pruned = { ...at, object: removeFields(at.object, lastFields, at.type) };
  const kept = keepOwned(at, pruned, managers, versions);
  const mergedFields = fieldsOf(at);
  const gone = intersection(difference(mergedFields, fieldsOf(kept)), lastFields);
  if (isEmptySet(gone)) return merged;
  return versionOf({ ...at, object: removeFields(at.object, gone, at.type) }, merged.apiVersion, versions) ?? merged;
}

/** Puts back what others, or the applier's new configuration, own: first in the version that was pruned, then in every other. */
function keepOwned(merged: Versioned, pruned: Versioned, managers: readonly Manager[], versions: Versions): Versioned {
  const owned = new Map<string, FieldSet>([[merged.apiVersion, NO_FIELDS]]);
  for (const { apiVersion, fields } of managers) owned.set(apiVersion, union(owned.get(apiVersion) ?? NO_FIELDS, fields));
  let result = pruned;
  for (const [apiVersion, fields] of owned) {
    const [whole, rest] = [versionOf(merged, apiVersion, versions), versionOf(result, apiVersion, versions)];
    if (!whole || !rest) continue;
    const gone = difference(fieldsOf(whole), union(fieldsOf(rest), withNamedFields(fields, whole.type)));
    result = { ...whole, object: removeFields(whole.object, gone, whole.type) };
  }
  return versionOf(result, merged.apiVersion, versions) ?? pruned;
}

const fieldsOf = ({ object, type }: Versioned): FieldSet => withNamedFields(appliedFields(object, type), type);

const versionOf = (object: Versioned, apiVersion: string, versions: Versions): Versioned | undefined =>
  object.apiVersion === apiVersion ? object : versions.convert(object, apiVersion);
