/** What PATCH can carry; server-side apply is to come beside these (managed fields, KEP-555). */
export { jsonPatch } from './json-patch.ts';
export { goText, patchFault } from './json-value.ts';
export { mergePatch } from './merge-patch.ts';
export { strategicMergePatch } from './strategic-merge-patch.ts';
