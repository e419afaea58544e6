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
  } catch (error) {
    admission.undo(asked);
    throw error;
  }
}
