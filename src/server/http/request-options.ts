import { truth } from '../../api/query-truth.ts';
import type { DeleteOptions, RequestOptions, Verb } from '../../api/transport.ts';
import { badRequest } from '../registry/errors.ts';
import { FIELD_VALIDATIONS } from '../registry/write-options.ts';

/** Query parameters as RequestOptions. Throws BadRequest for values that cannot be read; those that a write does not know are `unknown`. */
export function requestOptions(query: URLSearchParams, verb: Verb): RequestOptions {
  const options: RequestOptions = {};
  for (const [name, value] of query) read(options, name, value);
  if (query.size > 0 && WRITES.has(verb)) readWriteOptions(options, query);
  return options;
}

/** Deletions say in their DeleteOptions what they are. */
const WRITES: ReadonlySet<Verb> = new Set(['create', 'update', 'patch']);

function readWriteOptions(options: RequestOptions, query: URLSearchParams): void {
  const dryRun = query.getAll('dryRun');
  const validation = query.get('fieldValidation') ?? '';
  const known = FIELD_VALIDATIONS.find((each) => each === validation);
  const isKnown = dryRun.every((value) => value === 'All');
  if (dryRun.length > 0 && isKnown) options.dryRun = true;
  if (known) options.fieldValidation = known;
  const fieldValidation = known === undefined ? validation : undefined;
  if (!isKnown || fieldValidation !== undefined) {
    options.unknown = { ...(!isKnown && { dryRun }), ...(fieldValidation !== undefined && { fieldValidation }) };
  }
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
  const dryRun = query.getAll('dryRun');
  if (dryRun.length > 0) options.dryRun = dryRun;
  return Object.keys(options).length > 0 ? options : undefined;
}

function read(options: RequestOptions, name: string, value: string): void {
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
