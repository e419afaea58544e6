import { type AnswerAuthorization, authorizerValue, resourceCheckValue } from '../../../api/cel/index.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Namespace } from '../../../api/schema/generated/types.ts';
import type { AdmissionRequest, ObjectReader } from '../../ports.ts';
import { reviewedRequest, type Versioned } from '../webhooks/review.ts';

export interface BindingOptions {
  readonly objects: ObjectReader;
  readonly answer: AnswerAuthorization;
}

export type Bindings = Readonly<Record<string, unknown>>;

/** The values of the variables of expression-environment.ts, but for `params` and `variables`. */
export function expressionBindings(admission: AdmissionRequest, as: Versioned, { objects, answer }: BindingOptions): Bindings {
  const { request } = admission;
  const { group, plural } = as.asked;
  const name = request.name || admission.object?.metadata?.name || '';
  const about = { group, resource: plural, subresource: request.subresource ?? '', namespace: request.namespace ?? '', name };
  return {
    object: as.object ?? null,
    oldObject: as.old ?? null,
    request: reviewedRequest(admission, as),
    namespaceObject: namespaceOf(admission, objects),
    authorizer: authorizerValue(answer),
    'authorizer.requestResource': resourceCheckValue(answer, about),
  };
}

/** null for what is in no namespace, and for namespaces. */
function namespaceOf({ request: { group, resource, namespace } }: AdmissionRequest, objects: ObjectReader): KubeObject | null {
  if (!namespace || (group === '' && resource === 'namespaces')) return null;
  return objects.get<Namespace>('namespaces', '', namespace) ?? null;
}
