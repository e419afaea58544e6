import type { RequestOptions } from '../../api/transport.ts';
import { badRequest } from '../registry/errors.ts';

/** Query parameters as RequestOptions. Throws BadRequest for values that cannot be read. */
export function requestOptions(query: URLSearchParams): RequestOptions {
  const options: RequestOptions = {};
  for (const [name, value] of query) read(options, name, value);
  return options;
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
    case 'timeoutSeconds':
      options[name] = wholeNumber(name, value);
      return;
    case 'allowWatchBookmarks':
    case 'sendInitialEvents':
    case 'force':
      options[name] = truth(name, value);
      return;
    case 'dryRun':
      if (value !== 'All') throw badRequest(`Invalid value: "${value}": dryRun: Unsupported value: "${value}": supported values: "All"`);
      options.dryRun = true;
      return;
    case 'fieldValidation':
      if (value === '') return;
      if (value !== 'Ignore' && value !== 'Warn' && value !== 'Strict') {
        throw badRequest(`fieldValidation: Unsupported value: "${value}": supported values: "Ignore", "Strict", "Warn"`);
      }
      options.fieldValidation = value;
      return;
    default:
  }
}

function wholeNumber(name: string, value: string): number | undefined {
  if (value === '') return undefined;
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw badRequest(`invalid value for ${name}: strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** Go's words for booleans in queries; present without a value means true. */
export function truth(name: string, value: string): boolean {
  if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw badRequest(`invalid value for ${name}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}
