/**
 * The formats of names, label keys and label values. Each check answers with findings in upstream's words (apimachinery,
 * util/validation); none means valid. Source: Kubernetes, "Object Names and IDs" and "Labels and Selectors".
 */

interface Format {
  readonly sentence: string;
  readonly regex: string;
  readonly examples: readonly string[];
}

const DNS1123_LABEL: Format = {
  sentence:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  regex: '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
  examples: ['my-name', '123-abc'],
};
const DNS1123_SUBDOMAIN: Format = {
  sentence:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  regex: '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
  examples: ['example.com'],
};
const UNDERSCORED_SUBDOMAIN: Format = {
  sentence:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
  regex: '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*',
  examples: ['example.com'],
};
const WILDCARD_SUBDOMAIN: Format = {
  sentence:
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  regex: '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
  examples: ['*.example.com'],
};
const DNS1035_LABEL: Format = {
  sentence:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  regex: '[a-z]([-a-z0-9]*[a-z0-9])?',
  examples: ['my-name', 'abc-123'],
};
const QUALIFIED_NAME: Format = {
  sentence: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  regex: '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
  examples: ['MyName', 'my.name', '123-abc'],
};
const LABEL_VALUE: Format = {
  sentence:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  regex: '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?',
  examples: ['MyValue', 'my_value', '12345'],
};

export const MAX_LABEL_LENGTH = 63;
export const MAX_SUBDOMAIN_LENGTH = 253;

const explain = (format: Format): string =>
  `${format.sentence} (e.g. ${format.examples.map((example) => `'${example}', `).join(' or ')}regex used for validation is '${format.regex}')`;
const tooLong = (limit: number, unit: Unit): string => `must be no more than ${limit} ${unit}`;
/** Upstream counts bytes always; it says "characters" wherever the check is older than its label formats. */
type Unit = 'bytes' | 'characters';

/** Longer texts are no names, whatever they are like: patterns run over bounded texts. */
const MAX_TESTED_LENGTH = 64 * 1024;

/** All formats are ASCII, so a valid text's length is its bytes. */
function check(format: Format, maxLength: number, unit: Unit = 'characters'): (value: string) => string[] {
  const pattern = new RegExp(`^(?:${format.regex})$`);
  const sentence = explain(format);
  return (value) => {
    if (value.length <= maxLength) return pattern.test(value) ? [] : [sentence];
    return value.length <= MAX_TESTED_LENGTH && pattern.test(value) ? [tooLong(maxLength, unit)] : [tooLong(maxLength, unit), sentence];
  };
}

const labelFindings = check(DNS1123_LABEL, MAX_LABEL_LENGTH);
const DOTTED = new RegExp(`^(?:${DNS1123_SUBDOMAIN.regex})$`);
const dottedSentence = explain(DNS1123_LABEL);

/** Namespaces, container names, ports: `my-name`, at most 63 bytes. */
export function dns1123LabelFindings(value: string): string[] {
  const findings = labelFindings(value);
  if (findings.length === 0 || value.length > MAX_SUBDOMAIN_LENGTH || !DOTTED.test(value)) return findings;
  return findings.map((finding) => (finding === dottedSentence ? 'must not contain dots' : finding));
}
/** Most object names: `my.name`, at most 253 bytes. */
export const dns1123SubdomainFindings = check(DNS1123_SUBDOMAIN, MAX_SUBDOMAIN_LENGTH);
/** The same where upstream declares the rule (k8s-long-name), which counts in bytes. */
export const longNameFindings = check(DNS1123_SUBDOMAIN, MAX_SUBDOMAIN_LENGTH, 'bytes');
/** Search paths of DNS: a subdomain whose labels may have underscores. */
export const underscoredSubdomainFindings = check(UNDERSCORED_SUBDOMAIN, MAX_SUBDOMAIN_LENGTH);
/** Hosts of an Ingress: `*.example.com`. */
export const wildcardSubdomainFindings = check(WILDCARD_SUBDOMAIN, MAX_SUBDOMAIN_LENGTH);
/** Service names: a label that starts with a letter. */
export const dns1035LabelFindings = check(DNS1035_LABEL, MAX_LABEL_LENGTH);
/** The value of a label; empty is valid. */
export const labelValueFindings = check(LABEL_VALUE, MAX_LABEL_LENGTH, 'bytes');

const namePartFindings = check(QUALIFIED_NAME, MAX_LABEL_LENGTH, 'bytes');
const prefixFindings = check(DNS1123_SUBDOMAIN, MAX_SUBDOMAIN_LENGTH, 'bytes');

const SHORT_QUALIFIED_NAME = new RegExp(`^(?:${DNS1123_SUBDOMAIN.regex}/)?(?:${QUALIFIED_NAME.regex})$`);

/** Label and annotation keys, resource names, finalizers: `name` or `example.com/name`. */
export function qualifiedNameFindings(key: string): string[] {
  // Nothing can be too long in it.
  if (key.length <= MAX_LABEL_LENGTH && SHORT_QUALIFIED_NAME.test(key)) return [];
  const parts = key.split('/', 3);
  if (parts.length > 2) {
    return [`a valid label key ${explain(QUALIFIED_NAME)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const [first = '', second] = parts;
  const [prefix, name] = second === undefined ? [undefined, first] : [first, second];
  const findings: string[] = [];
  if (prefix === '') findings.push('prefix part must be non-empty');
  else if (prefix !== undefined) findings.push(...prefixFindings(prefix).map((finding) => `prefix part ${finding}`));
  if (name === '') findings.push('name part must be non-empty');
  return [...findings, ...namePartFindings(name).map((finding) => `name part ${finding}`)];
}

/** Names that only must not break URLs (RBAC objects). */
export function pathSegmentFindings(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((character) => name.includes(character)).map((character) => `may not contain '${character}'`);
}
