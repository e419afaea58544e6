import type { Expr } from './ast.ts';
import { exactly, sizeOfPlace } from './estimate.ts';
import { nested, type Plan, type Planner, type Scope } from './plan.ts';

type Bind = Expr & { is: 'bind' };

/** cel-go makes a loop of no turns of it, over an empty list. */
const EMPTY_LIST_COST = 10;

/** What a name stands for is worked out once, and costs once. */
export function planBind(planner: Planner, { variable, value: valueExpr, body: bodyExpr }: Bind, scope: Scope): Plan {
  const value = planner.plan(valueExpr, scope);
  const { path, size } = value.estimate;
  const body = planner.plan(bodyExpr, nested(scope, [[variable, { type: value.type, path, size }]]));
  return {
    type: body.type,
    estimate: {
      cost: EMPTY_LIST_COST + value.estimate.cost + body.estimate.cost,
      size: sizeOfPlace([], body.type, planner.sizeAt, sizeOfResult(value, valueExpr)),
      path: [],
    },
    run(frame) {
      frame.meter.charge(1);
      frame.slots[scope.depth] = value.run(frame);
      return body.run(frame);
    },
  };
}

/** As cel-go has it: a loop that begins with a constant is as large as that, one that begins with a list or a map as large as what it goes through. */
function sizeOfResult({ estimate }: Plan, { is }: Expr) {
  if (is === 'const') return estimate.size;
  return is === 'list' || is === 'map' ? exactly(0) : undefined;
}
