import type { Expr } from './ast.ts';
import type { Meter } from './budget.ts';
import type { CelError } from './errors.ts';
import { type Estimate, type Path, type Size, type SizeAt, sizeOfPlace } from './estimate.ts';
import type { FunctionTable } from './overloads.ts';
import type { CelType } from './types.ts';
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
  readonly estimate: Estimate;
  /** Is the value written out? */
  readonly constant?: boolean;
  /** What is in a list or a map that is written out, keys before values; of `dyn(x)`, x. */
  readonly inside?: readonly Plan[];
}

/** What is wrong with an expression. One that has the wrong types is not looked at any further, and one that is wrong is not tried. */
export interface Issues {
  readonly types: CelError[];
  /** Values that are written out and cannot be what they are meant for. */
  readonly literals: CelError[];
  /** Items and entries of other types than the first: nobody minds where they are formatted. */
  readonly mixed: CelError[];
  /** What the expression would end with whenever it is run. */
  readonly constants: CelError[];
}

export interface Variable {
  readonly type: CelType;
  /** undefined: a binding. */
  readonly slot?: number;
  readonly path: Path;
  /** What is known of its size besides what is declared. */
  readonly size?: Size | undefined;
}

/** Names that are in reach at a place of an expression. */
export interface Scope {
  readonly depth: number;
  find(name: string): Variable | undefined;
}

/** What is reached by names and positions alone costs what the way there does. */
export function estimatePlace({ sizeAt }: Planner, { path, type, size }: Omit<Variable, 'slot'>, cost = 1): Estimate {
  return { cost, size: sizeOfPlace(path, type, sizeAt, size), path };
}

/** What the parts of the planner know of each other. */
export interface Planner {
  readonly functions: FunctionTable;
  /** The fields of a message type, or undefined: no such type. */
  readonly struct: (name: string) => CelType | undefined;
  readonly sizeAt: SizeAt;
  plan(expr: Expr, scope: Scope): Plan;
  /** To throw where a part has no type for what is wrong with it. */
  error(at: number, message: string): CelError;
  readonly issues: Issues;
}

export function nested(scope: Scope, variables: readonly (readonly [string, Omit<Variable, 'slot'>])[]): Scope {
  const own = new Map(variables.map(([name, variable], i) => [name, { ...variable, slot: scope.depth + i }]));
  return { depth: scope.depth + variables.length, find: (name) => own.get(name) ?? scope.find(name) };
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
