import type { ApiError } from '../../../api/meta/status.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';
import { ask, judged } from './ask.ts';
import type { Hook } from './hook.ts';
import { isExempt, openHooks, relevance, type WebhookDeps } from './relevant.ts';
import type { Versioned } from './review.ts';

const FAILED_OPEN = 'failed-open.validating.webhook.admission.k8s.io/';

/** Asks all webhooks that are for a request at once; the first in order that refuses, refuses it. */
export function validatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  const hooks = openHooks('validatingwebhookconfigurations.admissionregistration.k8s.io', deps);

  async function validate(admission: AdmissionRequest): Promise<void> {
    const relevant: { hook: Hook; as: Versioned }[] = [];
    for (const hook of hooks.current()) {
      const as = await relevance(hook, admission, deps);
      if (as) relevant.push({ hook, as });
    }
    const refusals = await Promise.all(relevant.map(({ hook, as }, index) => refusal(admission, hook, as, index)));
    const [first] = refusals.filter((each) => each !== undefined);
    if (first) throw first;
  }

  async function refusal(admission: AdmissionRequest, hook: Hook, as: Versioned, index: number): Promise<ApiError | undefined> {
    try {
      await ask(deps, hook, admission, as, false);
      return undefined;
    } catch (error) {
      const refused = judged(error, hook, deps.log);
      if (!refused) admission.context.annotate?.(`${FAILED_OPEN}round_0_index_${index}`, hook.name);
      return refused;
    }
  }

  return {
    name: 'ValidatingAdmissionWebhook',
    callsOut: hooks.mayConcern,
    [Symbol.dispose]: () => hooks[Symbol.dispose](),
    validate: (admission) => (hooks.current().length === 0 || isExempt(admission.request) ? undefined : validate(admission)),
  };
}
