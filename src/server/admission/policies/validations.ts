import { CelBudget } from '../../../api/cel/index.ts';
import type { AuditAnnotation, ValidatingAdmissionPolicy, Validation } from '../../../api/schema/generated/types.ts';
import type { Bindings } from '../expressions/bindings.ts';
import { type Compiled, compileExpression, evaluateConditions, evaluateExpression, OutOfBudget } from '../expressions/conditions.ts';
import type { CheckDeps } from './checks.ts';
import { type ComposedPolicy, composePolicy, withVariables } from './composed.ts';

export interface CompiledValidations extends ComposedPolicy {
  readonly ignoresFailures: boolean;
  readonly validations: readonly { readonly source: Validation; readonly condition: Compiled; readonly message: Compiled | undefined }[];
  readonly annotations: readonly { readonly source: AuditAnnotation; readonly value: Compiled }[];
}

export function compileValidations({ spec = {} }: ValidatingAdmissionPolicy): CompiledValidations {
  const composed = composePolicy(spec);
  const full = composed.variablesWith({ hasAuthorizer: true });
  const plain = composed.variablesWith({ hasAuthorizer: false });
  return {
    ...composed,
    ignoresFailures: spec.failurePolicy === 'Ignore',
    validations: (spec.validations ?? []).map((source) => ({
      source,
      condition: compileExpression(source.expression, { variables: full, returns: 'bool' }),
      message: source.messageExpression ? compileExpression(source.messageExpression, { variables: plain, returns: 'string' }) : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map((source) => ({
      source,
      value: compileExpression(source.valueExpression.trim(), { variables: full }),
    })),
  };
}

/** One reason to refuse. `reason` is absent where the policy itself failed. */
export interface Denial {
  /** Which of the validations, for audit. */
  readonly index: number;
  readonly message: string;
  readonly reason?: string;
  /** How long the expression took. */
  readonly seconds: number;
}
export interface Verdict {
  readonly denials: readonly Denial[];
  /** What failed and, by the failure policy, refuses nothing. */
  readonly ignored: readonly Denial[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Annotations that could not be computed: they refuse whatever the binding's actions are. */
  readonly annotationErrors: readonly string[];
}

const NOTHING: Verdict = { denials: [], ignored: [], annotations: [], annotationErrors: [] };

/** Evaluates one policy for one binding and one parameter. Source: apiserver, policy/validating: validator. */
export function evaluateValidations(policy: CompiledValidations, bindings: Bindings, clock: CheckDeps['clock']): Verdict {
  const failed = (message: string): Verdict => ({
    ...NOTHING,
    [policy.ignoresFailures ? 'ignored' : 'denials']: [{ index: 0, message, seconds: 0 }],
  });
  const matches = evaluateConditions(policy.conditions, bindings);
  if (matches === false) return NOTHING;
  // With failurePolicy Ignore, conditions that cannot be evaluated do not match.
  if (matches !== true) return failed(matches.error);
  try {
    const budget = new CelBudget();
    const own = withVariables(policy, bindings, budget);
    const judged = policy.validations.flatMap((_, index) => judge(policy, index, own, { budget, clock }));
    const isIgnored = ({ failed: hasFailed }: Judged) => hasFailed && policy.ignoresFailures;
    const [denials, ignored] = [judged.filter((one) => !isIgnored(one)), judged.filter(isIgnored)];
    return { denials, ignored, ...annotate(policy, bindings) };
  } catch (e) {
    if (e instanceof OutOfBudget) return failed(e.message);
    throw e;
  }
}

interface Judged extends Denial {
  /** The expression could not be evaluated. */
  readonly failed: boolean;
}

function judge(
  policy: CompiledValidations,
  index: number,
  bindings: Bindings,
  { budget, clock }: { readonly budget: CelBudget; readonly clock: CheckDeps['clock'] },
): Judged[] {
  const validation = policy.validations[index];
  if (!validation) return [];
  const { source, condition, message } = validation;
  const startedMs = clock.monotonic();
  const outcome = evaluateExpression(condition, bindings, budget);
  const seconds = (clock.monotonic() - startedMs) / 1000;
  if ('error' in outcome) return [{ index, message: outcome.error, seconds, failed: true }];
  if (outcome.value === true) return [];
  const computed = message && computedMessage(message, bindings, budget);
  const text = computed || source.message?.trim() || `failed expression: ${source.expression.trim()}`;
  return [{ index, message: text, reason: source.reason ?? 'Invalid', seconds, failed: false }];
}

const MAX_MESSAGE_BYTES = 5 * 1024;

/** '' when there is none that could be shown: then the fixed message is. */
function computedMessage(message: Compiled, bindings: Bindings, budget: CelBudget): string {
  const outcome = evaluateExpression(message, bindings, budget);
  if (!('value' in outcome) || typeof outcome.value !== 'string') return '';
  const text = outcome.value.trim();
  return text.includes('\n') || Buffer.byteLength(text) > MAX_MESSAGE_BYTES ? '' : text;
}

const MAX_ANNOTATION_BYTES = 10 * 1024;

function annotate(policy: CompiledValidations, bindings: Bindings): Pick<Verdict, 'annotations' | 'annotationErrors'> {
  const annotations: { key: string; value: string }[] = [];
  const annotationErrors: string[] = [];
  const budget = new CelBudget();
  const own = withVariables(policy, bindings, budget);
  for (const { source, value } of policy.annotations) {
    const outcome = evaluateExpression(value, own, budget);
    if ('error' in outcome) {
      if (!policy.ignoresFailures) annotationErrors.push(outcome.error);
    } else if (typeof outcome.value === 'string') {
      const text = outcome.value.trim();
      if (text) annotations.push({ key: source.key, value: Buffer.from(text).subarray(0, MAX_ANNOTATION_BYTES).toString() });
    } else if (outcome.value !== null) {
      annotationErrors.push(
        `valueExpression '${source.valueExpression}' resulted in unsupported return type. Return type must be either string or null.`,
      );
    }
  }
  return { annotations, annotationErrors };
}
