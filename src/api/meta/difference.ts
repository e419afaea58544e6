import { formatPatch, OMIT_HEADERS, structuredPatch } from 'diff';

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

const linesOf = (value: unknown): string => `${JSON.stringify(value, sorted, 1) ?? 'null'}\n`;

/** Keys come from clients and from storage, in any order. */
const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
