import { truth } from '../../api/query-truth.ts';
import type { DeleteOptions, RequestOptions, Verb } from '../../api/transport.ts';
import { badRequest } from '../registry/errors.ts';
import { FIELD_VALIDATIONS } from '../registry/write-options.ts';

/** Query parameters as RequestOptions. Throws BadRequest for values that cannot be read; those that a write does not know are `unknown`. */
export function requestOptions(query: URLSearchParams, verb: Verb): RequestOptions {
  const options: RequestOptions = {};
  const known = KNOWN[verb];
  if (verb === 'get' && truth(query.get('export'))) throw badRequest(NO_EXPORT);
  // Of what is said twice the first counts.
  for (const name of known ? new Set(query.keys()) : []) if (known?.has(name)) read(options, name, query.get(name) ?? '');
  if (query.size > 0 && WRITES.has(verb)) readWriteOptions(options, query);
  return options;
}

const NO_EXPORT = 'the export parameter, deprecated since v1.14, is no longer supported';

const LIST_OPTIONS: ReadonlySet<string> = new Set([
  'labelSelector',
  'fieldSelector',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'limit',
  'timeoutSeconds',
  'allowWatchBookmarks',
  'sendInitialEvents',
]);
/** What the options of each verb have; anything else in the query says nothing. */
const KNOWN: Readonly<Partial<Record<Verb, ReadonlySet<string>>>> = {
  get: new Set(['resourceVersion']),
  list: LIST_OPTIONS,
  watch: LIST_OPTIONS,
  deletecollection: LIST_OPTIONS,
  create: new Set(['fieldManager']),
  update: new Set(['fieldManager']),
  patch: new Set(['fieldManager', 'force']),
};

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
  if (grace !== null) options.gracePeriodSeconds = wholeNumber(grace);
  const orphan = query.get('orphanDependents');
  if (orphan !== null) options.orphanDependents = truth(orphan);
  const policy = query.get('propagationPolicy');
  if (policy !== null) options.propagationPolicy = policy as DeleteOptions['propagationPolicy'];
  const dryRun = query.getAll('dryRun');
  if (dryRun.length > 0) options.dryRun = dryRun;
  const [uid, resourceVersion] = [query.get('uid'), query.get('resourceVersion')];
  if (uid || resourceVersion) options.preconditions = { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) };
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
      const number = wholeNumber(value);
      if (number > 0 || (number < 0 && name === 'timeoutSeconds')) options[name] = number;
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
  const isNumber = /^[+-]?\d+$/.test(value);
  const number = isNumber ? BigInt(value.replace('+', '')) : 0n;
  if (isNumber && BigInt.asIntN(64, number) === number) return Number(number);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${isNumber ? 'value out of range' : 'invalid syntax'}`);
}
