import type { ManagedFieldsEntry } from '../../schema/generated/types.ts';
import type { FieldSet } from './field-set.ts';

/** Sets kept to be found again; those that were not seen for the longest time are forgotten, which costs memory and nothing else. */
const MOST_SETS = 2_000;
/** Longer ones are of objects that hardly have siblings. */
const LONGEST_TEXT = 16 * 1024;
const known = new Map<string, FieldSet>();

/**
 * One frozen tree for all equal sets. What a template made has the same owners of the same fields in every object, and a tree takes several times the
 * memory of its text: thousands of pods share a few.
 */
export function shareSet(set: FieldSet): FieldSet {
  const text = JSON.stringify(set);
  if (text.length > LONGEST_TEXT) return set;
  const found = known.get(text) ?? freeze(set);
  known.delete(text);
  known.set(text, found);
  if (known.size > MOST_SETS) known.delete(known.keys().next().value ?? '');
  return found;
}

/** Puts shared trees in the place of equal ones, in an object that nobody else has seen yet. */
export function shareEntries(entries: ManagedFieldsEntry[] | undefined): void {
  for (const entry of entries ?? []) if (entry.fieldsV1) entry.fieldsV1 = shareSet(entry.fieldsV1 as FieldSet);
}

function freeze(set: FieldSet): FieldSet {
  if (!Object.isFrozen(set)) for (const element in set) freeze(set[element] as FieldSet);
  return Object.freeze(set);
}
