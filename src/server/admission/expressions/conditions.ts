import { WEBHOOK_CONDITIONS } from '../../../api/admissionregistration/expression-environment.ts';
import { CelBudget, CelError, type CelProgram, compileCel, MATCH_CONDITIONS_COST_BUDGET } from '../../../api/cel/index.ts';
import type { MatchCondition } from '../../../api/schema/generated/types.ts';
import { goAggregate } from '../../../base/go-aggregate.ts';
import type { AdmissionRequest, Authorizer, ObjectReader } from '../../ports.ts';
import type { Versioned } from '../webhooks/review.ts';
import { ExpressionAuthorizer } from './authorization.ts';
import { type Bindings, expressionBindings } from './bindings.ts';

/** A compiled expression, or why it could not be: then each evaluation says so. */
export type Compiled = { readonly program: CelProgram } | { readonly expression: string; readonly error: string };

export function compileExpression(expression: string, environment: Parameters<typeof compileCel>[1]): Compiled {
  try {
    return { program: compileCel(expression, environment) };
  } catch (e) {
    if (!(e instanceof CelError)) throw e;
    const message = e.message.startsWith('must evaluate') ? e.message : `compilation failed: ${e.message}`;
    return { expression, error: `compilation error: ${message}` };
  }
}

export type Outcome = { readonly value: unknown } | { readonly error: string };

/** All that share the budget ends when it is spent. */
export class OutOfBudget extends Error {}

/** Throws OutOfBudget, and what an authorizer that has to be waited for throws. */
export function evaluateExpression(compiled: Compiled, bindings: Bindings, budget: CelBudget): Outcome {
  if ('error' in compiled) return { error: compiled.error };
  try {
    return { value: compiled.program.evaluate(bindings, budget) };
  } catch (e) {
    if (!(e instanceof CelError)) throw e;
    if (budget.remaining < 0) throw new OutOfBudget(e.message);
    return { error: `expression '${compiled.program.expression}' resulted in error: ${e.message}` };
  }
}

/** true: all hold. false: one does not, whatever the others. Otherwise why it cannot be told. */
export type ConditionsResult = true | false | { readonly error: string };

export function evaluateConditions(conditions: readonly Compiled[], bindings: Bindings): ConditionsResult {
  const budget = new CelBudget(MATCH_CONDITIONS_COST_BUDGET);
  const errors: string[] = [];
  try {
    for (const condition of conditions) {
      const outcome = evaluateExpression(condition, bindings, budget);
      if ('error' in outcome) errors.push(outcome.error);
      else if (outcome.value === false) return false;
    }
  } catch (e) {
    if (e instanceof OutOfBudget) return { error: e.message };
    throw e;
  }
  return errors.length === 0 || { error: goAggregate(errors) };
}

/** Evaluates the match conditions of webhooks. */
export const webhookConditions =
  ({ objects, authorizer }: { objects: ObjectReader; authorizer: Authorizer }) =>
  (
    { matchConditions }: { matchConditions: readonly MatchCondition[] },
    admission: AdmissionRequest,
    as: Versioned,
  ): Promise<ConditionsResult> => {
    const compiled = matchConditions.map(({ expression }) => compileExpression(expression, WEBHOOK_CONDITIONS));
    const view = new ExpressionAuthorizer(authorizer, admission.context.user);
    const bindings = expressionBindings(admission, as, { objects, answer: view.answer });
    return view.settle(() => evaluateConditions(compiled, bindings));
  };
