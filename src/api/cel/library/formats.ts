import {
  dns1035LabelFindings,
  dns1123LabelFindings,
  dns1123SubdomainFindings,
  labelValueFindings,
  qualifiedNameFindings,
} from '../../meta/names.ts';
import { CelError } from '../errors.ts';
import { func, method, type Overload, traverses } from '../overloads.ts';
import { CEL_TYPE, EQUALS, type NamedValue, NONE, Optional } from '../values.ts';
import { parseUrl } from './url.ts';

const TYPE = 'kubernetes.NamedFormat';
type Findings = (text: string) => readonly string[];

class Format implements NamedValue {
  readonly [CEL_TYPE] = TYPE;
  readonly name: string;
  readonly findings: Findings;
  constructor(name: string, findings: Findings) {
    this.name = name;
    this.findings = findings;
  }

  [EQUALS](other: unknown): boolean {
    return other instanceof Format && other.name === this.name;
  }
}

const matching =
  (pattern: RegExp, otherwise: string): Findings =>
  (text) =>
    pattern.test(text) ? [] : [otherwise];
/** A prefix may end in what a name may not. */
const prefix =
  (findings: Findings): Findings =>
  (text) =>
    findings(text.replace(/-$/, 'a'));

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d+)?([Zz]|[+-]\d\d:?\d\d)$/;

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function isDateTime(text: string): boolean {
  const match = DATE_TIME.exec(text);
  return match !== null && isDate(match[1] ?? '') && !Number.isNaN(Date.parse(`1970-01-01T${match[2]}Z`));
}

function uriFindings(text: string): readonly string[] {
  try {
    parseUrl(text);
    return [];
  } catch (e) {
    if (e instanceof CelError) return [e.message.replace('URL parse error during conversion from string: ', '')];
    throw e;
  }
}

const FORMATS: Readonly<Record<string, Findings>> = {
  dns1123Label: dns1123LabelFindings,
  dns1123Subdomain: dns1123SubdomainFindings,
  dns1035Label: dns1035LabelFindings,
  qualifiedName: qualifiedNameFindings,
  dns1123LabelPrefix: prefix(dns1123LabelFindings),
  dns1123SubdomainPrefix: prefix(dns1123SubdomainFindings),
  dns1035LabelPrefix: prefix(dns1035LabelFindings),
  labelValue: labelValueFindings,
  uri: uriFindings,
  uuid: matching(UUID, 'does not match the UUID format'),
  byte: (text) => (text === '' || BASE64.test(text) ? [] : ['invalid base64']),
  date: (text) => (isDate(text) ? [] : ['invalid date']),
  datetime: (text) => (isDateTime(text) ? [] : ['invalid datetime']),
};
const byName: ReadonlyMap<string, Format> = new Map(Object.entries(FORMATS).map(([name, findings]) => [name, new Format(name, findings)]));

export const formats: readonly Overload[] = [
  ...[...byName].map(([name, format]) => func(`format.${name}(): ${TYPE}`, () => format)),
  func(`format.named(string): optional<${TYPE}>`, (name: string) => new Optional(byName.get(name))),
  method(
    `${TYPE}.validate(string): optional<list<string>>`,
    (format: Format, text: string) => {
      const findings = format.findings(text);
      return findings.length === 0 ? NONE : new Optional(findings);
    },
    traverses(1),
  ),
];
