import { expressionVariables } from '../../../api/admissionregistration/expression-environment.ts';
import { type CelBudget, type CelEnvironment, CelError, type CelType, DYN, LazyMap } from '../../../api/cel/index.ts';
import type { MatchCondition, ParamKind, Variable } from '../../../api/schema/generated/types.ts';
import type { Bindings } from '../expressions/bindings.ts';
import { type Compiled, compileExpression, evaluateExpression } from '../expressions/conditions.ts';

/** What policies of both kinds have: conditions, and variables that are computed when an expression first uses them. */
export interface ComposedPolicy {
  readonly conditions: readonly Compiled[];
  readonly variables: ReadonlyMap<string, Compiled>;
  /** For expressions of the policy itself. */
  readonly variablesWith: (options: { hasAuthorizer: boolean }) => CelEnvironment['variables'];
}

interface PolicySpec {
  readonly paramKind?: ParamKind;
  readonly matchConditions?: readonly MatchCondition[];
  readonly variables?: readonly Variable[];
}

/** A variable knows the ones before it. */
export function composePolicy({ paramKind, matchConditions = [], variables = [] }: PolicySpec): ComposedPolicy {
  const hasParams = paramKind !== undefined;
  const composed: Record<string, CelType> = {};
  const compiled = new Map<string, Compiled>();
  const variablesWith = ({ hasAuthorizer }: { hasAuthorizer: boolean }) =>
    expressionVariables({ hasParams, hasAuthorizer, composed: { ...composed } });
  for (const { name, expression } of variables) {
    const variable = compileExpression(expression, { variables: variablesWith({ hasAuthorizer: true }) });
    compiled.set(name, variable);
    composed[name] = 'program' in variable ? variable.program.type : DYN;
  }
  const conditions = { variables: expressionVariables({ hasParams, hasAuthorizer: true }), returns: 'bool' } as const;
  return {
    variables: compiled,
    variablesWith,
    conditions: matchConditions.map(({ expression }) => compileExpression(expression, conditions)),
  };
}

/** Adds `variables`, whose cost is taken off the same budget. What failed once fails again. */
export function withVariables({ variables }: ComposedPolicy, bindings: Bindings, budget: CelBudget): Bindings {
  const known = new Map<string, { value: unknown } | { error: string }>();
  const all: Bindings = {
    ...bindings,
    variables: new LazyMap((name) => {
      const compiled = variables.get(name);
      if (!compiled) return undefined;
      const outcome = known.get(name) ?? compute(name, compiled);
      known.set(name, outcome);
      if ('error' in outcome) throw new CelError('runtime', outcome.error);
      return outcome.value;
    }),
  };
  const compute = (name: string, compiled: Compiled) => {
    const outcome = evaluateExpression(compiled, all, budget);
    if ('value' in outcome) return outcome;
    const what = 'error' in compiled ? 'compile' : 'evaluate';
    const prefix = 'program' in compiled ? `expression '${compiled.program.expression}' resulted in error: ` : '';
    const why = outcome.error.startsWith(prefix) ? outcome.error.slice(prefix.length) : outcome.error;
    return { error: `composited variable ${JSON.stringify(name)} fails to ${what}: ${why}` };
  };
  return all;
}
