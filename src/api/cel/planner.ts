import type { Expr } from './ast.ts';
import { coercion } from './coerce.ts';
import { CelError, compileError, isAbsorbable, noSuchOverload, runtimeError } from './errors.ts';
import { type DeclaredSizes, declaredAt, either, eitherEntries, exactly, ONE, sizeIn } from './estimate.ts';
import type { FunctionTable } from './overloads.ts';
import { estimatePlace, type Issues, type Plan, type Planner, type Scope } from './plan.ts';
import { planHas, planIndex, planSelect, typePlan } from './plan-access.ts';
import { planBind } from './plan-bind.ts';
import { planCall } from './plan-call.ts';
import { planFold, planOptMap } from './plan-fold.ts';
import { planList, planMap, planStruct } from './plan-literals.ts';
import { TYPE_NAMES } from './type-names.ts';
import { BOOL, type CelType, ERROR, isDyn, isNamed, join, showType } from './types.ts';
import { adopt, type CelValue, typeOf } from './values.ts';

export interface PlannerOptions {
  readonly source: string;
  readonly functions: FunctionTable;
  readonly struct: (name: string) => CelType | undefined;
  readonly sizes: DeclaredSizes | undefined;
}

/** Type-checks an expression and makes it ready to run, in one walk. What is wrong becomes an issue, and the walk goes on. */
export function createPlanner({ source, functions, struct, sizes }: PlannerOptions): Planner {
  const issues: Issues = { types: [], literals: [], mixed: [], constants: [] };
  const planner: Planner = {
    functions,
    struct,
    issues,
    sizeAt: declaredAt(sizes),
    error: (at: number, message: string): CelError => compileError(source, at, message),
    plan(expr, scope) {
      try {
        return planExpr(planner, expr, scope);
      } catch (error) {
        if (!(error instanceof CelError) || error.reason !== 'compile') throw error;
        issues.types.push(error);
        return unusable(error);
      }
    },
  };
  return planner;
}

const unusable = (error: CelError): Plan => ({
  type: ERROR,
  estimate: { cost: 0, path: [] },
  run: () => {
    throw error;
  },
});

function planExpr(planner: Planner, expr: Expr, scope: Scope): Plan {
  switch (expr.is) {
    case 'const': {
      const { value } = expr;
      return { type: typeOf(value), run: () => value, estimate: { cost: 0, size: exactly(lengthOf(value)), path: [] }, constant: true };
    }
    case 'ident':
      return planIdent(planner, expr, scope);
    case 'select':
      return planSelect(planner, expr, scope);
    case 'has':
      return planHas(planner, expr, scope);
    case 'call':
      return expr.name === '_[_]' || expr.name === '_[?_]' ? planIndex(planner, expr, scope) : planCall(planner, expr, scope);
    case 'logic':
      return planLogic(planner, expr, scope);
    case 'ternary':
      return planTernary(planner, expr, scope);
    case 'list':
      return planList(planner, expr, scope);
    case 'map':
      return planMap(planner, expr, scope);
    case 'struct':
      return planStruct(planner, expr, scope);
    case 'fold':
      return planFold(planner, expr, scope);
    case 'bind':
      return planBind(planner, expr, scope);
    case 'optMap':
      return planOptMap(planner, expr, scope);
  }
}

/** How long a text is that is written out, its estimate knows. */
function lengthOf(value: CelValue): number {
  if (typeof value === 'string') return [...value].length;
  return value instanceof Uint8Array ? value.length : 1;
}

function planIdent(planner: Planner, { name, at }: Expr & { is: 'ident' }, scope: Scope): Plan {
  const variable = scope.find(name);
  if (!variable) {
    const type = TYPE_NAMES.get(name);
    if (!type) throw planner.error(at, `undeclared reference to '${name}' (in container '')`);
    return typePlan(planner, name, type);
  }
  const { type, slot, path, size } = variable;
  const estimate = estimatePlace(planner, { path, type, size });
  if (slot !== undefined) {
    return {
      type,
      estimate,
      run: ({ slots, meter }) => {
        meter.charge(1);
        return slots[slot];
      },
    };
  }
  const coerce = coercion(type);
  return {
    type,
    estimate,
    run: ({ bindings, meter }) => {
      meter.charge(1);
      const value = adopt(bindings[name]);
      if (value === undefined) throw runtimeError(`no such attribute(s): ${name}`);
      return coerce ? coerce(value) : value;
    },
  };
}

/** The right side may decide what the left could not: `false && error` and `error && false` are both false. */
function planLogic(planner: Planner, { op, left, right }: Expr & { is: 'logic' }, scope: Scope): Plan {
  const [a, b] = [planBoolean(planner, left, scope), planBoolean(planner, right, scope)];
  const decisive = op === '||';
  return {
    type: BOOL,
    estimate: { cost: a.estimate.cost + b.estimate.cost, size: ONE, path: [] },
    run(frame) {
      let first: unknown;
      try {
        first = a.run(frame);
        if (first === decisive) return decisive;
        if (typeof first !== 'boolean') throw noSuchOverload();
      } catch (e) {
        if (!isAbsorbable(e)) throw e;
        if (b.run(frame) === decisive) return decisive;
        throw e;
      }
      const second = b.run(frame);
      if (typeof second !== 'boolean') throw noSuchOverload();
      return second;
    },
  };
}

function planBoolean(planner: Planner, expr: Expr, scope: Scope): Plan {
  const plan = planner.plan(expr, scope);
  if (!isDyn(plan.type) && !isNamed(plan.type, 'bool') && plan.type.is !== 'param') {
    planner.issues.types.push(planner.error(expr.at, `expected type 'bool' but found '${showType(plan.type)}'`));
  }
  return plan;
}

function planTernary(planner: Planner, { condition, yes: whenTrue, no: whenFalse, at }: Expr & { is: 'ternary' }, scope: Scope): Plan {
  const test = planner.plan(condition, scope);
  const yes = planner.plan(whenTrue, scope);
  const no = planner.plan(whenFalse, scope);
  const type = join(yes.type, no.type);
  if (!type || !(isDyn(test.type) || isNamed(test.type, 'bool'))) {
    const types = [test, yes, no].map((plan) => showType(plan.type)).join(', ');
    throw planner.error(at, `found no matching overload for '_?_:_' applied to '(${types})'`);
  }
  return {
    type,
    estimate: {
      cost: test.estimate.cost + Math.max(yes.estimate.cost, no.estimate.cost),
      size: either(sizeIn(yes.estimate), sizeIn(no.estimate)),
      entries: eitherEntries(yes.estimate.entries, no.estimate.entries),
      path: [],
    },
    run(frame) {
      const decided = test.run(frame);
      if (typeof decided !== 'boolean') throw noSuchOverload();
      return decided ? yes.run(frame) : no.run(frame);
    },
  };
}
