import { isMap } from '../crd-schema/index.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import type { CustomResourceSubresourceScale } from '../schema/generated/types.ts';

const INT32_MAX = 2 ** 31 - 1;

/** Of a status that is written alone. */
export const statusScaleFindings = (object: KubeObject, { statusReplicasPath: path }: CustomResourceSubresourceScale): FieldError[] =>
  countFindings(readSteps(object, path), path.replace(/^\./, ''));

/** Counts that the scale subresource shows are whole, not negative, and fit into 32 bits. */
export function scaleFindings(object: KubeObject, { specReplicasPath, statusReplicasPath }: CustomResourceSubresourceScale): FieldError[] {
  return [specReplicasPath, statusReplicasPath].flatMap((path) => countFindings(readSteps(object, path), path.replace(/^\./, '')));
}

/** Fields alone, as the scale subresource reads them. */
function readSteps(object: unknown, path: string): unknown {
  let at = object;
  for (const step of path.split('.').filter(Boolean)) at = isMap(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return at;
}

function countFindings(value: unknown, path: string): FieldError[] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'number' || !Number.isInteger(value)) return [invalid(path, value, 'must be an integer')];
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
  return value > INT32_MAX ? [invalid(path, value, `should be less than or equal to ${INT32_MAX}`)] : [];
}
