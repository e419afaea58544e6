import { type FieldError, forbidden, invalid, required, tooLong } from '../meta/field-error.ts';
import { checkImmutable, configKeyFindings, same } from '../meta/validation.ts';
import type { ConfigMap, Secret } from '../schema/generated/types.ts';

/** Of all values together, decoded. */
const MAX_DATA_BYTES = 1024 * 1024;

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;
const base64Bytes = (text: string): number => Math.floor((text.replace(/=+$/, '').length * 3) / 4);
const total = (data: Readonly<Record<string, string>> | undefined, size: (value: string) => number) =>
  Object.values(data ?? {}).reduce((sum, value) => sum + size(value), 0);

const checkKeys = (path: string, data: Readonly<Record<string, string>> | undefined): FieldError[] =>
  Object.keys(data ?? {}).flatMap((key) => configKeyFindings(key).map((finding) => invalid(`${path}[${key}]`, key, finding)));

/** Once `immutable` is set, it and the data stay as they are. */
function checkFrozen<T extends { immutable?: boolean }>(value: T, old: T, fields: readonly (keyof T & string)[]): FieldError[] {
  if (!old.immutable) return [];
  const detail = 'field is immutable when `immutable` is set';
  const errors = value.immutable ? [] : [forbidden('immutable', detail)];
  return [...errors, ...fields.filter((field) => !same(value[field], old[field])).map((field) => forbidden(field, detail))];
}

export function checkConfigMap(configMap: ConfigMap): FieldError[] {
  const { data, binaryData } = configMap;
  const twice = Object.keys(data ?? {}).filter((key) => binaryData && key in binaryData);
  const bytes = total(data, utf8Bytes) + total(binaryData, base64Bytes);
  return [
    ...checkKeys('data', data),
    ...twice.map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    ...checkKeys('binaryData', binaryData),
    ...(bytes > MAX_DATA_BYTES ? [tooLong('[]', MAX_DATA_BYTES)] : []),
  ];
}

export const checkConfigMapUpdate = (value: ConfigMap, old: ConfigMap): FieldError[] => [
  ...checkFrozen(value, old, ['data', 'binaryData']),
  ...checkConfigMap(value),
];

const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';
/** Keys that a Secret of this type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

/** A key for ssh must not be empty either. */
const has = (data: Readonly<Record<string, string>>, key: string, type: string) =>
  type === 'kubernetes.io/ssh-auth' ? Boolean(data[key]) : key in data;

const fromBase64 = (text: string) => new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)));

/** What is wrong with a text that should be a JSON object; Go's words for the usual mistakes. */
function jsonFinding(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
  } catch {
    const first = text.trimStart()[0];
    if (first === undefined) return 'unexpected end of JSON input';
    return /[[{"\d-]/.test(first) ? 'unexpected end of JSON input' : `invalid character '${first}' looking for beginning of value`;
  }
}

function checkType({ type = '', data = {}, metadata }: Secret): FieldError[] {
  if (type === 'kubernetes.io/service-account-token' && !metadata?.annotations?.[ACCOUNT_ANNOTATION]) {
    return [required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`)];
  }
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    return [required('data[username]'), required('data[password]')];
  }
  const errors = (REQUIRED_KEYS[type] ?? []).filter((key) => !has(data, key, type)).map((key) => required(`data[${key}]`));
  const [config] = REQUIRED_KEYS[type] ?? [];
  if (!config?.startsWith('.docker') || errors.length > 0) return errors;
  const finding = jsonFinding(fromBase64(data[config] ?? ''));
  return finding ? [invalid(`data[${config}]`, '<secret contents redacted>', finding)] : [];
}

export const checkSecret = (secret: Secret): FieldError[] => [
  ...checkKeys('data', secret.data),
  ...(total(secret.data, base64Bytes) > MAX_DATA_BYTES ? [tooLong('data', MAX_DATA_BYTES)] : []),
  ...checkType(secret),
];

export const checkSecretUpdate = (value: Secret, old: Secret): FieldError[] => [
  ...checkImmutable('type', value.type, old.type),
  ...checkFrozen(value, old, ['data']),
  ...checkSecret(value),
];

/** `stringData` is write-only: its values go into `data`, over what is there. */
export function mergeStringData(secret: Secret): void {
  for (const [key, value] of Object.entries(secret.stringData ?? {})) {
    secret.data ??= {};
    secret.data[key] = toBase64(value);
  }
  delete secret.stringData;
}

function toBase64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
