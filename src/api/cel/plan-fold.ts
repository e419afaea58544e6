import type { Expr } from './ast.ts';
import { coercion } from './coerce.ts';
import { isAbsorbable, noSuchOverload, runtimeError } from './errors.ts';
import { type Estimate, sizeOfPlace } from './estimate.ts';
import { estimateFold, foldVariables } from './estimate-fold.ts';
import { sortByKeys } from './library/lists.ts';
import { nested, type Plan, type Planner, type Scope } from './plan.ts';
import { BOOL, type CelType, DYN, INT, isDyn, isNamed, listOf, mapOf, optionalOf, showType } from './types.ts';
import { adopt, type CelValue, isMap, kindOf, makeMap, mapGet, mapKey, mapKeys, NONE, Optional } from './values.ts';

type Fold = Expr & { is: 'fold' };

/** The steps of one kind of loop. `step` answers false to end it. */
interface Accumulator {
  step(body: () => CelValue, key: CelValue, item: CelValue): boolean;
  result(): CelValue;
}

export function planFold(planner: Planner, expr: Fold, scope: Scope): Plan {
  const range = planner.plan(expr.range, scope);
  const [keyType, valueType] = rangeTypes(planner, range.type, expr);
  const names = expr.variables;
  const types = names.length === 2 ? [keyType, valueType] : [range.type.is === 'map' ? keyType : valueType];
  const places = foldVariables(range.estimate, range.type, names.length);
  const inner = nested(
    scope,
    names.map((name, i) => [name, { type: types[i] ?? DYN, path: [], ...places[i] }]),
  );
  const filter = expr.filter && planner.plan(expr.filter, inner);
  const body = planner.plan(expr.body, inner);
  requirePredicates(planner, expr, filter, body);
  const coerce = coercion(valueType);
  const slot = scope.depth;
  return {
    type: resultType(expr.macro, keyType, valueType, body),
    estimate: estimateFold(expr.macro, range.estimate, filter?.estimate, body.estimate),
    run(frame) {
      const accumulator = ACCUMULATORS[expr.macro]();
      const value = range.run(frame);
      const bind = (key: CelValue, item: CelValue) => {
        frame.slots[slot] = names.length === 2 ? key : item;
        if (names.length === 2) frame.slots[slot + 1] = item;
      };
      for (const [key, item] of itemsOf(value, names.length === 2)) {
        frame.meter.charge(1);
        bind(key, coerce && item !== undefined ? coerce(item) : item);
        if (filter && !isTrue(filter.run(frame))) continue;
        if (!accumulator.step(() => body.run(frame), key, item)) break;
      }
      return accumulator.result();
    },
  };
}

export function planOptMap(planner: Planner, expr: Expr & { is: 'optMap' }, scope: Scope): Plan {
  const operand = planner.plan(expr.operand, scope);
  if (operand.type.is !== 'optional' && !isDyn(operand.type)) {
    throw planner.error(expr.at, `found no matching overload for 'hasValue' applied to '${showType(operand.type)}.()'`);
  }
  const inside = operand.type.is === 'optional' ? operand.type.value : DYN;
  const body = planner.plan(expr.body, nested(scope, [[expr.variable, { type: inside, path: [] }]]));
  const type = expr.flat ? body.type : optionalOf(body.type);
  return {
    type,
    estimate: {
      cost: optMapCost(operand.estimate, body.estimate, expr.flat),
      size: sizeOfPlace([], type, planner.sizeAt, undefined),
      path: [],
    },
    run(frame) {
      frame.meter.charge(1);
      const value = operand.run(frame);
      if (!(value instanceof Optional)) throw noSuchOverload();
      if (value.value === undefined) return NONE;
      frame.slots[scope.depth] = value.value;
      const mapped = body.run(frame);
      return expr.flat ? mapped : new Optional(mapped);
    },
  };
}

/** cel-go asks whether there is a value, and binds it to the name by a loop of no turns. */
const optMapCost = (operand: Estimate, body: Estimate, flat: boolean): number => 2 * operand.cost + body.cost + (flat ? 12 : 13);

function rangeTypes(planner: Planner, type: CelType, expr: Fold): readonly [CelType, CelType] {
  if (type.is === 'list') return [INT, type.element.is === 'param' ? DYN : type.element];
  if (type.is === 'map') return [type.key.is === 'param' ? DYN : type.key, type.value.is === 'param' ? DYN : type.value];
  if (isDyn(type)) return [DYN, DYN];
  throw planner.error(
    expr.range.at,
    `expression of type '${showType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
  );
}

function requirePredicates(planner: Planner, { at, macro, body: bodyExpr }: Fold, filter: Plan | undefined, body: Plan): void {
  const isBool = ({ type }: Plan) => isDyn(type) || isNamed(type, 'bool');
  if (filter && !isBool(filter)) throw ternaryError(planner, at, filter.type, showType(listOf(body.type)));
  if (macro === 'exists_one' && !isBool(body)) throw ternaryError(planner, at, body.type, 'int');
  if ((macro === 'all' || macro === 'exists') && !isBool(body)) {
    throw planner.error(bodyExpr.at, `expected type 'bool' but found '${showType(body.type)}'`);
  }
}

const ternaryError = (planner: Planner, at: number, type: CelType, other: string): Error =>
  planner.error(at, `found no matching overload for '_?_:_' applied to '(${showType(type)}, ${other}, ${other})'`);

function resultType(macro: Fold['macro'], keyType: CelType, itemType: CelType, body: Plan): CelType {
  switch (macro) {
    case 'all':
    case 'exists':
    case 'exists_one':
      return BOOL;
    case 'map':
    case 'filter':
    case 'transformList':
      return listOf(body.type);
    case 'sortBy':
      return listOf(itemType);
    case 'transformMap':
      return mapOf(keyType, body.type);
    case 'transformMapEntry':
      return body.type.is === 'map' ? body.type : mapOf(DYN, DYN);
  }
}

/** Pairs of index or key, and item. With one variable, a map is its keys. */
function* itemsOf(range: CelValue, pairs: boolean): Generator<readonly [CelValue, CelValue]> {
  if (Array.isArray(range)) {
    for (let i = 0; i < range.length; i++) yield [pairs ? BigInt(i) : undefined, adopt(range[i])];
  } else if (isMap(range)) {
    for (const key of mapKeys(range)) yield [key, pairs ? mapGet(range, key) : key];
  } else throw runtimeError(`got 'types.${GO_NAMES[kindOf(range)] ?? 'Unknown'}', expected iterable type`);
}
const GO_NAMES: Readonly<Record<string, string>> = {
  bool: 'Bool',
  bytes: 'Bytes',
  double: 'Double',
  'google.protobuf.Duration': 'Duration',
  'google.protobuf.Timestamp': 'Timestamp',
  int: 'Int',
  null_type: 'Null',
  string: 'String',
  uint: 'Uint',
};

function isTrue(value: CelValue): boolean {
  if (typeof value !== 'boolean') throw noSuchOverload();
  return value;
}

/** `all` and `exists`: an answer that decides comes before errors, whatever their order. */
function quantifier(decisive: boolean): () => Accumulator {
  return () => {
    let answer: CelValue = !decisive;
    let error: unknown;
    return {
      step(body) {
        try {
          if (isTrue(body()) !== decisive) return true;
          answer = decisive;
          error = undefined;
          return false;
        } catch (e) {
          if (!isAbsorbable(e)) throw e;
          error = e;
          return true;
        }
      },
      result() {
        if (error !== undefined) throw error;
        return answer;
      },
    };
  };
}

function existsOne(): Accumulator {
  let count = 0;
  return {
    step(body) {
      if (isTrue(body())) count++;
      return true;
    },
    result: () => count === 1,
  };
}

function collect(): Accumulator {
  const items: CelValue[] = [];
  return {
    step(body) {
      items.push(body());
      return true;
    },
    result: () => items,
  };
}

/** The body is the key. */
function sortBy(): Accumulator {
  const pairs: [CelValue, CelValue][] = [];
  return {
    step(body, _, item) {
      pairs.push([body(), item]);
      return true;
    },
    result: () => sortByKeys(pairs),
  };
}

function collectMap(): Accumulator {
  const entries: [CelValue, CelValue][] = [];
  return {
    step(body, key) {
      entries.push([key, body()]);
      return true;
    },
    result: () => makeMap(entries),
  };
}

function collectEntries(): Accumulator {
  const entries = new Map<CelValue, CelValue>();
  return {
    step(body) {
      const made = body();
      if (!isMap(made)) throw noSuchOverload();
      for (const key of mapKeys(made)) {
        if (entries.has(mapKey(key))) throw runtimeError(`insert failed: key ${String(key)} already exists`);
        entries.set(mapKey(key), mapGet(made, key));
      }
      return true;
    },
    result: () => makeMap([...entries]),
  };
}

const ACCUMULATORS: Readonly<Record<Fold['macro'], () => Accumulator>> = {
  all: quantifier(false),
  exists: quantifier(true),
  exists_one: existsOne,
  map: collect,
  transformList: collect,
  filter: collect,
  sortBy,
  transformMap: collectMap,
  transformMapEntry: collectEntries,
};
