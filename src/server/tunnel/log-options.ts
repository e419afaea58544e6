import { type FieldError, forbidden, invalid, invalidObject } from '../../api/meta/field-error.ts';
import { badRequest } from '../registry/errors.ts';

const LARGEST = 2n ** 63n - 1n;

/** undefined: it is not asked for. Throws BadRequest in the words of Go's strconv. */
function whole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > LARGEST || value < -LARGEST - 1n) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(value);
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const noTime = (text: string) => `parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`;

/** Throws BadRequest and Invalid for PodLogOptions that make no sense (kubernetes, ValidatePodLogOptions), before anybody is asked for the log. */
export function checkLogOptions(query: URLSearchParams, pod: string): void {
  const [tailLines, limitBytes, sinceSeconds] = ['tailLines', 'limitBytes', 'sinceSeconds'].map((name) => whole(query, name));
  const sinceTime = query.get('sinceTime');
  if (sinceTime && !RFC3339.test(sinceTime)) throw badRequest(noTime(JSON.stringify(sinceTime)));
  const both = sinceSeconds !== undefined && query.get('sinceTime');
  const positive = (path: string, value: number | undefined): FieldError[] =>
    value !== undefined && value < 1 ? [invalid(path, value, 'must be greater than 0')] : [];
  const errors = [
    ...(tailLines !== undefined && tailLines < 0 ? [invalid('tailLines', tailLines, 'must be greater than or equal to 0')] : []),
    ...positive('limitBytes', limitBytes),
    // Upstream has no name for the whole of the options.
    ...(both ? [forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified')] : positive('sinceSeconds', sinceSeconds)),
  ];
  if (query.get('stream')) errors.push(forbidden('stream', 'may not be specified'));
  if (errors.length > 0) throw invalidObject('PodLogOptions', '', pod, errors);
}
