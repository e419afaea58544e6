import { type FieldError, fieldErrorText, invalid, required } from '../../api/meta/field-error.ts';
import { goDurationMs } from '../../base/go-duration.ts';

/** apiserver.config.k8s.io/v1 EncryptionConfiguration (Kubernetes: "Encrypting Confidential Data at Rest"), checked. */
export interface EncryptionPlan {
  readonly rules: readonly EncryptionRule[];
}

export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` (the core group), `*.*`. */
  readonly resources: readonly string[];
  /** The first one writes, all read. */
  readonly providers: readonly ProviderPlan[];
}

export interface Key {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** A KMS plugin on a Unix socket (API v2). */
export interface KmsPlan {
  readonly kind: 'kms';
  /** Unique. */
  readonly name: string;
  /** `unix:///run/kms.sock` */
  readonly endpoint: string;
  readonly timeoutMs: number;
}

export type ProviderPlan =
  | { readonly kind: 'identity' }
  | KmsPlan
  | { readonly kind: 'aescbc' | 'aesgcm' | 'secretbox'; readonly keys: readonly Key[] };

const KEY_BYTES = { aescbc: [16, 24, 32], aesgcm: [16, 24, 32], secretbox: [32] } as const;
const KINDS = ['kms', 'aesgcm', 'aescbc', 'secretbox', 'identity'];
const KMS_TIMEOUT_MS = 3000;
const WITHOUT_API = new Set(['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations']);
const API_VERSIONS = new Set(['apiserver.config.k8s.io/v1', 'v1']);

type Document = Record<string, unknown>;
const isDocument = (value: unknown): value is Document => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the document. Throws an Error, one sentence, that names every field that is wrong; secrets are never in it. */
export function planEncryption(document: unknown): EncryptionPlan {
  if (!isDocument(document) || document.kind !== 'EncryptionConfiguration' || !API_VERSIONS.has(String(document.apiVersion))) {
    throw new Error('it must be an EncryptionConfiguration of apiserver.config.k8s.io/v1');
  }
  const errors: FieldError[] = unknownFields(document, ['apiVersion', 'kind', 'resources'], '');
  const rules = listOf(document.resources, 'resources', errors).map((rule, i) => readRule(rule, `resources[${i}]`, errors));
  errors.push(...repeatedNames(rules));
  if (errors.length > 0) throw new Error(errors.map(fieldErrorText).join('; '));
  const masked = maskedResource(rules);
  if (masked) throw new Error(masked);
  return { rules };
}

/** Every KMS plugin that the plan names. */
export const kmsOf = ({ rules }: Pick<EncryptionPlan, 'rules'>): readonly KmsPlan[] =>
  rules.flatMap(({ providers }) => providers.filter((provider) => provider.kind === 'kms'));

function repeatedNames(rules: readonly EncryptionRule[]): FieldError[] {
  const found: FieldError[] = [];
  const names = new Set<string>();
  for (const [i, { providers }] of rules.entries()) {
    for (const [j, provider] of providers.entries()) {
      if (provider.kind !== 'kms' || provider.name === '') continue;
      const detail = `duplicate KMS provider name ${provider.name}, names must be unique`;
      if (names.has(provider.name)) found.push(invalid(`resources[${i}].providers[${j}].kms.name`, provider.name, detail));
      names.add(provider.name);
    }
  }
  return found;
}

/** A rule for what an earlier rule has taken already, with all of its group or with everything. */
function maskedResource(rules: readonly EncryptionRule[]): string | undefined {
  const before = new Set<string>();
  for (const resource of rules.flatMap(({ resources }) => resources)) {
    const { group } = groupResource(resource);
    const mask = [`*.${group}`, '*.*'].find((wider) => before.has(wider));
    if (mask) return `resource ${JSON.stringify(resource)} is masked by earlier rule ${JSON.stringify(mask)}`;
    before.add(resource);
  }
  return undefined;
}

const unknownFields = (document: Document, known: readonly string[], path: string): FieldError[] =>
  Object.keys(document)
    .filter((name) => !known.includes(name))
    .map((name) => ({ reason: 'FieldValueForbidden', path: `${path}${path && '.'}${name}`, message: 'unknown field' }));

function listOf(value: unknown, path: string, errors: FieldError[]): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  errors.push(required(path, `at least one ${path} is required`));
  return [];
}

function readRule(rule: unknown, path: string, errors: FieldError[]): EncryptionRule {
  if (!isDocument(rule)) {
    errors.push(invalid(path, rule, 'must be a list of resources and a list of providers'));
    return { resources: [], providers: [] };
  }
  errors.push(...unknownFields(rule, ['resources', 'providers'], path));
  const resources = listOf(rule.resources, `${path}.resources`, errors).map(String);
  resources.forEach((resource, i) => {
    const wrong = resourceFault(resource);
    if (wrong) errors.push(invalid(`${path}.resources[${i}]`, resource, wrong));
  });
  errors.push(...overlaps(resources, `${path}.resources`));
  const at = `${path}.providers`;
  const providers = listOf(rule.providers, at, errors).flatMap((provider, i) => readProvider(provider, `${at}[${i}]`, errors));
  return { resources, providers };
}

/** `deployments.apps` -> its parts, as apimachinery splits them. */
export function groupResource(text: string): { resource: string; group: string } {
  const dot = text.indexOf('.');
  return dot < 0 ? { resource: text, group: '' } : { resource: text.slice(0, dot), group: text.slice(dot + 1) };
}

function resourceFault(text: string): string | undefined {
  if (text !== text.toLowerCase()) return 'resource name should not contain capital letters';
  if (text === '*') return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (WITHOUT_API.has(text)) return 'resources which do not have REST API/s cannot be encrypted';
  const { resource, group } = groupResource(text);
  if (group === 'events.k8s.io') {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  }
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption";
  if (group === '*' && resource !== '*') return 'encrypting the same resource across groups is not supported';
  return undefined;
}

function overlaps(resources: readonly string[], path: string): FieldError[] {
  const found: FieldError[] = [];
  if (new Set(resources).size < resources.length)
    found.push(invalid(path, resources, 'the same resource cannot be specified multiple times'));
  const parts = resources.map(groupResource);
  const masks = parts.some(
    (one, i) =>
      one.resource === '*' &&
      parts.some((other, j) => i !== j && resources[i] !== resources[j] && (one.group === '*' || one.group === other.group)),
  );
  if (masks) {
    const detail = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
    found.push(invalid(path, resources, detail));
  }
  return found;
}

function readProvider(provider: unknown, path: string, errors: FieldError[]): ProviderPlan[] {
  const kinds = isDocument(provider) ? Object.keys(provider) : [];
  const [kind = ''] = kinds;
  if (kinds.length > 1)
    errors.push(invalid(path, kinds, 'more than one provider specified in a single element, should split into different list elements'));
  else if (!KINDS.includes(kind)) {
    errors.push(invalid(path, kinds, 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'));
  } else if (kind === 'kms') {
    const body = (provider as Document).kms;
    return readKms(isDocument(body) ? body : {}, `${path}.kms`, errors);
  } else if (kind === 'identity') return [{ kind }];
  else {
    const known = kind as keyof typeof KEY_BYTES;
    const body = (provider as Document)[kind];
    return [{ kind: known, keys: readKeys(isDocument(body) ? body.keys : undefined, `${path}.${kind}.keys`, KEY_BYTES[known], errors) }];
  }
  return [];
}

/** Defaults are upstream's: the API's version v1, which is off unless a feature gate asks for it, and 3 seconds. */
function readKms(body: Document, path: string, errors: FieldError[]): KmsPlan[] {
  errors.push(...unknownFields(body, ['apiVersion', 'name', 'cachesize', 'endpoint', 'timeout'], path));
  const { apiVersion = 'v1', name = '', endpoint = '', timeout = `${KMS_TIMEOUT_MS}ms`, cachesize } = body;
  if (apiVersion === 'v1') {
    const detail = 'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.';
    errors.push(invalid(`${path}.apiVersion`, apiVersion, detail));
  } else if (apiVersion !== 'v2') {
    errors.push(
      invalid(`${path}.apiVersion`, apiVersion, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported'),
    );
  } else if (cachesize !== undefined) errors.push(invalid(`${path}.cachesize`, cachesize, 'cachesize is not supported in v2'));
  if (name === '') errors.push(required(`${path}.name`, 'name is a mandatory field for a provider'));
  else if (String(name).includes(':'))
    errors.push(invalid(`${path}.name`, name, `invalid KMS provider name ${name}, must not contain ':'`));
  const timeoutMs = goDurationMs(String(timeout));
  if (timeoutMs === undefined || timeoutMs <= 0) errors.push(invalid(`${path}.timeout`, timeout, 'timeout should be a positive value'));
  const fault = endpointFault(String(endpoint));
  if (fault) errors.push(invalid(`${path}.endpoint`, endpoint, fault));
  return [{ kind: 'kms', name: String(name), endpoint: String(endpoint), timeoutMs: timeoutMs ?? KMS_TIMEOUT_MS }];
}

function endpointFault(endpoint: string): string | undefined {
  if (endpoint === '') return 'endpoint is a mandatory field for a kms';
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url) return `invalid endpoint for kms provider, error: parse ${JSON.stringify(endpoint)}: invalid URI`;
  const scheme = url.protocol.slice(0, -1);
  return scheme === 'unix' ? undefined : `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`;
}

function readKeys(keys: unknown, path: string, sizes: readonly number[], errors: FieldError[]): Key[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    errors.push(required(path, 'at least one keys is required'));
    return [];
  }
  return keys.map((key, i) => {
    const { name, secret } = isDocument(key) ? key : ({} as Document);
    if (!name) errors.push(required(`${path}[${i}].name`, 'name is a mandatory field for a key'));
    return { name: String(name), secret: readSecret(secret, `${path}[${i}].secret`, sizes, errors) };
  });
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readSecret(secret: unknown, path: string, sizes: readonly number[], errors: FieldError[]): Uint8Array {
  const text = typeof secret === 'string' ? secret.trim() : '';
  const bytes = BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
  if (text === '') errors.push(required(path, 'secret is a mandatory field for a key'));
  else if (!bytes) errors.push(invalid(path, 'REDACTED', 'secrets must be base64 encoded'));
  else if (!sizes.includes(bytes.length)) {
    errors.push(
      invalid(path, 'REDACTED', `secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(' ')}]`),
    );
  }
  return bytes ?? new Uint8Array();
}
