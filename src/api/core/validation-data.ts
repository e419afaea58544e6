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

export const checkConfigMapUpdate = (value: ConfigMap, old: ConfigMap): FieldError[] => checkFrozen(value, old, ['data', 'binaryData']);

const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';
/** Keys that a Secret of this type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function checkType({ type = '', data = {}, metadata }: Secret): FieldError[] {
  if (type === 'kubernetes.io/service-account-token' && !metadata?.annotations?.[ACCOUNT_ANNOTATION]) {
    return [required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`)];
  }
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    return [required('data[username]'), required('data[password]')];
  }
  return (REQUIRED_KEYS[type] ?? []).filter((key) => !(key in data)).map((key) => required(`data[${key}]`));
}

export const checkSecret = (secret: Secret): FieldError[] => [
  ...checkKeys('data', secret.data),
  ...(total(secret.data, base64Bytes) > MAX_DATA_BYTES ? [tooLong('data', MAX_DATA_BYTES)] : []),
  ...checkType(secret),
];

export const checkSecretUpdate = (value: Secret, old: Secret): FieldError[] => [
  ...checkImmutable('type', value.type, old.type),
  ...checkFrozen(value, old, ['data']),
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
