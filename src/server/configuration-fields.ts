import { parse } from 'yaml';

/** Reads the configuration files of kube-apiserver field by field. Every function throws an Error that names the field. */

const MAX_YAML_ALIASES = 20;
export type Fields = Readonly<Record<string, unknown>>;

interface ConfigurationKind {
  readonly kind: string;
  readonly fields: readonly string[];
}

/** The fields of the file's one object, which must be of the kind in one of the versions of apiserver.config.k8s.io. */
export const configurationOf = (
  text: string,
  { versions, ...rest }: ConfigurationKind & { readonly versions: readonly string[] },
): Fields =>
  documentFields(parse(text, { maxAliasCount: MAX_YAML_ALIASES, logLevel: 'error' }), {
    ...rest,
    apiVersions: versions.map((version) => `apiserver.config.k8s.io/${version}`),
  });

/** The same of an object that was read already, of any group. `at`: where it lies in the file. */
export function documentFields(
  document: unknown,
  { apiVersions, kind, fields, at = '' }: ConfigurationKind & { readonly apiVersions: readonly string[]; readonly at?: string },
): Fields {
  const within = (field: string) => (at ? `${at}.${field}` : field);
  const config = fieldsOf(document, at, ['apiVersion', 'kind', ...fields]);
  if (!apiVersions.includes(textOf(config.apiVersion, within('apiVersion'))))
    fail(within('apiVersion'), `must be one of ${apiVersions.join(', ')}`);
  if (config.kind !== kind) fail(within('kind'), `must be ${kind}`);
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

/** Texts, none of them there twice. `fault`: what is wrong with one. */
export function textsOf(value: unknown, path: string, fault: (text: string) => string | undefined): readonly string[] {
  const texts = listOf(value, path).map((each, i) => {
    const text = textOf(each, `${path}[${i}]`);
    const why = fault(text);
    return why === undefined ? text : fail(`${path}[${i}]`, `Invalid value: ${JSON.stringify(text)}: ${why}`);
  });
  const again = texts.findIndex((text, i) => texts.indexOf(text) < i);
  return again < 0 ? texts : fail(`${path}[${again}]`, `Duplicate value: ${JSON.stringify(texts[again])}`);
}

export function wholeNumberOf(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  return Number.isInteger(value) ? (value as number) : fail(path, 'must be a whole number');
}

export function compiled<T>(path: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    return fail(path, `Invalid value: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}
