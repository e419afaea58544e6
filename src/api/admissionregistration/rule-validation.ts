import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkEnum } from '../meta/validation.ts';
import type { RuleWithOperations } from '../schema/generated/types.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];

/** A rule of a webhook or of an admission policy (kubernetes, admissionregistration/validation). */
export function checkRule(path: string, { operations, apiGroups, apiVersions, resources, scope }: RuleWithOperations): FieldError[] {
  return [
    ...checkStarAlone(`${path}.operations`, operations, 'operations'),
    ...(operations ?? []).flatMap((each, i) =>
      OPERATIONS.includes(each) ? [] : [notSupported(`${path}.operations[${i}]`, each, OPERATIONS)],
    ),
    ...checkStarAlone(`${path}.apiGroups`, apiGroups, 'API groups'),
    ...checkStarAlone(`${path}.apiVersions`, apiVersions, 'API versions'),
    ...(apiVersions ?? []).flatMap((each, i) => (each === '' ? [required(`${path}.apiVersions[${i}]`)] : [])),
    ...checkResources(`${path}.resources`, resources ?? []),
    ...checkEnum(`${path}.scope`, scope, SCOPES),
  ];
}

function checkStarAlone(path: string, items: readonly string[] | undefined, what: string): FieldError[] {
  if (!items?.length) return [required(path)];
  return items.length > 1 && items.includes('*') ? [invalid(path, items, `if '*' is present, must not specify other ${what}`)] : [];
}

function checkResources(path: string, resources: readonly string[]): FieldError[] {
  if (resources.length === 0) return [required(path)];
  const errors: FieldError[] = [];
  /** Whose subresources all are meant, and which subresources of all resources are. */
  const whole = new Set<string>();
  const everywhere = new Set<string>();
  // Upstream looks at the last plain resource alone.
  let plain = false;
  for (const [i, item] of resources.entries()) {
    const slash = item.indexOf('/');
    if (item === '') errors.push(required(`${path}[${i}]`));
    else if (slash < 0) plain = item !== '*';
    else {
      const [resource, subresource] = [item.slice(0, slash), item.slice(slash + 1)];
      if (whole.has(resource)) errors.push(invalid(`${path}[${i}]`, item, `if '${resource}/*' is present, must not specify ${item}`));
      if (everywhere.has(subresource))
        errors.push(invalid(`${path}[${i}]`, item, `if '*/${subresource}' is present, must not specify ${item}`));
      if (subresource === '*') whole.add(resource);
      if (resource === '*') everywhere.add(subresource);
    }
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  if (resources.includes('*') && plain) {
    errors.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"));
  }
  return errors;
}
