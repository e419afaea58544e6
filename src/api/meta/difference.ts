import { formatPatch, OMIT_HEADERS, structuredPatch } from 'diff';
import { sortedFields } from '../../base/sorted-fields.ts';

/** Lines around what differs. */
const CONTEXT = 3;

/**
 * What became of a value that may not change: the lines of its JSON that differ, in the form of `diff -u`, for the end of a refusal. (Upstream's diff.Diff of
 * apimachinery shows the same of its internal structs: Go's names, and every zero.)
 */
export function difference(old: unknown, value: unknown): string {
  const patch = structuredPatch('', '', linesOf(old), linesOf(value), undefined, undefined, { context: CONTEXT });
  return formatPatch(patch, OMIT_HEADERS);
}

/** Keys come from clients and from storage, in any order. */
const linesOf = (value: unknown): string => `${JSON.stringify(sortedFields(value), null, 1) ?? 'null'}\n`;
