import { labelValueFindings, qualifiedNameFindings } from './names.ts';
import type { LabelSelector } from './object.ts';
import { ApiError } from './status.ts';

export type LabelMatcher = (labels: Readonly<Record<string, string>> | undefined) => boolean;

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | '>' | '<' | 'exists' | '!';

/** One comma-separated part of a label selector. Unary operators have no values; all but the sets have exactly one. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** Selectors arrive in URLs; longer ones are refused before they are read. */
const MAX_SELECTOR_LENGTH = 64 * 1024;
const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt';

const refuse = (message: string): ApiError => new ApiError('BadRequest', message);
const refuseRequirement = (message: string): ApiError => refuse(`unable to parse requirement: ${message}`);

/**
 * Reads `a=b,c!=d,e in (x,y),f notin (z),g,!h,n>3`. Empty matches everything. Throws ApiError BadRequest in upstream's words.
 * Source: Kubernetes, "Labels and Selectors".
 */
export const parseLabelSelector = (text: string): LabelMatcher => requirementsMatcher(parseLabelRequirements(text));

/** The parts of a label selector, for callers that look one up in an index. Throws as parseLabelSelector does. */
export function parseLabelRequirements(text: string): LabelRequirement[] {
  if (text.length > MAX_SELECTOR_LENGTH) throw refuse(`label selector may not be more than ${MAX_SELECTOR_LENGTH} bytes`);
  const tokens = new Tokens(text);
  const requirements: LabelRequirement[] = [];
  while (tokens.peek() !== '') {
    if (!tokens.atIdentifier() && tokens.peek() !== '!') {
      throw refuse(`found '${tokens.peek()}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(checked(parseRequirement(tokens)));
    const end = tokens.next();
    if (end === '') break;
    if (end !== ',') throw refuse(`found '${end}', expected: ',' or 'end of string'`);
    if (!tokens.atIdentifier() && tokens.peek() !== '!') throw refuse(`found '${tokens.peek()}', expected: identifier after ','`);
  }
  return requirements;
}

/** Matches when every requirement does. */
export function requirementsMatcher(requirements: readonly LabelRequirement[]): LabelMatcher {
  const matchers = requirements.map(requirementMatcher);
  const [only] = matchers;
  if (!only) return () => true;
  if (matchers.length === 1) return only;
  return (labels) => matchers.every((matches) => matches(labels));
}

/** undefined matches nothing, `{}` everything. Throws ApiError BadRequest when an expression is malformed. */
export function labelSelectorMatcher(selector: LabelSelector | undefined): LabelMatcher {
  return selector === undefined ? () => false : requirementsMatcher(selectorRequirements(selector));
}

/** The text that parseLabelSelector reads back to the same set, sorted by key. undefined gives '', which matches everything. */
export function formatLabelSelector(selector: LabelSelector | undefined): string {
  return selectorRequirements(selector ?? {})
    .map((requirement, index) => ({ requirement, index }))
    .sort((a, b) => compareText(a.requirement.key, b.requirement.key) || a.index - b.index)
    .map(({ requirement }) => formatRequirement(requirement))
    .join(',');
}

export interface FieldRequirement {
  readonly field: string;
  readonly op: '=' | '!=';
  readonly value: string;
}

/** Reads `metadata.name=x,status.phase!=Running`; `\\`, `\,` and `\=` escape in values. Throws ApiError BadRequest. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  if (text.length > MAX_SELECTOR_LENGTH) throw refuse(`field selector may not be more than ${MAX_SELECTOR_LENGTH} bytes`);
  return splitUnescaped(text)
    .filter((term) => term !== '')
    .map((term) => {
      const match = /^((?:[^\\=!]|\\.|!(?!=))*)(==|=|!=)([\s\S]*)$/.exec(term);
      if (!match) throw refuse(`invalid selector: '${text}'; can't understand '${term}'`);
      const [, field = '', op, value = ''] = match;
      return { field, op: op === '!=' ? '!=' : '=', value: unescapeFieldValue(value) };
    });
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const INT64 = /^[+-]?[0-9]{1,19}$/;

function requirementMatcher({ key, operator, values }: LabelRequirement): LabelMatcher {
  const [first = ''] = values;
  switch (operator) {
    case '=':
    case '==':
      return (labels) => labelOf(labels, key) === first;
    case '!=':
      return (labels) => labelOf(labels, key) !== first;
    case 'in':
      return (labels) => isOneOf(values, labelOf(labels, key));
    case 'notin':
      return (labels) => !isOneOf(values, labelOf(labels, key));
    case 'exists':
      return (labels) => labelOf(labels, key) !== undefined;
    case '!':
      return (labels) => labelOf(labels, key) === undefined;
    case '>':
      return (labels) => compareInteger(labelOf(labels, key), first, 1);
    case '<':
      return (labels) => compareInteger(labelOf(labels, key), first, -1);
  }
}

const labelOf = (labels: Readonly<Record<string, string>> | undefined, key: string): string | undefined =>
  labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
const isOneOf = (values: readonly string[], value: string | undefined): boolean => value !== undefined && values.includes(value);

function compareInteger(value: string | undefined, bound: string, sign: 1 | -1): boolean {
  if (value === undefined || !INT64.test(value) || !INT64.test(bound)) return false;
  return sign === 1 ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
}

const EXPRESSION_OPERATORS: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

function selectorRequirements({ matchLabels = {}, matchExpressions = [] }: LabelSelector): LabelRequirement[] {
  const exact = Object.entries(matchLabels).map(([key, value]): LabelRequirement => ({ key, operator: '=', values: [value] }));
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    const known = EXPRESSION_OPERATORS[operator];
    if (!known) throw refuse(`"${operator}" is not a valid label selector operator`);
    return checked({ key, operator: known, values });
  });
  return [...exact, ...expressions];
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  if (operator === 'exists') return key;
  if (operator === '!') return `!${key}`;
  if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.toSorted(compareText).join(',')})`;
  return `${key}${operator}${values[0] ?? ''}`;
}

/** The findings of a requirement's key and values, in upstream's words. */
function checked(requirement: LabelRequirement): LabelRequirement {
  const { key, operator, values } = requirement;
  const findings: string[] = [];
  const report = (path: string, value: unknown, detail: string) =>
    findings.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`);
  const keyFindings = qualifiedNameFindings(key);
  if (keyFindings.length > 0) report('key', key, keyFindings.join('; '));
  if ((operator === 'in' || operator === 'notin') && values.length === 0) {
    report('values', [], "for 'in', 'notin' operators, values set can't be empty");
  }
  if ((operator === 'exists' || operator === '!') && values.length > 0) {
    report('values', values, 'values set must be empty for exists and does not exist');
  }
  values.forEach((value, index) => {
    if ((operator === '>' || operator === '<') && !INT64.test(value)) {
      report(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer");
    }
    const valueFindings = labelValueFindings(value);
    if (valueFindings.length > 0) report(`values[${index}][${key}]`, value, valueFindings.join('; '));
  });
  if (findings.length > 0) throw refuseRequirement(findings.length === 1 ? (findings[0] ?? '') : `[${findings.join(', ')}]`);
  return requirement;
}

const SYMBOLS = ['==', '!=', '=', '!', '(', ')', ',', '>', '<'];

/** The text cut into symbols and words; '' is its end. */
class Tokens {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/==|!=|[=!(),<>]|[^=!(),<>\s]+/g) ?? [];
  }

  peek(): string {
    return this.#tokens[this.#at] ?? '';
  }

  next(): string {
    const token = this.peek();
    this.#at++;
    return token;
  }

  atIdentifier(): boolean {
    return this.peek() !== '' && !SYMBOLS.includes(this.peek());
  }
}

function parseRequirement(tokens: Tokens): LabelRequirement {
  const negated = tokens.peek() === '!';
  if (negated) tokens.next();
  const isKey = tokens.atIdentifier();
  const key = tokens.next();
  if (!isKey) throw refuseRequirement(`found '${key}', expected: identifier`);
  const findings = qualifiedNameFindings(key);
  if (findings.length > 0) throw refuseRequirement(`<nil>: Invalid value: ${JSON.stringify(key)}: ${findings.join('; ')}`);
  if (negated) return { key, operator: '!', values: [] };
  if (tokens.peek() === '' || tokens.peek() === ',') return { key, operator: 'exists', values: [] };
  const operator = tokens.next();
  switch (operator) {
    case 'in':
    case 'notin':
      return { key, operator, values: parseValues(tokens) };
    case '=':
    case '==':
    case '!=':
    case '>':
    case '<':
      return { key, operator, values: [parseExactValue(tokens)] };
    default:
      throw refuseRequirement(`found '${operator}', expected: ${BINARY_OPERATORS}`);
  }
}

function parseExactValue(tokens: Tokens): string {
  if (tokens.peek() === '' || tokens.peek() === ',') return '';
  if (!tokens.atIdentifier()) throw refuseRequirement(`found '${tokens.peek()}', expected: identifier`);
  return tokens.next();
}

/** `(x,y)`; an empty place between commas is the empty value. */
function parseValues(tokens: Tokens): string[] {
  const open = tokens.next();
  if (open !== '(') throw refuseRequirement(`found '${open}' expected: '('`);
  const values = new Set<string>();
  for (;;) {
    values.add(tokens.atIdentifier() ? tokens.next() : '');
    const end = tokens.next();
    if (end === ')') return [...values].sort();
    if (end !== ',') throw refuseRequirement(`found '${end}', expected: ',' or ')'`);
  }
}

/** Cuts at commas that no backslash precedes. */
const splitUnescaped = (text: string): string[] => text.match(/(?:[^\\,]|\\[\s\S]?)+/g) ?? [];

function unescapeFieldValue(value: string): string {
  return value.replace(/\\([\s\S]?)|[=,]/g, (found, escaped: string | undefined) => {
    if (escaped === undefined) throw refuse(`invalid field selector: unescaped character in value: ${found.charCodeAt(0)}`);
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw refuse(`invalid field selector: invalid escape sequence: ${found}`);
    }
    return escaped;
  });
}
