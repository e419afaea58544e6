import { ApiError, type StatusReason } from '../../../api/meta/status.ts';
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../ports.ts';
import { ExpressionAuthorizer } from '../expressions/authorization.ts';
import { expressionBindings } from '../expressions/bindings.ts';
import { type MatchContext, matchedForms } from '../matching/match.ts';
import { type CheckDeps, checkErrorOf, type PolicyCheck } from '../policies/checks.ts';
import { openPolicyHooks, type PolicyHook } from '../policies/hooks.ts';
import { ConfigurationError, collectParams, namedParams, type ParamSources, unknownParamKind } from '../policies/params.ts';
import { type CompiledValidations, compileValidations, type Denial, evaluateValidations, type Verdict } from '../policies/validations.ts';
import { refusal } from '../request.ts';
import { versioned } from '../webhooks/review.ts';

export interface PolicyDeps extends MatchContext, ParamSources, CheckDeps {
  readonly authorizer: Authorizer;
}

type Hook = PolicyHook<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, CompiledValidations>;
type Binding = Hook['bindings'][number];
interface Refused extends Denial {
  readonly policy: string;
  readonly binding: string | undefined;
}

/** Kubernetes: Validating Admission Policy. All that refuse are found; the first one is what the client reads. */
export function validatingAdmissionPolicy(deps: PolicyDeps): AdmissionPlugin {
  const hooks = openPolicyHooks<ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, CompiledValidations>(
    {
      policies: 'validatingadmissionpolicies.admissionregistration.k8s.io',
      bindings: 'validatingadmissionpolicybindings.admissionregistration.k8s.io',
      compile: compileValidations,
    },
    deps,
  );

  async function validate(admission: AdmissionRequest, concerned: readonly Hook[]): Promise<void> {
    const authorizer = new ExpressionAuthorizer(deps.authorizer, admission.context.user);
    const refused: Refused[] = [];
    for (const hook of concerned) refused.push(...(await askPolicy(hook, admission, authorizer, deps)));
    const [first] = refused;
    if (first) throw denied(admission, first);
  }

  return {
    name: 'ValidatingAdmissionPolicy',
    [Symbol.dispose]: () => hooks[Symbol.dispose](),
    validate(admission) {
      const concerned = hooks.concerning(admission);
      return concerned.length === 0 ? undefined : validate(admission, concerned);
    },
  };
}

async function askPolicy(hook: Hook, admission: AdmissionRequest, authorizer: ExpressionAuthorizer, deps: PolicyDeps): Promise<Refused[]> {
  const forms = matchedForms(hook.matcher, admission, deps);
  if (!forms) return [];
  const { namespace = '' } = admission.request;
  const { paramKind } = hook.policy.spec ?? {};
  const unknown = unknownParamKind(paramKind, deps);
  if (unknown !== undefined) {
    return hook.compiled.ignoresFailures ? [] : [{ index: 0, message: unknown, policy: hook.name, binding: undefined, seconds: 0 }];
  }
  const as = await versioned(admission, forms.own, forms.asked, deps.equivalents);
  const bindings = expressionBindings(admission, as, { objects: deps.objects, answer: authorizer.answer });
  const refused: Refused[] = [];
  const annotations = new Map<string, Set<string>>();
  for (const binding of hook.bindings) {
    if (binding.matcher && !binding.matcher.match(admission)) continue;
    try {
      for (const params of collectParams(paramKind, binding.binding.spec?.paramRef, namespace, deps)) {
        const verdict = await authorizer.settle(() =>
          evaluateValidations(hook.compiled, { ...bindings, params: namedParams(params, paramKind) }, deps.clock),
        );
        refused.push(...carryOut(verdict, hook, binding, admission, deps.observe));
        for (const { key, value } of verdict.annotations) annotations.set(key, (annotations.get(key) ?? new Set()).add(value));
      }
    } catch (e) {
      if (!(e instanceof ConfigurationError)) throw e;
      if (hook.compiled.ignoresFailures) continue;
      refused.push({
        index: 0,
        message: `failed to configure binding: ${e.message}`,
        policy: hook.name,
        binding: binding.name,
        seconds: 0,
      });
    }
  }
  for (const [key, values] of annotations) admission.context.annotate?.(`${hook.name}/${key}`, [...values].join(', '));
  return refused;
}

/** Does what the binding says is to be done about denials; answers those that refuse the request. */
function carryOut(
  { denials, ignored, annotationErrors }: Verdict,
  hook: Hook,
  { name, binding }: Binding,
  { context }: AdmissionRequest,
  observe: CheckDeps['observe'],
): Refused[] {
  const actions = binding.spec?.validationActions ?? [];
  const refused: Refused[] = [];
  const note = ({ message, seconds }: Denial, action: PolicyCheck['action']) =>
    observe?.({ policy: hook.name, binding: name, error: checkErrorOf(message), action, seconds });
  const refuse = (denial: Denial) => {
    refused.push({ ...denial, policy: hook.name, binding: name });
    note(denial, 'deny');
  };
  for (const failure of ignored) note(failure, 'allow');
  for (const denial of denials) {
    for (const action of actions) {
      if (action === 'Deny') refuse(denial);
      else if (action === 'Warn') {
        context.warn(`Validation failed for ValidatingAdmissionPolicy '${hook.name}' with binding '${name}': ${denial.message}`);
        note(denial, 'warn');
      } else if (action === 'Audit') {
        const { message, index: expressionIndex } = denial;
        const failure = { message, policy: hook.name, binding: name, expressionIndex, validationActions: actions };
        context.annotate?.('validation.policy.admission.k8s.io/validation_failure', JSON.stringify([failure]));
        note(denial, 'audit');
      }
    }
  }
  for (const message of annotationErrors) refuse({ index: 0, message, seconds: 0 });
  return refused;
}

const REASONS: ReadonlySet<string> = new Set(['Forbidden', 'Unauthorized', 'RequestEntityTooLarge', 'Invalid']);

function denied(admission: AdmissionRequest, { policy, binding, message, reason = 'Invalid' }: Refused): ApiError {
  const by = binding === undefined ? '' : ` with binding '${binding}'`;
  const why = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const { message: text, details } = refusal(admission, why, [{ message: why }]);
  return new ApiError(REASONS.has(reason) ? (reason as StatusReason) : 'Invalid', text, { details });
}
