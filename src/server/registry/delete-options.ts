import { type FieldError, invalid, invalidObject, notSupported } from '../../api/meta/field-error.ts';
import type { ApiRequest, DeleteOptions } from '../../api/transport.ts';
import { badRequest } from './errors.ts';

const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** The body of a delete request, checked. Absent: all defaults. Throws BadRequest for what is none, Invalid for what it must not say. */
export function deleteOptions({ body }: ApiRequest): DeleteOptions {
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) throw badRequest('the body must be DeleteOptions');
  const options = body as DeleteOptions & { kind?: string };
  if (options.kind !== undefined && options.kind !== '' && options.kind !== 'DeleteOptions') {
    throw badRequest(`expected DeleteOptions, found ${options.kind}`);
  }
  const errors = [...policyFindings(options), ...dryRunFindings(options.dryRun ?? [])];
  if (errors.length > 0) throw invalidObject('DeleteOptions', 'meta.k8s.io', '', errors);
  return options;
}

function policyFindings({ propagationPolicy: policy, orphanDependents }: DeleteOptions): FieldError[] {
  if (policy === undefined) return [];
  const both = 'orphanDependents and deletionPropagation cannot be both set';
  return [
    ...(orphanDependents === undefined ? [] : [invalid('propagationPolicy', policy, both)]),
    ...(POLICIES.includes(policy) ? [] : [notSupported('propagationPolicy', policy, [...POLICIES, 'nil'])]),
  ];
}

/** The values are shown all together, as JSON. */
export function dryRunFindings(values: readonly string[]): FieldError[] {
  if (values.every((value) => value === 'All')) return [];
  return [{ ...notSupported('dryRun', '', ['All']), message: `Unsupported value: ${JSON.stringify(values)}: supported values: "All"` }];
}
