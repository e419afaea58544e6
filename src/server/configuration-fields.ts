import { parse } from 'yaml';

/** Reads the configuration files of apiserver.config.k8s.io field by field. Every function throws an Error that names the field. */

const MAX_YAML_ALIASES = 20;
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of the file's one object, which must be of the kind in one of the versions. */
export function configurationOf(
  text: string,
  { kind, versions, fields }: { readonly kind: string; readonly versions: readonly string[]; readonly fields: readonly string[] },
): Fields {
  const config = fieldsOf(parse(text, { maxAliasCount: MAX_YAML_ALIASES, logLevel: 'error' }), '', ['apiVersion', 'kind', ...fields]);
  const known = versions.map((version) => `apiserver.config.k8s.io/${version}`);
  if (!known.includes(textOf(config.apiVersion, 'apiVersion'))) fail('apiVersion', `must be one of ${known.join(', ')}`);
  if (config.kind !== kind) fail('kind', `must be ${kind}`);
  return config;
}

export function fail(path: string, why: string): never {
  throw new Error(`${path}: ${why}`);
}

export function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) fail(path || 'the file', 'must be a map');
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) fail(path ? `${path}.${unknown}` : unknown, 'unknown field');
  return value as Fields;
}

export function listOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : fail(path, 'must be a list');
}

export function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : fail(path, 'must be a string');
}

export function compiled<T>(path: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    return fail(path, `Invalid value: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}
