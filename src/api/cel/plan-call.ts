import type { Expr } from './ast.ts';
import { CelError, noSuchOverload, runtimeError } from './errors.ts';
import type { Estimate } from './estimate.ts';
import { estimateCall } from './estimate-call.ts';
import { compileCelRegex } from './library/regex.ts';
import { checkLiterals, nowhere } from './literal-checks.ts';
import { guardOf, type Measures, type Overload } from './overloads.ts';
import { deepSizeOf, type Plan, type Planner, type Scope, sizeOf } from './plan.ts';
import { pathOf } from './plan-access.ts';
import { assignable, type Bindings, type CelType, DYN, join, showType, substitute } from './types.ts';
import { type CelValue, kindOf } from './values.ts';

type Call = Expr & { is: 'call' };

export function planCall(planner: Planner, call: Call, scope: Scope): Plan {
  const { name, args, isMethod } = resolve(planner, call, scope);
  const mixed = planner.issues.mixed.length;
  const plans = args.map((arg) => planner.plan(arg, scope));
  // What is formatted may be a mixture, however deep inside.
  if (name === 'format') planner.issues.mixed.length = mixed;
  const all = planner.functions.get(name);
  if (!all) throw planner.error(call.at, `undeclared reference to '${call.name}' (in container '')`);
  const types = plans.map((plan) => plan.type);
  const fitting = all.flatMap((overload) => (overload.isMethod === isMethod ? accept(overload, types) : []));
  if (fitting.length === 0) {
    throw planner.error(call.at, `found no matching overload for '${name}' applied to '${showTypes(types, isMethod)}'`);
  }
  const type = resultType(fitting);
  const run = runner(
    name,
    fitting.map(({ overload }) => overload),
    plans,
  );
  checkLiterals(planner, call, plans, run);
  return {
    type,
    estimate: name === 'dyn' ? hidden(plans) : estimate(planner, { name, isMethod }, fitting, { exprs: args, plans, type }),
    run,
    constant: isConstant(planner, { name, isMethod }, plans, run),
    ...(name === 'dyn' && { inside: plans }),
  };
}

const CONVERSIONS = new Set(['bool', 'bytes', 'double', 'duration', 'dyn', 'int', 'string', 'timestamp', 'type', 'uint']);
const SEARCHES = new Set(['find', 'findAll', 'matches']);

/** cel-go converts what is written out before an expression is run, and reads the patterns of searches: what cannot be done refuses the expression. */
function isConstant(
  planner: Planner,
  { name, isMethod }: { name: string; isMethod: boolean },
  plans: readonly Plan[],
  run: Plan['run'],
): boolean {
  const pattern = isMethod && SEARCHES.has(name) ? plans[1] : undefined;
  if (pattern?.constant) attempt(planner, () => compileCelRegex(pattern.run(nowhere()) as string));
  if (isMethod || !CONVERSIONS.has(name) || plans.length !== 1 || !plans[0]?.constant) return false;
  return attempt(planner, () => run(nowhere()));
}

function attempt({ issues }: Planner, work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    issues.constants.push(error);
    return false;
  }
}

/** `math.abs(x)` reads like a method of `math`; a function of that name comes first, unless a variable hides it. */
function resolve(
  { functions }: Planner,
  { name, target, args }: Call,
  scope: Scope,
): { name: string; args: readonly Expr[]; isMethod: boolean } {
  if (!target) return { name, args, isMethod: false };
  const path = pathOf(target);
  const qualified = path === undefined ? '' : `${path}.${name}`;
  const root = qualified.slice(0, qualified.indexOf('.'));
  if (qualified && functions.has(qualified) && !scope.find(root)) return { name: qualified, args, isMethod: false };
  return { name, args: [target, ...args], isMethod: true };
}

interface Fitting {
  readonly overload: Overload;
  readonly result: CelType;
}

function accept(overload: Overload, types: readonly CelType[]): Fitting[] {
  if (overload.params.length !== types.length) return [];
  const bindings: Bindings = new Map();
  const fits = overload.params.every((param, i) => assignable(param, types[i] ?? DYN, bindings));
  if (!fits) return [];
  // What `optional.none()` is one of, its surroundings say.
  return [{ overload, result: overload.params.length === 0 ? overload.result : substitute(overload.result, bindings) }];
}

function resultType([first, ...others]: readonly Fitting[]): CelType {
  if (!first) return DYN;
  return others.reduce<CelType | undefined>((type, { result }) => type && join(type, result), first.result) ?? DYN;
}

function estimate(
  { sizeAt }: Planner,
  called: { name: string; isMethod: boolean },
  fitting: readonly Fitting[],
  { exprs, plans, type }: { exprs: readonly Expr[]; plans: readonly Plan[]; type: CelType },
): Estimate {
  const args = plans.map((plan, i) => ({ type: plan.type, estimate: plan.estimate, literal: literalOf(exprs[i]) }));
  return estimateCall(
    fitting.map(({ overload: { params } }) => ({ ...called, args, params, sizeAt })),
    type,
  );
}

const literalOf = (expr: Expr | undefined): number | undefined =>
  expr?.is === 'const' && typeof expr.value === 'bigint' ? Number(expr.value) : undefined;

/** `dyn(x)` is x: it only hides its type. */
const hidden = ([plan]: readonly Plan[]): Estimate => ({ ...plan?.estimate, cost: 1 + (plan?.estimate.cost ?? 0), path: [] });

/** Nothing says what `[]` is a list of. */
const showTypes = (types: readonly CelType[], isMethod: boolean): string => {
  const shown = types.map((type) => showType(substitute(type, new Map())));
  const [receiver, ...rest] = shown;
  return isMethod ? `${receiver}.(${rest.join(', ')})` : `(${shown.join(', ')})`;
};

/** Which overload it is, the values say: `dyn` may have been anything. */
function runner(name: string, overloads: readonly Overload[], plans: readonly Plan[]): Plan['run'] {
  const guarded = overloads.map((overload) => ({ overload, guards: overload.params.map(guardOf) }));
  return (frame) => {
    const args: CelValue[] = plans.map((plan) => plan.run(frame));
    const chosen = guarded.find(({ guards }) => guards.every((guard, i) => guard(args[i])));
    if (!chosen)
      throw /^\w/.test(name) && !name.startsWith('_')
        ? runtimeError(`no such overload: ${name}(${args.map(kindOf).join(', ')})`)
        : noSuchOverload();
    const { cost, burden, call, after } = chosen.overload;
    const measures: Measures = { size: (i) => sizeOf(args[i]), deep: (i) => deepSizeOf(args[i]), args };
    frame.meter.charge(Math.max(cost ? cost(measures) : 1, burden ? burden(measures) : 0));
    const result = call(args);
    if (after) frame.meter.charge(after(args, result));
    return result;
  };
}
