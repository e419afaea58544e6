import { type FieldError, forbidden, invalidObject, notSupported } from '../../api/meta/field-error.ts';
import type { RequestOptions } from '../../api/transport.ts';

const PATH = 'resourceVersionMatch';
const WITH_CONTINUE = 'resourceVersionMatch is forbidden when continue is provided';

/** The rules of resourceVersionMatch and sendInitialEvents (KEP-2523, KEP-3157). Throws Invalid. */
export function checkListOptions(options: RequestOptions, verb: 'list' | 'watch'): void {
  const errors = verb === 'list' ? listFindings(options) : watchFindings(options);
  if (errors.length > 0) throw invalidObject('ListOptions', 'meta.k8s.io', '', errors);
}

function listFindings(options: RequestOptions): FieldError[] {
  const { resourceVersionMatch: match, resourceVersion, sendInitialEvents, continue: token } = options;
  const errors: FieldError[] = [];
  if (match !== undefined) {
    if (!resourceVersion) errors.push(forbidden(PATH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (token) errors.push(forbidden(PATH, WITH_CONTINUE));
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(PATH, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      errors.push(forbidden(PATH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function watchFindings({ resourceVersionMatch: match, sendInitialEvents, continue: token }: RequestOptions): FieldError[] {
  const errors: FieldError[] = [];
  const isNotOlder = match === 'NotOlderThan';
  if (sendInitialEvents !== undefined && !isNotOlder) {
    errors.push(forbidden(PATH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match === undefined) return errors;
  if (sendInitialEvents === undefined) {
    errors.push(forbidden(PATH, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  }
  if (!isNotOlder) errors.push(notSupported(PATH, match, ['NotOlderThan']));
  if (token) errors.push(forbidden(PATH, WITH_CONTINUE));
  return errors;
}
