import type { Expr } from './ast.ts';
import type { Meter } from './budget.ts';
import type { CelError } from './errors.ts';
import type { FunctionTable } from './overloads.ts';
import { BYTES, type CelType, STRING } from './types.ts';
import { type CelValue, isMap, LazyMap, mapGet, mapKeys, mapSize } from './values.ts';

/** What one evaluation works on. */
export interface Frame {
  readonly bindings: Readonly<Record<string, CelValue>>;
  /** Variables of macros, by depth of nesting. */
  readonly slots: CelValue[];
  readonly meter: Meter;
}

/** An expression that was type-checked and made ready to run. */
export interface Plan {
  readonly type: CelType;
  readonly run: (frame: Frame) => CelValue;
  /** The most that it can cost, given the largest sizes that the types allow. */
  readonly cost: number;
}

export interface Variable {
  readonly type: CelType;
  /** undefined: a binding. */
  readonly slot?: number;
}

/** Names that are in reach at a place of an expression. */
export interface Scope {
  readonly depth: number;
  find(name: string): Variable | undefined;
}

/** What the parts of the planner know of each other. */
export interface Planner {
  readonly functions: FunctionTable;
  /** The fields of a message type, or undefined: no such type. */
  readonly struct: (name: string) => CelType | undefined;
  plan(expr: Expr, scope: Scope): Plan;
  error(at: number, message: string): CelError;
}

export function nested(scope: Scope, variables: readonly (readonly [string, CelType])[]): Scope {
  const own = new Map(variables.map(([name, type], i) => [name, { type, slot: scope.depth + i }]));
  return { depth: scope.depth + variables.length, find: (name) => own.get(name) ?? scope.find(name) };
}

/** Bodies of requests are not larger: so are strings whose size nothing bounds. */
export const MAX_SIZE = 3 * 1024 * 1024;

export function maxSizeOf(type: CelType): number {
  switch (type.is) {
    case 'list':
    case 'map':
    case 'sized':
      return type.maxSize ?? MAX_SIZE;
    case 'named':
      return type === STRING || type === BYTES || type.name === 'dyn' || type.name === 'string' ? MAX_SIZE : 1;
    default:
      return 1;
  }
}

export function sizeOf(value: CelValue): number {
  if (typeof value === 'string') return value.length;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (!isMap(value) || value instanceof LazyMap) return 1;
  return mapSize(value);
}

/** Values of JSON have no cycles, and those that expressions make cannot have any. */
export function deepSizeOf(value: CelValue): number {
  if (typeof value === 'string') return 1 + value.length * TEXT_SHARE;
  if (typeof value !== 'object' || value === null) return 1;
  if (value instanceof Uint8Array) return 1 + value.length * TEXT_SHARE;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + deepSizeOf(item), 1);
  if (value instanceof LazyMap || !isMap(value)) return 1;
  return mapKeys(value).reduce<number>((sum, key) => sum + 1 + deepSizeOf(mapGet(value, key)), 1);
}
/** A character costs a tenth of a value. */
const TEXT_SHARE = 0.1;

/** The type with a bound of its size, where it has one. */
export function withSize(type: CelType, maxSize: number): CelType {
  if (type.is === 'list' || type.is === 'map') return { ...type, maxSize };
  if (type.is === 'sized') return { ...type, maxSize };
  if (type.is === 'named' && (type.name === 'string' || type.name === 'bytes')) return { is: 'sized', name: type.name, maxSize };
  return type;
}
