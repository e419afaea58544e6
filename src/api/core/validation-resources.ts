import { compareQuantities, milliValue, parseQuantity, quantityValue } from '../../base/quantity.ts';
import { duplicate, type FieldError, forbidden, invalid, notFoundValue, required } from '../meta/field-error.ts';
import { checkLabel, checkQualifiedName } from '../meta/validation.ts';
import type { ResourceClaim, ResourceRequirements } from '../schema/generated/types.ts';
import {
  isContainerResource,
  isExtendedResource,
  isHugePages,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isStandardResource,
} from './resource-names.ts';

export type ResourceList = Readonly<Record<string, string>>;
export type NameCheck = (path: string, name: string) => FieldError[];

const MILLIS = 1000;

export const compareAmounts = (a: string, b: string): number => compareQuantities(parseQuantity(a), parseQuantity(b));
export const isPositive = (text: string): boolean => parseQuantity(text).nanos > 0n;
export const isNegative = (text: string): boolean => parseQuantity(text).nanos < 0n;
export const isFraction = (text: string): boolean => milliValue(text) % MILLIS !== 0;

export function checkResourceName(path: string, name: string): FieldError[] {
  const errors = checkQualifiedName(path, name);
  if (errors.length > 0 || name.includes('/') || isStandardResource(name)) return errors;
  return [invalid(path, name, 'must be a standard resource type or fully qualified')];
}

export function checkContainerResourceName(path: string, name: string): FieldError[] {
  const errors = checkResourceName(path, name);
  if (!name.includes('/')) {
    return isContainerResource(name) ? errors : [...errors, invalid(path, name, 'must be a standard resource for containers')];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return errors;
  return [...errors, invalid(path, name, "doesn't follow extended resource name standard")];
}

/** An amount that fits its resource: not negative, and whole where things are counted. */
export function checkAmount(path: string, name: string, text: string): FieldError[] {
  const errors = isNegative(text) ? [invalid(path, text, 'must be greater than or equal to 0')] : [];
  return isIntegerResource(name) && isFraction(text) ? [...errors, invalid(path, text, 'must be an integer')] : errors;
}

export const checkPositive = (path: string, text: string): FieldError[] =>
  isPositive(text) ? [] : [invalid(path, text, 'must be greater than zero')];

/** `hugepages-2Mi: 3Mi` asks for half a page. */
function checkPages(path: string, name: string, text: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const size = name.slice('hugepages-'.length);
  const bytes = /^[0-9]+([EPTGMK]i|[EPTGMk])?$/.test(size) ? quantityValue(size) : 0;
  if (bytes > 0 && quantityValue(text) % bytes === 0) return [];
  return [invalid(path, text, `${text} is not positive integer multiple of ${name}`)];
}

function checkRequest(path: string, name: string, request: string, limit: string | undefined): FieldError[] {
  if (limit === undefined) {
    return isOvercommitAllowed(name) ? [] : [required(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  }
  const order = compareAmounts(request, limit);
  if (order !== 0 && !isOvercommitAllowed(name)) {
    return [invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`)];
  }
  return order > 0 ? [invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)] : [];
}

const hasCompute = (list: ResourceList) => 'cpu' in list || 'memory' in list;
const hasPages = (list: ResourceList) => Object.keys(list).some(isHugePages);

/** What containers (and pods as a whole) ask for: requests within limits, and exactly the limits for what cannot be overcommitted. */
export function checkResources(
  path: string,
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  checkName: NameCheck,
  podClaims: ReadonlySet<string>,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, text] of Object.entries(limits)) {
    const at = `${path}.limits[${name}]`;
    errors.push(...checkName(at, name), ...checkAmount(at, name, text), ...checkPages(at, name, text));
  }
  for (const [name, text] of Object.entries(requests)) {
    const at = `${path}.requests[${name}]`;
    errors.push(...checkName(at, name), ...checkAmount(at, name, text));
    errors.push(...checkRequest(path, name, text, limits[name]), ...checkPages(at, name, text));
  }
  if (!hasCompute(limits) && !hasCompute(requests) && (hasPages(limits) || hasPages(requests))) {
    errors.push(forbidden(path, 'HugePages require cpu or memory'));
  }
  return claims ? [...errors, ...checkClaims(`${path}.claims`, claims, podClaims)] : errors;
}

/** Each claim once: as a whole, or by request. */
function checkClaims(path: string, claims: readonly ResourceClaim[], podClaims: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { name, request }] of claims.entries()) {
    const at = `${path}[${index}]`;
    if (!name) {
      errors.push(required(at));
      continue;
    }
    if (seen.has(name)) errors.push(duplicate(at, name));
    else {
      const key = request ? `${name}/${request}` : name;
      if (request) errors.push(...checkLabel(`${at}.request`, request));
      if (seen.has(key)) errors.push(duplicate(at, key));
      else if (!request) for (const other of seen) if (other.startsWith(`${name}/`)) errors.push(duplicate(at, name));
      seen.add(key);
    }
    if (podClaims.has(name)) continue;
    const known = podClaims.size === 0 ? ' which is empty' : `: ${[...podClaims].sort().join(', ')}`;
    errors.push(notFoundValue(at, name, `must be one of the names in pod.spec.resourceClaims${known}`));
  }
  return errors;
}
