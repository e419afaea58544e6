import { checkCsiDriverName } from '../core/validation-volume-sources.ts';
import { duplicate, type FieldError, invalid, required, tooLong, tooMany } from '../meta/field-error.ts';
import { dns1123SubdomainFindings, MAX_SUBDOMAIN_LENGTH } from '../meta/names.ts';
import { found } from '../meta/validation.ts';

/** Lists, sets, maps and names as upstream checks them in the kinds of resource.k8s.io (kubernetes, pkg/apis/resource/validation). */

type Check<T> = (item: T, path: string) => FieldError[];

/** A list that is too long is not looked into. */
export function checkList<T>(path: string, list: readonly T[] | undefined, most: number, check: Check<T>): FieldError[] {
  if (!list) return [];
  if (list.length > most) return [tooMany(path, list.length, most)];
  return list.flatMap((item, i) => check(item, `${path}[${i}]`));
}

export function checkSet<T>(
  path: string,
  list: readonly T[] | undefined,
  { most, check, keyOf }: { readonly most: number; readonly check: Check<T>; readonly keyOf: (item: T) => string },
): FieldError[] {
  const errors = checkList(path, list, most, check);
  if (!list || list.length > most) return errors;
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    const key = keyOf(item);
    if (seen.has(key)) errors.push(duplicate(`${path}[${i}]`, key));
    seen.add(key);
  }
  return errors;
}

export function checkMap<T>(
  path: string,
  map: Readonly<Record<string, T>> | undefined,
  {
    most,
    longestKey,
    key,
    check,
  }: { readonly most: number; readonly longestKey: number; readonly key: Check<string>; readonly check: Check<T> },
): FieldError[] {
  const entries = Object.entries(map ?? {});
  if (entries.length > most) return [tooMany(path, entries.length, most)];
  return entries.flatMap(([name, item]) => [...key(name, path), ...check(item, `${path}[${shortened(name, longestKey)}]`)]);
}

/** As much of a text that is too long as a path shows: its beginning and its end. */
function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const left = longest - '...'.length;
  return `${text.slice(0, Math.ceil(left / 2))}...${text.slice(text.length - Math.floor(left / 2))}`;
}

export function checkPoolName(path: string, name = ''): FieldError[] {
  if (name === '') return [required(path)];
  return [
    ...(name.length > MAX_SUBDOMAIN_LENGTH ? [tooLong(path, MAX_SUBDOMAIN_LENGTH)] : []),
    ...name.split('/').flatMap((part) => found(path, part, dns1123SubdomainFindings(part))),
  ];
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const HEX = /^[0-9a-f]+$/i;
const NORMAL_UID = 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters';

export function checkUid(path: string, uid: string): FieldError[] {
  const fault = uuidFault(uid);
  if (fault) return [invalid(path, uid, `error validating uid: ${fault}`)];
  return UUID.test(uid) && uid === uid.toLowerCase() ? [] : [invalid(path, uid, NORMAL_UID)];
}

/** Why Go's uuid package does not read it; it reads the forms with a prefix, in braces, and without hyphens as well. */
function uuidFault(uid: string): string | undefined {
  const fault = (bare: string) => (UUID.test(bare) ? undefined : 'invalid UUID format');
  switch (uid.length) {
    case 36:
      return fault(uid);
    case 45:
      return /^urn:uuid:/i.test(uid) ? fault(uid.slice(9)) : `invalid urn prefix: ${JSON.stringify(uid.slice(0, 9))}`;
    case 38:
      return /^\{.*\}$/.test(uid) ? fault(uid.slice(1, -1)) : 'invalid bracketed UUID format';
    case 32:
      return HEX.test(uid) ? undefined : 'invalid UUID format';
    default:
      return `invalid UUID length: ${uid.length}`;
  }
}

const MAX_ID_LENGTH = 32;
const C_IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NO_IDENTIFIER =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";

const checkIdentifier = (path: string, id: string): FieldError[] => [
  ...(id.length > MAX_ID_LENGTH ? [tooLong(path, MAX_ID_LENGTH)] : []),
  ...(C_IDENTIFIER.test(id) ? [] : [invalid(path, id, NO_IDENTIFIER)]),
];

/** `name` or `domain/name`: how drivers call what their devices have. */
export function checkDeviceFieldName(name: string, path: string): FieldError[] {
  const [first = '', second, ...rest] = name.split('/');
  // Upstream lets more than one slash pass, which is one of its known faults: what is stored there is to be taken here.
  if (rest.length > 0) return [];
  if (second === undefined) return checkIdentifier(path, first);
  return [
    ...(first === '' ? [invalid(path, '', 'the domain must not be empty')] : checkCsiDriverName(path, first)),
    ...(second === '' ? [invalid(path, '', 'the name must not be empty')] : checkIdentifier(path, second)),
  ];
}

export const checkFullDeviceFieldName = (path: string, name: string): FieldError[] => [
  ...checkDeviceFieldName(name, path),
  ...(name.includes('/') ? [] : [invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash')]),
];
