import { type FieldError, invalid, required } from './field-error.ts';
import { dns1123SubdomainFindings } from './names.ts';
import { found } from './validation.ts';

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

/** `example.com/name`: who looks after the object. */
export function checkDomainPrefixedPath(path: string, value: string): FieldError[] {
  if (!value) return [required(path)];
  const slash = value.indexOf('/');
  const [host, rest] = [value.slice(0, slash), value.slice(slash + 1)];
  if (slash <= 0 || !rest) return [invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const errors = found(path, host, dns1123SubdomainFindings(host));
  if (new RegExp(`^${HTTP_PATH}$`).test(rest)) return errors;
  return [...errors, invalid(path, rest, `Invalid path (regex used for validation is '${HTTP_PATH}')`)];
}
