import { type FieldError, invalid, required } from '../meta/field-error.ts';
import type { KeyToPath } from '../schema/generated/types.ts';

/** Paths inside volumes: relative, and never out of them. */

export const checkNoBacksteps = (path: string, value: string): FieldError[] =>
  value.split('/').includes('..') ? [invalid(path, value, "must not contain '..'")] : [];

export const checkDescendingPath = (path: string, value: string): FieldError[] => [
  ...(value.startsWith('/') ? [invalid(path, value, 'must be a relative path')] : []),
  ...checkNoBacksteps(path, value),
];

/** Names that start with two dots belong to the kubelet's atomic writer. */
export function checkUnreservedPath(path: string, value: string): FieldError[] {
  const errors = checkDescendingPath(path, value);
  const reserved = value.startsWith('..') && !value.startsWith('../');
  return reserved ? [...errors, invalid(path, value, "must not start with '..'")] : errors;
}

const MAX_MODE = 0o777;

export const checkMode = (path: string, mode: number | undefined): FieldError[] =>
  mode === undefined || (mode >= 0 && mode <= MAX_MODE)
    ? []
    : [invalid(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];

export function checkItems(path: string, items: readonly KeyToPath[] | undefined): FieldError[] {
  return (items ?? []).flatMap((item, index) => [
    ...(item.key ? [] : [required(`${path}[${index}].key`)]),
    ...(item.path ? checkUnreservedPath(`${path}[${index}].path`, item.path) : [required(`${path}[${index}].path`)]),
    ...checkMode(`${path}[${index}].mode`, item.mode),
  ]);
}
