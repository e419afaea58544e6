import { isMap } from '../crd-schema/index.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import { goText, goTypeOf } from '../meta/go-text.ts';
import type { KubeObject } from '../meta/object.ts';
import type { CustomResourceSubresourceScale } from '../schema/generated/types.ts';

const INT32_MAX = 2 ** 31 - 1;

/** Of a status that is written alone. */
export const statusScaleFindings = (object: KubeObject, scale: CustomResourceSubresourceScale): FieldError[] => [
  ...countFindings(object, scale.statusReplicasPath),
  ...(scale.labelSelectorPath ? accessFindings(object, scale.labelSelectorPath, 'string', '') : []),
];

/** Counts that the scale subresource shows are whole, not negative, and fit into 32 bits. */
export const scaleFindings = (object: KubeObject, scale: CustomResourceSubresourceScale): FieldError[] => [
  ...countFindings(object, scale.specReplicasPath),
  ...statusScaleFindings(object, scale),
];

function countFindings(object: KubeObject, path: string): FieldError[] {
  const unread = accessFindings(object, path, 'int64', 0);
  if (unread.length > 0) return unread;
  const value = stepsTo(object, path).at(-1)?.value;
  if (typeof value !== 'number' && typeof value !== 'bigint') return [];
  if (value < 0) return [invalid(path, value, 'should be a non-negative integer')];
  return value > INT32_MAX ? [invalid(path, value, `should be less than or equal to ${INT32_MAX}`)] : [];
}

interface Step {
  /** The fields up to here, as upstream writes them: `.spec.replicas`. */
  readonly path: string;
  readonly value: unknown;
}

/** Fields alone, as the scale subresource reads them, up to the first that is not there or has none. */
function stepsTo(object: KubeObject, path: string): Step[] {
  const steps: Step[] = [];
  let value: unknown = object;
  let at = '';
  for (const name of path.replace(/^\./, '').split('.')) {
    if (!isMap(value) || !Object.hasOwn(value, name)) break;
    value = value[name];
    at += `.${name}`;
    steps.push({ path: at, value });
  }
  return steps;
}

/** Why what the path leads to cannot be read. Messages name the whole path, and what stands in its way. */
function accessFindings(object: KubeObject, path: string, wanted: 'int64' | 'string', zero: unknown): FieldError[] {
  const steps = stepsTo(object, path);
  const last = steps.at(-1);
  if (!last) return [];
  const whole = `.${path.replace(/^\./, '')}`;
  const isThere = last.path === whole;
  if (isThere ? goTypeOf(last.value) === wanted : isMap(last.value)) return [];
  const type = isThere ? wanted : 'map[string]interface{}';
  return [invalid(path, zero, `${whole} accessor error: ${goText(last.value)} is of the type ${goTypeOf(last.value)}, expected ${type}`)];
}
