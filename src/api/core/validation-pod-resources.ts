import { compareQuantities, formatQuantity, parseQuantity } from '../../base/quantity.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkLabel, found } from '../meta/validation.ts';
import type { PodResourceClaim, PodSpec } from '../schema/generated/types.ts';
import { containerLimits, containerRequests } from './pod-resources.ts';
import { isHugePages } from './resource-names.ts';
import { checkResourceName, checkResources, compareAmounts } from './validation-resources.ts';

/** Resources and claims of a pod as a whole (KEP-2837, KEP-4381). */

const isPodResource = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name);

function checkPodResourceName(path: string, name: string): FieldError[] {
  const errors = checkResourceName(path, name);
  return errors.length > 0 || isPodResource(name) ? errors : [notSupported(path, name, ['cpu', 'hugepages-', 'memory'])];
}

/** No container may need more than the pod as a whole has. */
function checkConsistency(path: string, spec: PodSpec): FieldError[] {
  const { requests = {}, limits = {} } = spec.resources ?? {};
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(containerRequests({ spec }))) {
    const whole = requests[name];
    if (whole === undefined || compareQuantities(amount, parseQuantity(whole)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${formatQuantity(amount)}`;
    errors.push(invalid(`${path}.requests[${name}]`, whole, detail));
  }
  for (const [name, amount] of Object.entries(containerLimits({ spec }))) {
    const whole = limits[name];
    if (whole === undefined || !isHugePages(name) || compareQuantities(amount, parseQuantity(whole)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container limits of ${formatQuantity(amount)}`;
    errors.push(invalid(`${path}.limits[${name}]`, whole, detail));
  }
  for (const [index, container] of (spec.containers ?? []).entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const whole = limits[name];
      if (whole === undefined || compareAmounts(limit, whole) <= 0) continue;
      const at = `${path}.containers[${index}][${name}].limits`;
      errors.push(invalid(at, limit, `must be less than or equal to pod limits of ${whole}`));
    }
  }
  return errors;
}

export function checkPodResources(path: string, spec: PodSpec, claims: ReadonlySet<string>): FieldError[] {
  const { resources } = spec;
  if (!resources) return [];
  if (spec.os?.name === 'windows') return [forbidden(path, 'may not be set for a windows pod')];
  return [
    ...(resources.claims ? [forbidden(`${path}.claims`, 'claims may not be set for Resources at pod-level')] : []),
    ...checkResources(path, resources, checkPodResourceName, claims),
    ...checkConsistency(path, spec),
  ];
}

const shownClaim = ({ name = '', resourceClaimName = null, resourceClaimTemplateName = null }: Nullable<PodResourceClaim>) => ({
  Name: name,
  ResourceClaimName: resourceClaimName,
  ResourceClaimTemplateName: resourceClaimTemplateName,
});
type Nullable<T> = { [K in keyof T]?: T[K] | null };

export function checkPodClaims(path: string, claims: readonly PodResourceClaim[] | undefined): FieldError[] {
  const names = new Set<string>();
  return (claims ?? []).flatMap((claim, index) => {
    const at = `${path}[${index}]`;
    const { name, resourceClaimName: own, resourceClaimTemplateName: template } = claim;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else errors.push(...checkLabel(`${at}.name`, name));
    names.add(name);
    if (own !== undefined && template !== undefined) {
      const detail = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(invalid(at, shownClaim(claim), detail));
    }
    if (own === undefined && template === undefined) {
      errors.push(invalid(at, shownClaim(claim), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    }
    return [
      ...errors,
      ...(own === undefined ? [] : found(`${at}.resourceClaimName`, own, dns1123SubdomainFindings(own))),
      ...(template === undefined ? [] : found(`${at}.resourceClaimTemplateName`, template, dns1123SubdomainFindings(template))),
    ];
  });
}
