import type { KubeObject } from '../../../api/meta/object.ts';
import type { ApiRequest } from '../../../api/transport.ts';
import type { AdmissionRequest, ObjectReader } from '../../ports.ts';
import { forbiddenBecause } from '../../registry/errors.ts';
import type { Equivalents } from '../matching/equivalents.ts';
import { matchedForms } from '../matching/match.ts';
import type { AskDeps } from './ask.ts';
import { type Configuration, compileHooks, type Hook, type HookContext } from './hook.ts';
import { type Versioned, versioned } from './review.ts';

/** undefined: every condition is met. `false`: one is not. Otherwise why they could not be evaluated. */
export type ConditionsResult = true | false | { readonly error: string };

/** Evaluates a webhook's matchConditions. */
export type EvaluateConditions = (hook: Hook, admission: AdmissionRequest, as: Versioned) => ConditionsResult | Promise<ConditionsResult>;

export interface WebhookDeps extends AskDeps, Pick<HookContext, 'credentialsFor'> {
  readonly objects: ObjectReader;
  readonly equivalents: Equivalents;
  readonly evaluate: EvaluateConditions;
}

/** Configurations of admission itself are nobody's to admit: a webhook could lock out its own repair. */
const EXEMPT_GROUP = 'admissionregistration.k8s.io';

export const isExempt = ({ group }: Pick<ApiRequest, 'group'>): boolean => group === EXEMPT_GROUP;

/** The webhooks of one kind of configuration, compiled when these change. */
export interface Hooks extends Disposable {
  /** Empty when nothing is configured: then no request pays for it. */
  current(): readonly Hook[];
  mayConcern(operation: AdmissionRequest['operation'], request: ApiRequest): boolean;
}

export function openHooks(resource: string, { objects, equivalents, credentialsFor }: HookContext): Hooks {
  let hooks: readonly Hook[] | undefined;
  const watching = objects.onChange(resource, () => {
    hooks = undefined;
  });
  const current = () => {
    hooks ??= compileHooks(objects.list<KubeObject>(resource) as readonly Configuration[], { objects, equivalents, credentialsFor });
    return hooks;
  };
  return {
    current,
    mayConcern: (operation, request) =>
      current().length > 0 && !isExempt(request) && current().some(({ matcher }) => matcher.mayMatch(operation, request)),
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  };
}

/** How the webhook is to see the request; undefined: it is not for it. Throws Forbidden when its conditions cannot be evaluated and it must not be passed over. */
export async function relevance(
  hook: Hook,
  admission: AdmissionRequest,
  { equivalents, evaluate }: WebhookDeps,
): Promise<Versioned | undefined> {
  const forms = matchedForms(hook.matcher, admission, { equivalents });
  if (!forms) return undefined;
  const { group, resource, name } = admission.request;
  const as = await versioned(admission, forms.own, forms.asked, equivalents);
  if (hook.matchConditions.length === 0) return as;
  const result = await evaluate(hook, admission, as);
  if (result === true) return as;
  if (result === false || hook.ignoresFailures) return undefined;
  throw forbiddenBecause({ group, plural: resource }, name ?? admission.object?.metadata?.name ?? '', result.error);
}
