import type { KubeObject } from '../../../api/meta/object.ts';
import { jsonPatch, patchFault } from '../../../api/patch/index.ts';
import { parseExactJson } from '../../../base/exact-json.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';
import { internalError } from '../../registry/errors.ts';
import { replaceObject } from '../replace-object.ts';
import { ask, judged, WebhookFailure } from './ask.ts';
import type { Hook } from './hook.ts';
import { Reinvocation } from './reinvocation.ts';
import { isExempt, openHooks, relevance, type WebhookDeps } from './relevant.ts';
import type { Versioned } from './review.ts';

const MUTATION = 'mutation.webhook.admission.k8s.io/';
const PATCH = 'patch.webhook.admission.k8s.io/';

/** Asks webhooks one after the other; each sees what the ones before made of the object. */
export function mutatingWebhooks(deps: WebhookDeps): AdmissionPlugin {
  const hooks = openHooks('mutatingwebhookconfigurations.admissionregistration.k8s.io', deps);
  const rounds = new WeakMap<AdmissionRequest, Reinvocation>();

  async function mutate(admission: AdmissionRequest, again: boolean): Promise<'changed' | undefined> {
    const reinvocation = rounds.get(admission) ?? new Reinvocation();
    rounds.set(admission, reinvocation);
    if (again) reinvocation.begin(admission.object);
    let changed = false;
    for (const [index, hook] of hooks.current().entries()) {
      if (again && !reinvocation.isDue(hook)) continue;
      const as = await relevance(hook, admission, deps);
      if (!as) continue;
      if (await mutateBy(hook, admission, as, `round_${again ? 1 : 0}_index_${index}`)) {
        changed = true;
        reinvocation.changed();
      }
      reinvocation.asked(hook);
    }
    reinvocation.end(admission.object);
    return changed ? 'changed' : undefined;
  }

  /** True when the webhook changed the object. */
  async function mutateBy(hook: Hook, admission: AdmissionRequest, as: Versioned, place: string): Promise<boolean> {
    const { configuration, name: webhook } = hook;
    const annotate = (prefix: string, value: object) => admission.context.annotate?.(prefix + place, JSON.stringify(value));
    try {
      const { patch } = await ask(deps, hook, admission, as, true);
      const operations = patch === undefined ? [] : decoded(patch, hook);
      const mutated = operations.length > 0 && (await apply(operations, hook, admission, as, deps.equivalents));
      annotate(MUTATION, { configuration, webhook, mutated });
      if (mutated) annotate(PATCH, { configuration, webhook, patch: operations, patchType: 'JSONPatch' });
      return mutated;
    } catch (error) {
      const refused = judged(error, hook, deps.log);
      if (refused) throw refused;
      admission.context.annotate?.(`failed-open.${MUTATION}${place}`, webhook);
      return false;
    }
  }

  return {
    name: 'MutatingAdmissionWebhook',
    callsOut: hooks.mayConcern,
    [Symbol.dispose]: () => hooks[Symbol.dispose](),
    mutate: (admission, again) => (hooks.current().length === 0 || isExempt(admission.request) ? undefined : mutate(admission, again)),
  };
}

function decoded(patch: string, { name }: Hook): readonly unknown[] {
  const failure = (why: string) =>
    new WebhookFailure(`failed calling webhook ${JSON.stringify(name)}: received undecodable patch in webhook response: ${why}`);
  try {
    // Go's encoder writes a list without items as null.
    const value: unknown = parseExactJson(Buffer.from(patch, 'base64').toString('utf8')) ?? [];
    if (!Array.isArray(value)) throw new Error('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
    return value;
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error));
  }
}

/** Changes `admission.object` in place, and says whether it did. */
async function apply(
  operations: readonly unknown[],
  { name }: Hook,
  admission: AdmissionRequest,
  as: Versioned,
  equivalents: WebhookDeps['equivalents'],
): Promise<boolean> {
  if (!admission.object || !as.object) {
    const why = `admission webhook ${JSON.stringify(name)} attempted to modify the object, which is not supported for this operation`;
    throw internalError(why);
  }
  return await replaceObject(admission, as, patched(as.object, operations), { equivalents });
}

function patched(object: KubeObject, operations: readonly unknown[]): KubeObject {
  try {
    return jsonPatch(object, operations) as KubeObject;
  } catch (error) {
    throw internalError(error instanceof Error ? patchFault(error) : String(error));
  }
}
