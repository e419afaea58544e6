import type { Expr } from './ast.ts';
import { coercion } from './coerce.ts';
import { runtimeError } from './errors.ts';
import { ONE } from './estimate.ts';
import { estimatePlace, type Plan, type Planner, type Scope } from './plan.ts';
import { TYPE_NAMES } from './type-names.ts';
import { BOOL, type CelType, DYN, isDyn, isNamed, optionalOf, showType } from './types.ts';
import { adopt, type CelValue, Double, isMap, kindOf, mapGet, NONE, Optional, TypeValue, Uint } from './values.ts';

/** `a.b.c` as text, when it is nothing but names. */
export function pathOf(expr: Expr): string | undefined {
  if (expr.is === 'ident') return expr.name;
  if (expr.is !== 'select' || expr.optional) return undefined;
  const operand = pathOf(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

/** The name of a type, where one stands for it. */
export function typePlan(planner: Planner, name: string, named: CelType): Plan {
  const value = new TypeValue(named);
  const type: CelType = { is: 'type', of: named };
  return { type, run: () => value, estimate: estimatePlace(planner, { path: [name], type }), constant: true };
}

export function planSelect(planner: Planner, expr: Expr & { is: 'select' }, scope: Scope): Plan {
  const path = pathOf(expr);
  const named = path === undefined ? undefined : TYPE_NAMES.get(path);
  if (named && path && !scope.find(path.slice(0, path.indexOf('.')))) {
    return typePlan(planner, path, named);
  }
  if (path && scope.find(path)) return planner.plan({ at: expr.at, is: 'ident', name: path }, scope);
  const operand = planner.plan(expr.operand, scope);
  const { type, property } = fieldOf(planner, operand.type, expr);
  const read = reader(type, property);
  const optional = expr.optional || operand.type.is === 'optional';
  const result = optional ? optionalOf(type) : type;
  const way = { path: expr.optional ? [] : [...operand.estimate.path, expr.field], type: result };
  return {
    type: result,
    estimate: estimatePlace(planner, way, operand.estimate.cost + (expr.optional || LOOKED_UP.has(operand.type.is) ? 1 : 0)),
    run(frame) {
      frame.meter.charge(1);
      const value = operand.run(frame);
      if (optional || value instanceof Optional) return readOptional(value, read);
      return found(read(value), property);
    },
  };
}

export function planHas(planner: Planner, expr: Expr & { is: 'has' }, scope: Scope): Plan {
  const operand = planner.plan(expr.operand, scope);
  const { type, property } = fieldOf(planner, operand.type, expr);
  const read = reader(type, property);
  return {
    type: BOOL,
    estimate: { cost: operand.estimate.cost, size: ONE, path: [] },
    run(frame) {
      const value = operand.run(frame);
      if (value instanceof Optional) return readOptional(value, read) !== NONE;
      return read(value) !== undefined;
    },
  };
}

export function planIndex(planner: Planner, expr: Expr & { is: 'call' }, scope: Scope): Plan {
  const [left, right] = expr.args;
  if (!left || !right) throw planner.error(expr.at, `Syntax error: incomplete index`);
  const operand = planner.plan(left, scope);
  const index = planner.plan(right, scope);
  const asked = expr.name === '_[?_]';
  const inner = operand.type.is === 'optional' ? operand.type.value : operand.type;
  const type = elementOf(inner, index.type);
  if (!type) {
    const types = `(${showType(operand.type)}, ${showType(index.type)})`;
    throw planner.error(expr.at, `found no matching overload for '${expr.name}' applied to '${types}'`);
  }
  const coerce = coercion(type);
  const optional = asked || operand.type.is === 'optional';
  // What may be a list or a map may be an optional of either.
  const result = optional && !(asked && isDyn(operand.type)) ? optionalOf(type) : type;
  const { path, entries } = operand.estimate;
  const way = { path: optional ? [] : [...path, operand.type.is === 'list' ? '@items' : '@values'], type: result };
  const estimate = estimatePlace(planner, way, operand.estimate.cost + index.estimate.cost + 1);
  const at = (value: CelValue, key: CelValue): CelValue => {
    const item = itemAt(value, key);
    return coerce && item !== undefined ? coerce(item) : item;
  };
  return {
    type: result,
    estimate: optional ? estimate : { ...estimate, size: entries?.value ?? estimate.size },
    run(frame) {
      frame.meter.charge(1);
      const value = operand.run(frame);
      const key = index.run(frame);
      if (optional || value instanceof Optional) return readOptional(value, (inside) => at(inside, key));
      const item = at(value, key);
      if (item !== undefined) return item;
      throw runtimeError(Array.isArray(value) ? `index out of bounds: ${showKey(key)}` : `no such key: ${showKey(key)}`);
    },
  };
}

/** cel-go charges for the fields of these; what is `dyn` or optional costs nothing more. */
const LOOKED_UP = new Set<CelType['is']>(['map', 'object', 'param']);

/** What an expression reads off one of its values. `property` is the JSON name. */
function fieldOf(planner: Planner, type: CelType, { field, at }: { field: string; at: number }): { type: CelType; property: string } {
  if (type.is === 'optional') return fieldOf(planner, type.value, { field, at });
  if (type.is === 'object') {
    const known = type.fields[field] ?? escapedField(type, field) ?? (type.open ? { type: DYN } : undefined);
    if (!known) throw planner.error(at, `undefined field '${field}'`);
    return { type: known.type, property: known.property ?? field };
  }
  if (type.is === 'map') return { type: type.value, property: field };
  if (isDyn(type) || type.is === 'param') return { type: DYN, property: field };
  throw planner.error(at, `type '${showType(type)}' does not support field selection`);
}

/** What CEL keeps for itself, and takes for the name of a field all the same: `self.namespace` is `self.__namespace__`. */
const RESERVED = new Set('as break const continue else for function if import let loop package namespace return var void while'.split(' '));

const escapedField = ({ fields }: CelType & { is: 'object' }, name: string) => (RESERVED.has(name) ? fields[`__${name}__`] : undefined);

function elementOf(type: CelType, index: CelType): CelType | undefined {
  if (isDyn(type) || type.is === 'param') return DYN;
  if (type.is === 'list') return isDyn(index) || isNamed(index, 'int') ? type.element : undefined;
  if (type.is !== 'map') return undefined;
  return isDyn(index) || isDyn(type.key) || showType(index) === showType(type.key) ? type.value : undefined;
}

function reader(type: CelType, property: string): (value: CelValue) => CelValue {
  const coerce = coercion(type);
  return (value) => {
    if (Array.isArray(value)) throw runtimeError("unsupported index type 'string' in list");
    // What has no fields lacks this one.
    if (!isMap(value)) return undefined;
    const item = mapGet(value, property);
    return coerce && item !== undefined ? coerce(item) : item;
  };
}

function found(item: CelValue, key: string): CelValue {
  if (item === undefined) throw runtimeError(`no such key: ${key}`);
  return item;
}

/** On the way through optionals, what is missing is none; also below a null. */
function readOptional(value: CelValue, read: (value: CelValue) => CelValue): CelValue {
  const inside = value instanceof Optional ? value.value : value;
  if (inside === undefined || inside === null) return NONE;
  const item = read(inside);
  return item === undefined ? NONE : new Optional(item);
}

function itemAt(value: CelValue, key: CelValue): CelValue {
  if (Array.isArray(value)) return adopt(value[listIndex(key)]);
  return isMap(value) ? mapGet(value, key) : undefined;
}

function listIndex(key: CelValue): number {
  const index = key instanceof Double || key instanceof Uint ? Number(key.value) : key;
  if (typeof index !== 'bigint' && typeof index !== 'number') throw runtimeError(`unsupported index type '${kindOf(key)}' in list`);
  if (typeof index === 'number' && !Number.isInteger(index)) throw runtimeError(`unsupported index value ${index} in list`);
  return Number(index);
}

const showKey = (key: CelValue): string => (key instanceof Double || key instanceof Uint ? String(key.value) : String(key));
