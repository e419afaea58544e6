import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';
import type { RegistryDeps } from './deps.ts';

/** Admission of what is sent to a subresource and not stored itself: a Binding, an Eviction, a TokenRequest. Plugins may change it in place. */
export async function admitCreation(
  { admission }: Pick<RegistryDeps, 'admission'>,
  request: ApiRequest,
  context: RequestContext,
  object: KubeObject,
): Promise<void> {
  const asked = { operation: 'CREATE', request, object, old: undefined, context } as const;
  try {
    await admission.mutate(asked);
    await admission.validate(asked);
  } finally {
    admission.settled(asked);
  }
}

type Handler<Deps, Result> = (request: ApiRequest, context: RequestContext, deps: Deps) => Promise<Result>;

/** A handler of an action whose body passes admission first; what the plugins made of it is what the handler gets. A body that is no object is its to refuse. */
export const admittedFirst =
  <Deps extends Pick<RegistryDeps, 'admission'>, Result>(
    handler: Handler<Deps, Result>,
    { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  ) =>
  async (request: ApiRequest, context: RequestContext, deps: Deps): Promise<Result> => {
    const { body = {}, name, namespace } = request;
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return handler(request, context, deps);
    const sent = body as KubeObject;
    const object = { ...sent, apiVersion, kind, metadata: { name, namespace, ...sent.metadata } };
    await admitCreation(deps, request, context, object);
    return handler({ ...request, body: object }, context, deps);
  };
