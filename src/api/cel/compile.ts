import { type CelBudget, Meter, PER_CALL_LIMIT } from './budget.ts';
import { CelError } from './errors.ts';
import type { DeclaredSizes } from './estimate.ts';
import { kubernetesFunctions, mutationFunctions } from './library/index.ts';
import { parse } from './parse.ts';
import type { Scope } from './plan.ts';
import { createPlanner } from './planner.ts';
import { type CelType, isNamed, nameType, substitute } from './types.ts';
import type { CelValue } from './values.ts';

export interface CelEnvironment {
  readonly variables: Readonly<Record<string, CelType>>;
  /** What the expression must evaluate to. `bool` and `string` are checked at compile time; `dyn` is neither. */
  readonly returns?: 'bool' | 'string' | 'any';
  /** Message types that may be written out in the expression (`Object.spec{…}`): an ObjectType, or undefined for no such type. */
  readonly struct?: (name: string) => CelType | undefined;
  /** What bounds the sizes of the variables: all are of one declaration. Only estimates need it. */
  readonly sizes?: DeclaredSizes;
  /** Expressions that mutate have functions of their own (`jsonpatch.escapeKey`). */
  readonly mutates?: boolean;
  /** There is `cel.bind(name, value, expression)`. */
  readonly binds?: boolean;
}

export interface CelProgram {
  readonly expression: string;
  readonly type: CelType;
  /** The most that an evaluation can cost, given the sizes that are declared. Infinity: without bound. */
  readonly estimatedCost: number;
  /**
   * bool and string are themselves, int is bigint; other values: values.ts, or `toJson`. Throws CelError `runtime`, and `budget` when it cost more than
   * PER_CALL_LIMIT or more than the budget has left. Evaluation never waits: what it costs is counted at each step that can repeat or grow.
   */
  evaluate(bindings: Readonly<Record<string, unknown>>, budget?: CelBudget): CelValue;
}

/** Programs of one environment object. Bounded: expressions come from outside. */
const MAX_REMEMBERED = 512;
const remembered = new WeakMap<CelEnvironment, Map<string, CelProgram>>();

/**
 * Throws CelError `compile`, with upstream's messages: `ERROR: <input>:1:1: undeclared reference to 'x' (in container '')`. Programs are
 * remembered by environment: pass the same object for the same variables.
 */
export function compileCel(expression: string, environment: CelEnvironment): CelProgram {
  const programs = remembered.get(environment) ?? new Map<string, CelProgram>();
  remembered.set(environment, programs);
  const known = programs.get(expression);
  if (known) return known;
  const program = compileNew(expression, environment);
  if (programs.size >= MAX_REMEMBERED) programs.clear();
  programs.set(expression, program);
  return program;
}

/** All that is wrong is told at once, in the order of the source. */
function refuseFor(issues: readonly CelError[]): void {
  if (issues.length === 0) return;
  const inOrder = issues.toSorted((a, b) => a.offset - b.offset);
  throw new CelError('compile', inOrder.map(({ message }) => message).join('\n'));
}

function compileNew(expression: string, environment: CelEnvironment): CelProgram {
  const { variables, returns = 'any', struct = () => undefined, mutates = false, binds = false, sizes } = environment;
  const scope: Scope = {
    depth: 0,
    find: (name) => (Object.hasOwn(variables, name) && variables[name] ? { type: variables[name], path: [name] } : undefined),
  };
  const planner = createPlanner({ source: expression, functions: mutates ? mutationFunctions : kubernetesFunctions, struct, sizes });
  const { type, estimate, run } = planner.plan(parse(expression, { binds }), scope);
  const { types, literals, mixed, constants } = planner.issues;
  refuseFor(types.length > 0 ? types : [...literals, ...mixed]);
  if (returns !== 'any' && !isNamed(type, returns)) {
    throw new CelError('type', `must evaluate to ${returns} but got ${nameType(type)}`);
  }
  const [hopeless] = constants;
  if (hopeless) throw hopeless;
  return {
    expression,
    // Nothing else says what `[]` is a list of.
    type: substitute(type, new Map()),
    estimatedCost: estimate.cost,
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
