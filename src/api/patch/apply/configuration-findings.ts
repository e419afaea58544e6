import { goText, goTypeOf } from '../../meta/go-text.ts';
import { type ApplyListType, type ApplyMapType, type ApplyType, isObject, partType } from './apply-type.ts';
import { elementOrFault, isElement } from './list-elements.ts';
import { printElement } from './path-element.ts';

/**
 * What is wrong with an applied configuration, each finding with its path, in upstream's words: fields that the schema lacks, values of another kind, elements that are there twice.
 */
export function configurationFindings(configuration: object, type: ApplyType): string[] {
  const findings: string[] = [];
  check(configuration, type, '', findings);
  return findings;
}

function check(value: unknown, type: ApplyType, path: string, findings: string[]): void {
  if (value === null || value === undefined) return;
  if (Array.isArray(value) && type.list) checkList(value, type.list, path, findings);
  else if (isObject(value) && type.map) checkMap(value, type.map, path, findings);
  else if (typeof value === 'object' || !fitsScalar(value, type.scalar))
    findings.push(`${path === '' ? '' : `${path}: `}${expected(value, type)}`);
}

function checkMap(value: Readonly<Record<string, unknown>>, map: ApplyMapType, path: string, findings: string[]): void {
  for (const [name, part] of Object.entries(value)) {
    const type = partType(map, name);
    if (!type) {
      findings.push(`${path}.${name}: field not declared in schema`);
      return;
    }
    check(part, type, `${path}.${name}`, findings);
  }
}

function checkList(value: readonly unknown[], list: ApplyListType, path: string, findings: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of value.entries()) {
    const element = list.relation === 'atomic' ? `i:${i}` : elementOrFault(list, item);
    if (!isElement(element)) {
      findings.push(`${path}: element ${i}: ${element}`);
      return;
    }
    if (seen.has(element)) findings.push(`${path}: duplicate entries for key ${printElement(element)}`);
    seen.add(element);
    check(item, list.items, `${path}${printElement(element)}`, findings);
  }
}

const KINDS = { numeric: ['number', 'bigint'], string: ['string'], boolean: ['boolean'] } as const satisfies Record<
  string,
  readonly string[]
>;

const fitsScalar = (value: unknown, scalar: ApplyType['scalar']): boolean =>
  scalar === 'untyped' || (scalar !== undefined && (KINDS[scalar] as readonly string[]).includes(typeof value));

/** Go prints what it met as its own types. */
function expected(value: unknown, { map, list, scalar }: ApplyType): string {
  if (map) return `expected map, got &{${goText(value)}}`;
  if (scalar === 'numeric') return `expected numeric (int or float), got ${goTypeOf(value)}`;
  if (scalar === 'string') return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  if (scalar === 'boolean') return `expected boolean, got &{${goText(value)}}`;
  return list ? `expected list, got &{${goText(value)}}` : `expected any scalar, got &{${goText(value)}}`;
}

function goSyntax(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isObject(value)) return value === null ? 'interface {}(nil)' : JSON.stringify(value);
  const parts = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`);
  return `map[string]interface {}{${parts.join(', ')}}`;
}

/** One finding stands by itself; several are listed. */
export const findingsText = (findings: readonly string[]): string =>
  findings.length === 1 ? (findings[0] as string) : ['errors:', ...findings.map((finding) => `  ${finding}`)].join('\n');
