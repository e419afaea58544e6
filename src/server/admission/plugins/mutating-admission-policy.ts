import type { ResourceDefinition } from '../../../api/define.ts';
import { ApiError } from '../../../api/meta/status.ts';
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../ports.ts';
import { ExpressionAuthorizer } from '../expressions/authorization.ts';
import { expressionBindings } from '../expressions/bindings.ts';
import { evaluateConditions } from '../expressions/conditions.ts';
import { type MatchContext, matchedForms } from '../matching/match.ts';
import { type CheckDeps, checkErrorOf } from '../policies/checks.ts';
import { openPolicyHooks, type PolicyHook } from '../policies/hooks.ts';
import { type CompiledMutations, compileMutations, MutationError, mutated } from '../policies/mutations.ts';
import { ConfigurationError, collectParams, namedParams, type ParamSources, unknownParamKind } from '../policies/params.ts';
import { replaceObject } from '../replace-object.ts';
import { refusal } from '../request.ts';
import { Reinvocation } from '../webhooks/reinvocation.ts';
import { versioned } from '../webhooks/review.ts';

export interface MutatingPolicyDeps extends MatchContext, ParamSources, CheckDeps {
  readonly authorizer: Authorizer;
}

type Hook = PolicyHook<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutations>;

/** One policy, for one binding, with one parameter. */
interface Invocation {
  readonly id: string;
  readonly reinvoked: boolean;
  readonly hook: Hook;
  readonly binding: string;
  readonly params: object | null;
  readonly own: ResourceDefinition;
  readonly asked: ResourceDefinition;
}
interface Failure {
  readonly hook: Hook;
  readonly binding: string | undefined;
  readonly message: string;
  readonly isInvalid: boolean;
}

/**
 * Kubernetes: Mutating Admission Policy. Which policies are for a request is found before the first one changes the object; each then sees what those
 * before made of it.
 */
export function mutatingAdmissionPolicy(deps: MutatingPolicyDeps): AdmissionPlugin {
  const hooks = openPolicyHooks<MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, CompiledMutations>(
    {
      policies: 'mutatingadmissionpolicies.admissionregistration.k8s.io',
      bindings: 'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
      compile: compileMutations,
    },
    deps,
  );
  const rounds = new WeakMap<AdmissionRequest, Reinvocation>();

  async function mutate(admission: AdmissionRequest, again: boolean, concerned: readonly Hook[]): Promise<'changed' | undefined> {
    const reinvocation = rounds.get(admission) ?? new Reinvocation();
    rounds.set(admission, reinvocation);
    if (again) reinvocation.begin(admission.object);
    const authorizer = new ExpressionAuthorizer(deps.authorizer, admission.context.user);
    const failures: Failure[] = [];
    const invocations = concerned.flatMap((hook) => invocationsOf(hook, admission, deps, failures));
    let anything = false;
    for (const invocation of invocations) {
      if (again && !reinvocation.isDue(invocation)) continue;
      const changed = await invoke(invocation, admission, authorizer, deps, failures);
      if (changed) {
        anything = true;
        reinvocation.changed();
      }
      if (changed !== undefined) reinvocation.asked(invocation);
    }
    reinvocation.end(admission.object);
    const refused = failures.filter(({ hook }) => !hook.compiled.ignoresFailures);
    if (refused.length > 0) throw denied(admission, refused);
    return anything ? 'changed' : undefined;
  }

  return {
    name: 'MutatingAdmissionPolicy',
    [Symbol.dispose]: () => hooks[Symbol.dispose](),
    mutate(admission, again) {
      const concerned = hooks.concerning(admission);
      return concerned.length === 0 || !admission.object ? undefined : mutate(admission, again, concerned);
    },
  };
}

function invocationsOf(hook: Hook, admission: AdmissionRequest, deps: MutatingPolicyDeps, failures: Failure[]): Invocation[] {
  const forms = matchedForms(hook.matcher, admission, deps);
  if (!forms) return [];
  const { namespace = '' } = admission.request;
  const { paramKind } = hook.policy.spec ?? {};
  const unknown = unknownParamKind(paramKind, deps);
  if (unknown !== undefined) {
    failures.push({ hook, binding: undefined, message: unknown, isInvalid: false });
    return [];
  }
  return hook.bindings.flatMap(({ name, binding, matcher }): Invocation[] => {
    if (matcher && !matcher.match(admission)) return [];
    try {
      return collectParams(paramKind, binding.spec?.paramRef, namespace, deps).map((params) => ({
        id: [hook.name, name, params?.metadata?.namespace, params?.metadata?.name].join('/'),
        reinvoked: hook.compiled.reinvoked,
        hook,
        binding: name,
        params: namedParams(params, paramKind),
        ...forms,
      }));
    } catch (e) {
      if (!(e instanceof ConfigurationError)) throw e;
      failures.push({ hook, binding: name, message: `failed to configure binding: ${e.message}`, isInvalid: false });
      return [];
    }
  });
}

/** Did it change the object? undefined: its conditions do not hold, or cannot be told. */
async function invoke(
  { hook, binding, params, own, asked }: Invocation,
  admission: AdmissionRequest,
  authorizer: ExpressionAuthorizer,
  { objects, equivalents, clock, observe }: MutatingPolicyDeps,
  failures: Failure[],
): Promise<boolean | undefined> {
  const seen = async () => {
    const as = await versioned(admission, own, asked, equivalents);
    return { as, bindings: { ...expressionBindings(admission, as, { objects, answer: authorizer.answer }), params } };
  };
  const fail = (message: string) => void failures.push({ hook, binding, message, isInvalid: true });
  const before = await seen();
  const matches = await authorizer.settle(() => evaluateConditions(hook.compiled.conditions, before.bindings));
  if (matches === false) return undefined;
  if (matches !== true) return fail(matches.error);
  let changed = false;
  for (const mutation of hook.compiled.mutations) {
    const { as, bindings } = await seen();
    const { object } = as;
    if (!object) continue;
    const startedMs = clock.monotonic();
    let failure: string | undefined;
    try {
      const made = await authorizer.settle(() => mutated(hook.compiled, mutation, { object, definition: asked, bindings }));
      if (await replaceObject(admission, as, made, { equivalents, strict: true })) changed = true;
    } catch (e) {
      if (!(e instanceof MutationError)) throw e;
      failure = e.message;
      fail(failure);
    }
    observe?.({ policy: hook.name, binding, error: checkErrorOf(failure), seconds: (clock.monotonic() - startedMs) / 1000 });
  }
  return changed;
}

/** Upstream's words; the code stays 403 even where the reason says Invalid. */
function denied(admission: AdmissionRequest, failures: readonly Failure[]): ApiError {
  const messages = failures.map(({ hook, binding, message }) =>
    binding === undefined
      ? `policy ${JSON.stringify(hook.name)} denied request: ${message}`
      : `policy '${hook.name}' with binding '${binding}' denied request: ${message}`,
  );
  const { details } = refusal(
    admission,
    '',
    messages.map((message) => ({ message })),
  );
  return new ApiError(failures[0]?.isInvalid ? 'Invalid' : 'Forbidden', messages[0] ?? '', { details, code: 403 });
}
