import { type FieldError, invalidObject, notSupported } from '../../api/meta/field-error.ts';
import type { DeleteOptions, RequestOptions, Verb } from '../../api/transport.ts';
import { dryRunFindings } from '../registry/delete-options.ts';
import { badRequest } from '../registry/errors.ts';

/** Query parameters as RequestOptions. Throws BadRequest for values that cannot be read, Invalid for those that a write does not know. */
export function requestOptions(query: URLSearchParams, verb: Verb): RequestOptions {
  const options: RequestOptions = {};
  for (const [name, value] of query) read(options, name, value, OPTIONS_KINDS[verb]);
  return options;
}

/** DELETE without a body says in the query what to do; with one the query does not count. undefined: it says nothing. Throws BadRequest. */
export function deleteOptionsIn(query: URLSearchParams): DeleteOptions | undefined {
  const options: DeleteOptions = {};
  const grace = query.get('gracePeriodSeconds');
  if (grace) options.gracePeriodSeconds = wholeNumber(grace);
  const orphan = query.get('orphanDependents');
  if (orphan !== null) options.orphanDependents = truth(orphan);
  const policy = query.get('propagationPolicy');
  if (policy) options.propagationPolicy = policy as DeleteOptions['propagationPolicy'];
  return Object.keys(options).length > 0 ? options : undefined;
}

const OPTIONS_KINDS: Partial<Record<Verb, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
};
const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];
const refused = (kind: string, finding: FieldError) => invalidObject(kind, 'meta.k8s.io', '', [finding]);

function read(options: RequestOptions, name: string, value: string, kind: string | undefined): void {
  switch (name) {
    case 'labelSelector':
    case 'fieldSelector':
    case 'continue':
    case 'resourceVersion':
    case 'fieldManager':
      if (value !== '') options[name] = value;
      return;
    case 'resourceVersionMatch':
      if (value !== '') options.resourceVersionMatch = value as RequestOptions['resourceVersionMatch'];
      return;
    case 'limit':
    case 'timeoutSeconds': {
      const number = value === '' ? 0 : wholeNumber(value);
      if (number > 0) options[name] = number;
      return;
    }
    case 'allowWatchBookmarks':
    case 'sendInitialEvents':
    case 'force':
      options[name] = truth(value);
      return;
    case 'dryRun':
      if (kind === undefined) return;
      for (const finding of dryRunFindings([value])) throw refused(kind, finding);
      options.dryRun = true;
      return;
    case 'fieldValidation':
      if (kind === undefined || value === '') return;
      if (!FIELD_VALIDATIONS.includes(value)) throw refused(kind, notSupported('fieldValidation', value, FIELD_VALIDATIONS));
      options.fieldValidation = value as RequestOptions['fieldValidation'];
      return;
    default:
  }
}

function wholeNumber(value: string): number {
  const number = /^[+-]?\d{1,15}$/.test(value) ? Number(value) : undefined;
  return number ?? badNumber(value);
}

function badNumber(value: string): never {
  const why = /^[+-]?\d+$/.test(value) ? 'value out of range' : 'invalid syntax';
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${why}`);
}

/** As upstream reads booleans in queries: whatever is there and does not say no. */
export const truth = (value: string): boolean => value !== '0' && value.toLowerCase() !== 'false';
