/** Types that are one name: primitives, well-known types and those that libraries bring (`net.IP`, `kubernetes.Quantity`). */
export interface NamedType {
  readonly is: 'named';
  readonly name: string;
}
export interface ListType {
  readonly is: 'list';
  readonly element: CelType;
}
export interface MapType {
  readonly is: 'map';
  readonly key: CelType;
  readonly value: CelType;
}
/** An object with known fields. `fields` are keyed as expressions write them; `property` is the name in JSON where it differs. */
export interface ObjectType {
  readonly is: 'object';
  readonly name: string;
  readonly fields: Readonly<Record<string, ObjectField>>;
  /** Any other field is there as well, of any type. */
  readonly open?: boolean;
}
export interface ObjectField {
  readonly type: CelType;
  readonly property?: string;
}
export interface OptionalType {
  readonly is: 'optional';
  readonly value: CelType;
}
/** The type of types: `type(1)` is `type(int)`. */
export interface MetaType {
  readonly is: 'type';
  readonly of: CelType;
}
/** `A` in the signature of a function. */
export interface ParamType {
  readonly is: 'param';
  readonly name: string;
}
export type CelType = NamedType | ListType | MapType | ObjectType | OptionalType | MetaType | ParamType;

const named = (name: string): NamedType => ({ is: 'named', name });

export const DYN = named('dyn');
/** Of a part that is wrong: it fits everywhere, so that one mistake is told once. */
export const ERROR = named('!error!');
export const NULL = named('null_type');
export const BOOL = named('bool');
export const INT = named('int');
export const UINT = named('uint');
export const DOUBLE = named('double');
export const STRING = named('string');
export const BYTES = named('bytes');
export const TIMESTAMP = named('google.protobuf.Timestamp');
export const DURATION = named('google.protobuf.Duration');

export const namedType = named;
export const listOf = (element: CelType): ListType => ({ is: 'list', element });
export const mapOf = (key: CelType, value: CelType): MapType => ({ is: 'map', key, value });
export const optionalOf = (value: CelType): OptionalType => ({ is: 'optional', value });
/** `fields` may be plain types: then the property has the field's name. */
export function objectType(name: string, fields: Readonly<Record<string, CelType | ObjectField>>): ObjectType {
  const entries = Object.entries(fields).map(([key, field]) => [key, 'is' in field ? { type: field } : field] as const);
  return { is: 'object', name, fields: Object.assign(Object.create(null), Object.fromEntries(entries)) };
}

/** An object of which nothing is known but its type's name. */
export const openType = (name: string): ObjectType => ({ is: 'object', name, fields: Object.create(null), open: true });

export const isDyn = (type: CelType): boolean => type.is === 'named' && (type.name === 'dyn' || type.name === ERROR.name);
export const isNamed = (type: CelType, name: string): boolean => type.is === 'named' && type.name === name;

/** As cel-go prints types in messages: `list(string)`, `map(string, dyn)`. */
export const showType = (type: CelType): string => print(type, (name) => SHOWN[name] ?? name);

/** By its own name: `null_type`, `list(dyn)`. */
export const nameType = (type: CelType): string => print(substitute(type, new Map()), (name) => name);

function print(type: CelType, show: (name: string) => string): string {
  switch (type.is) {
    case 'named':
    case 'object':
    case 'param':
      return show(type.name);
    case 'list':
      return `list(${print(type.element, show)})`;
    case 'map':
      return `map(${print(type.key, show)}, ${print(type.value, show)})`;
    case 'optional':
      return `optional_type(${print(type.value, show)})`;
    case 'type':
      return `type(${print(type.of, show)})`;
  }
}
const SHOWN: Readonly<Record<string, string>> = {
  null_type: 'null',
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
};

/** The name of a type without those of what is in it: `list`, `int`. */
export function kindOfType(type: CelType): string {
  if (type.is === 'optional') return 'optional_type';
  return 'name' in type ? type.name : type.is;
}

export type Bindings = Map<string, CelType>;

/**
 * Whether a value of `actual` may stand where `expected` is wanted; type parameters are bound on the way. `dyn` fits everywhere: then the
 * values decide.
 */
export function assignable(expected: CelType, actual: CelType, bindings: Bindings): boolean {
  if (expected.is === 'param') return bindParam(expected.name, actual, bindings);
  if (actual.is === 'param') return true;
  if (isDyn(expected) || isDyn(actual)) return true;
  switch (expected.is) {
    case 'named':
      return isNamed(actual, expected.name) || (isNamed(actual, 'null_type') && !PRIMITIVES.has(expected.name));
    case 'object':
      return (actual.is === 'object' && actual.name === expected.name) || isNamed(actual, 'null_type');
    case 'list':
      return actual.is === 'list' && assignable(expected.element, actual.element, bindings);
    case 'map':
      return actual.is === 'map' && assignable(expected.key, actual.key, bindings) && assignable(expected.value, actual.value, bindings);
    case 'optional':
      return (actual.is === 'optional' && assignable(expected.value, actual.value, bindings)) || isNamed(actual, 'null_type');
    case 'type':
      return actual.is === 'type';
  }
}
const PRIMITIVES = new Set(['bool', 'int', 'uint', 'double', 'string', 'bytes', 'type']);

function bindParam(name: string, actual: CelType, bindings: Bindings): boolean {
  const bound = bindings.get(name);
  if (!bound || isDyn(bound) || bound.is === 'param') {
    if (!bound || !isDyn(actual)) bindings.set(name, actual);
    return true;
  }
  if (assignable(bound, actual, bindings)) return true;
  if (!assignable(actual, bound, bindings)) return false;
  bindings.set(name, actual);
  return true;
}

/** The result type of a signature: parameters replaced by what they were bound to, or `dyn`. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.is) {
    case 'param':
      return bindings.get(type.name) ?? DYN;
    case 'list':
      return listOf(substitute(type.element, bindings));
    case 'map':
      return mapOf(substitute(type.key, bindings), substitute(type.value, bindings));
    case 'optional':
      return optionalOf(substitute(type.value, bindings));
    case 'type':
      return { is: 'type', of: substitute(type.of, bindings) };
    default:
      return type;
  }
}

/** Are these one type? `dyn` is one of its own here; an unbound parameter (the element of `[]`) may be any. */
export function equivalent(a: CelType, b: CelType): boolean {
  if (a.is === 'param' || b.is === 'param') return true;
  if (a.is === 'list' && b.is === 'list') return equivalent(a.element, b.element);
  if (a.is === 'map' && b.is === 'map') return equivalent(a.key, b.key) && equivalent(a.value, b.value);
  if (a.is === 'optional' && b.is === 'optional') return equivalent(a.value, b.value);
  return showType(a) === showType(b);
}

/** The type of either: one of them when they agree, else undefined. An unbound parameter (the element of `[]`) gives way. */
export function join(a: CelType, b: CelType): CelType | undefined {
  if (isDyn(a) || isDyn(b)) return DYN;
  if (a.is === 'param') return b;
  if (b.is === 'param') return a;
  if (a.is === 'list' && b.is === 'list') {
    const element = join(a.element, b.element);
    return element && listOf(element);
  }
  if (a.is === 'map' && b.is === 'map') {
    const key = join(a.key, b.key);
    const value = join(a.value, b.value);
    return key && value && mapOf(key, value);
  }
  if (a.is === 'optional' && b.is === 'optional') {
    const value = join(a.value, b.value);
    return value && optionalOf(value);
  }
  if (isNamed(a, 'null_type') && assignable(b, a, new Map())) return b;
  return assignable(a, b, new Map()) ? a : undefined;
}
