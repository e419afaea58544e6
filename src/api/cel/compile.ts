import { type CelBudget, Meter, PER_CALL_LIMIT } from './budget.ts';
import { CelError } from './errors.ts';
import { kubernetesFunctions } from './library/index.ts';
import { parse } from './parse.ts';
import type { Scope } from './plan.ts';
import { createPlanner } from './planner.ts';
import { type CelType, isNamed } from './types.ts';
import type { CelValue } from './values.ts';

export interface CelEnvironment {
  readonly variables: Readonly<Record<string, CelType>>;
  /** What the expression must evaluate to. `bool` and `string` are checked at compile time; `dyn` is neither. */
  readonly returns?: 'bool' | 'string' | 'any';
  /** Message types that may be written out in the expression (`Object.spec{…}`): an ObjectType, or undefined for no such type. */
  readonly struct?: (name: string) => CelType | undefined;
}

export interface CelProgram {
  readonly expression: string;
  readonly type: CelType;
  /** The most that an evaluation can cost, given the sizes that the types of the variables allow. */
  readonly estimatedCost: number;
  /**
   * bool and string are themselves, int is bigint; other values: values.ts, or `toJson`. Throws CelError `runtime`, and `budget` when it cost more than
   * PER_CALL_LIMIT or more than the budget has left. Evaluation never waits: what it costs is counted at each step that can repeat or grow.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, budget?: CelBudget): CelValue;
}

/** Throws CelError `compile`, with upstream's messages: `ERROR: <input>:1:1: undeclared reference to 'x' (in container '')`. */
export function compileCel(expression: string, environment: CelEnvironment): CelProgram {
  const { variables, returns = 'any', struct = () => undefined } = environment;
  const scope: Scope = {
    depth: 0,
    find: (name) => (Object.hasOwn(variables, name) && variables[name] ? { type: variables[name] } : undefined),
  };
  const planner = createPlanner({ source: expression, functions: kubernetesFunctions, struct });
  const { type, cost, run } = planner.plan(parse(expression), scope);
  if (returns !== 'any' && !isNamed(type, returns)) {
    throw new CelError('compile', `must evaluate to ${returns}`);
  }
  return {
    expression,
    type,
    estimatedCost: cost,
    evaluate(bindings, budget) {
      const meter = new Meter(PER_CALL_LIMIT);
      try {
        return run({ bindings, slots: [], meter });
      } finally {
        budget?.take(meter.spent);
      }
    },
  };
}
