import { type FieldError, invalid, invalidObject, notSupported } from '../../api/meta/field-error.ts';
import { ApiError } from '../../api/meta/status.ts';
import { DecodeError, pruneUnknown } from '../../api/schema/index.ts';
import type { ApiRequest, DeleteOptions } from '../../api/transport.ts';
import { namesNoKind } from './body.ts';
import { badRequest, unreadableOptions } from './errors.ts';

const KIND = 'DeleteOptions';
/** Where upstream keeps the kinds that are read here, as its messages call it. */
const SCHEME = 'pkg/apis/meta/internalversion/scheme/register.go:27';
const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** The body of a delete request, checked. Absent: all defaults. Throws BadRequest for what is none, Invalid for what it must not say. */
export function deleteOptions({ body }: ApiRequest): DeleteOptions {
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) throw unreadableOptions(namesNoKind(body));
  const { apiVersion = 'v1', kind } = body as { apiVersion?: string; kind?: string };
  if (kind !== undefined && kind !== '' && kind !== KIND) {
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${SCHEME}"`);
  }
  const options = decoded(body);
  const errors = [...policyFindings(options), ...dryRunFindings(options.dryRun ?? [])];
  if (errors.length > 0) throw invalidObject('DeleteOptions', 'meta.k8s.io', '', errors);
  return options;
}

function decoded(body: object): DeleteOptions {
  try {
    return pruneUnknown(body, KIND).object;
  } catch (error) {
    if (error instanceof ApiError && error.cause instanceof DecodeError) throw badRequest(error.cause.message);
    throw error;
  }
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
