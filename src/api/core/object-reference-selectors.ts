import type { Reader } from '../define.ts';
import type { ObjectReference } from '../schema/generated/types.ts';

const FIELDS = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
] as const satisfies (keyof ObjectReference)[];

/** Field selectors on a reference to an object: `involvedObject.kind` and the like. */
export const objectReferenceSelectors = <T>(
  field: string,
  referenceOf: (object: T) => ObjectReference | undefined,
): Readonly<Record<string, Reader<T, string>>> =>
  Object.fromEntries(FIELDS.map((part) => [`${field}.${part}`, (object: T) => referenceOf(object)?.[part] ?? '']));
