import { compareQuantities, isQuantity, parseQuantity } from '../../base/quantity.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { ResourceRequirements } from '../schema/generated/types.ts';

const STANDARD = ['cpu', 'memory', 'ephemeral-storage'];
const isHugePages = (name: string) => name.startsWith('hugepages-');
/** Resources that a node may promise more of than it has; all others need requests equal to limits. */
const isOvercommitted = (name: string) => STANDARD.includes(name);

function checkName(path: string, name: string): FieldError[] {
  const errors = checkQualifiedName(path, name);
  if (errors.length > 0 || name.includes('/') || isOvercommitted(name) || isHugePages(name)) return errors;
  return [invalid(path, name, 'must be a standard resource type or fully qualified')];
}

export function checkQuantity(path: string, text: string): FieldError[] {
  if (!isQuantity(text)) return [invalid(path, text, 'must be a valid resource quantity')];
  return parseQuantity(text).nanos < 0n ? [invalid(path, text, 'must be greater than or equal to 0')] : [];
}

function checkList(path: string, list: Readonly<Record<string, string>> | undefined): FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, text]) => [...checkName(path, name), ...checkQuantity(`${path}[${name}]`, text)]);
}

/** What a container may ask for: requests within limits, and exactly the limits for what cannot be overcommitted. */
export function checkResources(path: string, { limits = {}, requests = {} }: ResourceRequirements): FieldError[] {
  const errors = [...checkList(`${path}.limits`, limits), ...checkList(`${path}.requests`, requests)];
  if (errors.length > 0) return errors;
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (limit === undefined) {
      if (!isOvercommitted(name)) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
      continue;
    }
    const order = compareQuantities(parseQuantity(request), parseQuantity(limit));
    if (!isOvercommitted(name) && order !== 0)
      errors.push(invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
    else if (order > 0) errors.push(invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
  }
  return errors;
}
