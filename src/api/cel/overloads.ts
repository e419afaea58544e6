import { type CelType, DYN, isDyn, listOf, mapOf, namedType, optionalOf } from './types.ts';
import { adopt, CEL_TYPE, type CelValue, Double, isMap, isNamedValue, Optional, TypeValue, Uint } from './values.ts';

/** What the cost of a call is reckoned from. Measuring takes time itself, so each is asked for only where it counts. */
export interface Measures {
  /** Of an argument: characters of text, items, entries; 1 for what has no size. */
  size(index: number): number;
  /** With all that is in it. */
  deep(index: number): number;
  /** At run time. */
  readonly args?: readonly CelValue[];
}

/** One signature of a function and what it does. */
export interface Overload {
  readonly name: string;
  readonly isMethod: boolean;
  /** The receiver of methods comes first. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly call: (args: readonly CelValue[]) => CelValue;
  /** What a call costs as cel-go counts. 1 if not told. */
  readonly cost?: (measures: Measures) => number;
  /** What it costs at run time at least: cel-go's costs do not look into values. */
  readonly burden?: (measures: Measures) => number;
  /** What only the call itself shows that it cost. Charged on top. */
  readonly after?: (args: readonly CelValue[], result: CelValue) => number;
}

export type FunctionTable = ReadonlyMap<string, readonly Overload[]>;
export type OverloadCosts = Pick<Overload, 'cost' | 'burden' | 'after'>;

/** cel-go: what passing over a byte of text, and over a byte of text with a regular expression, costs. */
const TRAVERSAL = 0.1;
const REGEX = 0.25;

/** Passes over the given arguments once. */
export const traverses = (...indexes: readonly number[]): OverloadCosts => ({
  cost: ({ size }) => 1 + Math.ceil(indexes.reduce((sum, i) => sum + size(i), 0) * TRAVERSAL),
});
/** Passes over the first argument and answers with at most as much. */
export const shrinks: OverloadCosts = traverses(0);
/** Answers with as much as the arguments together, after passing over them. */
export const concatenates: OverloadCosts = traverses(0, 1);
/** As upstream counts `contains`, `indexOf`: every place of one against all of the other. */
export const searches: OverloadCosts = {
  cost: ({ size }) => Math.ceil(size(0) * TRAVERSAL) * Math.max(1, Math.ceil(size(1) * TRAVERSAL)) + 1,
};
export const matchesRegex: OverloadCosts = {
  cost: ({ size }) => 1 + Math.ceil((1 + size(0)) * TRAVERSAL) * Math.max(1, Math.ceil(size(1) * REGEX)),
};
/** Looks at every pair of items of two lists. */
export const crosses: OverloadCosts = {
  cost: ({ size }) => 1 + size(0) * size(1),
  burden: ({ size, deep }) => Math.ceil(Math.min(size(0) * deep(1), size(1) * deep(0))),
};
/** Makes text that may be larger than what it is made of. */
export const growsText = (_: readonly CelValue[], result: CelValue): number =>
  typeof result === 'string' ? Math.ceil(result.length * TRAVERSAL) : 0;

/** `string.charAt(int): string`: a method. `impl` gets the receiver first; its parameters are what the signature says. */
export function method<A extends readonly CelValue[]>(
  signature: string,
  impl: (...args: A) => CelValue,
  costs: OverloadCosts = {},
): Overload {
  const { name, params, result } = readSignature(signature);
  const dot = name.lastIndexOf('.');
  const receiver = readType(name.slice(0, dot));
  return { name: name.slice(dot + 1), isMethod: true, params: [receiver, ...params], result, call: spread(impl), ...costs };
}

/** `math.abs(int): int`: a function; dots belong to the name. */
export function func<A extends readonly CelValue[]>(
  signature: string,
  impl: (...args: A) => CelValue,
  costs: OverloadCosts = {},
): Overload {
  return { ...readSignature(signature), isMethod: false, call: spread(impl), ...costs };
}

/** The one place where values, checked against the signature at run time, get the types that it states. */
const spread =
  <A extends readonly CelValue[]>(impl: (...args: A) => CelValue) =>
  (args: readonly CelValue[]): CelValue =>
    impl(...(args as unknown as A));

export function functionTable(...libraries: readonly (readonly Overload[])[]): FunctionTable {
  const table = new Map<string, Overload[]>();
  for (const overload of libraries.flat()) {
    const known = table.get(overload.name);
    if (known) known.push(overload);
    else table.set(overload.name, [overload]);
  }
  return table;
}

function readSignature(signature: string): Pick<Overload, 'name' | 'params' | 'result'> {
  const match = /^(.*?)\(([^)]*)\): (.+)$/.exec(signature);
  if (!match) throw new Error(`no signature: ${signature}`);
  const [, name = '', params = '', result = ''] = match;
  return { name, params: params === '' ? [] : splitTypes(params).map(readType), result: readType(result) };
}

function readType(text: string): CelType {
  const match = /^(list|map|optional|type)<(.+)>$/.exec(text);
  if (!match) return /^[A-Z]$/.test(text) ? { is: 'param', name: text } : namedType(text);
  const [first = DYN, second = DYN] = splitTypes(match[2] ?? '').map(readType);
  if (match[1] === 'list') return listOf(first);
  if (match[1] === 'map') return mapOf(first, second);
  return match[1] === 'optional' ? optionalOf(first) : { is: 'type', of: first };
}

function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '<') depth++;
    if (character === '>') depth--;
    if (character === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  return [...parts, part.trim()];
}

type Guard = (value: CelValue) => boolean;
const GUARDS: Readonly<Record<string, Guard>> = {
  dyn: () => true,
  null_type: (value) => value === null,
  bool: (value) => typeof value === 'boolean',
  int: (value) => typeof value === 'bigint',
  uint: (value) => value instanceof Uint,
  double: (value) => value instanceof Double,
  string: (value) => typeof value === 'string',
  bytes: (value) => value instanceof Uint8Array,
};

/** Whether a value may be passed where a parameter of this type is. Of lists and maps the first element tells. */
export function guardOf(type: CelType): Guard {
  switch (type.is) {
    case 'named':
    case 'object': {
      const { name } = type;
      return GUARDS[name] ?? ((value) => isNamedValue(value) && value[CEL_TYPE] === name);
    }
    case 'list': {
      // What is in lists of lists, whoever takes them looks at.
      if (type.element.is === 'param' || type.element.is === 'list' || isDyn(type.element)) return Array.isArray;
      const element = guardOf(type.element);
      return (value) => Array.isArray(value) && (value.length === 0 || element(adopt(value[0])));
    }
    case 'map':
      return isMap;
    case 'optional':
      return (value) => value instanceof Optional;
    case 'type':
      return (value) => value instanceof TypeValue;
    case 'param':
      return () => true;
  }
}
