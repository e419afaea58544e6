/** What PATCH can carry besides applies (apply/). */
export { jsonPatch } from './json-patch.ts';
export { isFailedTest, patchFault } from './json-value.ts';
export { mergePatch } from './merge-patch.ts';
export { strategicMergePatch } from './strategic-merge-patch.ts';
