import { type FieldError, forbidden, invalid, notSupported, required, tooLong } from './field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, labelValueFindings, qualifiedNameFindings } from './names.ts';
import type { LabelSelector, ObjectMeta } from './object.ts';

/** Checks that many kinds share. Each answers with findings; none means valid. */

export const found = (path: string, value: unknown, findings: readonly string[]): FieldError[] =>
  findings.map((f) => invalid(path, value, f));

/** What is absent is the empty name, as in Go. */
export const checkLabel = (path: string, value = ''): FieldError[] => found(path, value, dns1123LabelFindings(value));
export const checkSubdomain = (path: string, value = ''): FieldError[] => found(path, value, dns1123SubdomainFindings(value));
export const checkQualifiedName = (path: string, value = ''): FieldError[] => found(path, value, qualifiedNameFindings(value));

/** A value of a closed set. Absent values are somebody else's to require. */
export const checkEnum = (path: string, value: string | undefined, supported: readonly string[]): FieldError[] =>
  value === undefined || supported.includes(value) ? [] : [notSupported(path, value, supported)];

export const checkNonNegative = (path: string, value: number | undefined): FieldError[] =>
  value === undefined || value >= 0 ? [] : [invalid(path, value, 'must be greater than or equal to 0')];

export const checkRange = (path: string, value: number | undefined, min: number, max: number): FieldError[] =>
  value === undefined || (value >= min && value <= max) ? [] : [invalid(path, value, `must be between ${min} and ${max}, inclusive`)];

export const MAX_PORT = 65_535;
export const checkPort = (path: string, value: number | undefined): FieldError[] => checkRange(path, value, 1, MAX_PORT);

export function checkLabels(path: string, labels: Readonly<Record<string, string>> | undefined): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...found(path, key, qualifiedNameFindings(key)),
    ...found(path, value, labelValueFindings(value)),
  ]);
}

/** Names and values of all annotations of an object together (apimachinery, validation.TotalAnnotationSizeLimitB). */
const ANNOTATIONS_LIMIT_BYTES = 256 * 1024;
const encoder = new TextEncoder();
export const utf8Bytes = (text: string): number => encoder.encode(text).length;

export function checkAnnotations(path: string, annotations: Readonly<Record<string, string>> | undefined): FieldError[] {
  if (!annotations) return [];
  const entries = Object.entries(annotations);
  const errors = entries.flatMap(([key]) => found(path, key, qualifiedNameFindings(key.toLowerCase())));
  // Three bytes for a character at most: short annotations need not be counted exactly.
  const characters = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (characters * 3 <= ANNOTATIONS_LIMIT_BYTES) return errors;
  const bytes = entries.reduce((sum, [key, value]) => sum + utf8Bytes(key) + utf8Bytes(value), 0);
  return bytes > ANNOTATIONS_LIMIT_BYTES ? [...errors, tooLong(path, ANNOTATIONS_LIMIT_BYTES)] : errors;
}

/** In the order of Go's struct. */
const NOT_OF_TEMPLATES = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const;

/** Of what is made from a template a client chooses no more than labels and annotations (upstream: core/validation, ValidateTemplateObjectMeta). */
export function checkTemplateMetadata(path: string, metadata: ObjectMeta = {}): FieldError[] {
  const others = NOT_OF_TEMPLATES.filter((field) => metadata[field] !== undefined);
  return [
    ...checkAnnotations(`${path}.annotations`, metadata.annotations),
    ...checkLabels(`${path}.labels`, metadata.labels),
    ...others.map((field) => forbidden(`${path}.${field === 'uid' ? 'uID' : field}`, 'cannot be set')),
  ];
}

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

export function checkLabelSelector(path: string, selector: LabelSelector | undefined): FieldError[] {
  const errors = checkLabels(`${path}.matchLabels`, selector?.matchLabels);
  for (const [index, { key, operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (!OPERATORS.includes(operator)) errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'));
    errors.push(...checkOperands(at, operator, values), ...found(`${at}.key`, key ?? '', qualifiedNameFindings(key ?? '')));
    for (const [i, value] of values.entries()) errors.push(...found(`${at}.values[${i}]`, value, labelValueFindings(value)));
  }
  return errors;
}

/** `In` and `NotIn` need values; `Exists` and `DoesNotExist` take none. */
export function checkOperands(path: string, operator: string, values: readonly string[]): FieldError[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  }
  return [];
}

export const isEmptySelector = (selector: LabelSelector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions?.length ?? 0) === 0;

/**
 * Structural equality of JSON values in their stored form. A list or map that is absent equals one that is empty, as the wire format does not tell them apart; a zero is stored
 * only where it says something (`optional: false`), and equals itself alone.
 */
export function same(a: unknown, b: unknown): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!same(left[key], own(right, key))) return false;
  for (const key in right) if (!Object.hasOwn(left, key) && !isEmpty(right[key])) return false;
  return true;
}

const own = (object: Record<string, unknown>, key: string): unknown => (Object.hasOwn(object, key) ? object[key] : undefined);

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  for (const _ in value) return false;
  return true;
}

/** `field is immutable`. */
export const checkImmutable = (path: string, value: unknown, old: unknown): FieldError[] =>
  same(value, old) ? [] : [invalid(path, value, 'field is immutable')];

/** IANA service names, as ports are called: lower case, at most 15 characters, at least one letter. */
export function portNameFindings(name: string): string[] {
  const findings: string[] = [];
  if (name.length > 15) findings.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name)) findings.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) findings.push('must contain at least one letter (a-z)');
  if (name.includes('--')) findings.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) findings.push('must not begin or end with a hyphen');
  return findings;
}

const PERCENT = /^[0-9]+%$/;
const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A non-negative integer, or a percentage. */
export function checkIntOrPercent(path: string, value: number | string | undefined): FieldError[] {
  if (typeof value === 'number') return checkNonNegative(path, value);
  return value === undefined || PERCENT.test(value) ? [] : [invalid(path, value, PERCENT_RULE)];
}

/** The number in front of the percent sign; other texts are no percentage and have no number. */
export const percentOf = (value: number | string | undefined): number | undefined =>
  typeof value === 'string' && PERCENT.test(value) ? Number.parseInt(value, 10) : undefined;

export const checkAtMostAll = (path: string, value: number | string | undefined): FieldError[] =>
  (percentOf(value) ?? 0) > 100 ? [invalid(path, value, 'must not be greater than 100%')] : [];

/** A port by number or by name. */
export function checkPortNumberOrName(path: string, value: number | string | undefined): FieldError[] {
  if (typeof value === 'number') return checkPort(path, value);
  return value === undefined ? [] : found(path, value, portNameFindings(value));
}

/** Keys of ConfigMaps and Secrets: they become file names. */
export function configKeyFindings(key: string): string[] {
  const findings: string[] = [];
  if (key.length > 253) findings.push('must be no more than 253 characters');
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    findings.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === '.') findings.push("must not be '.'");
  if (key === '..') findings.push("must not be '..'");
  else if (key.startsWith('..')) findings.push("must not start with '..'");
  return findings;
}
